import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from leads.addresses import masked, normalise, without_addresses

LOCAL = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_", min_size=1, max_size=40)
HOST = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGH", min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Marta@Quillstone.example", "marta@quillstone.example"),
        ("marta.zielik+news@quillstone.example", "marta.zielik+news@quillstone.example"),
        ("hr@BÜRO.example", "hr@xn--bro-hoa.example"),
        ("o'neil@firm.example", "o'neil@firm.example"),
    ],
)
def test_addresses_are_recognised_whatever_their_letters_case(typed, normal):
    assert normalise(typed) == normal


def test_a_domain_in_two_unicode_forms_is_one_address():
    composed = "hr@büro.example"

    assert normalise(unicodedata.normalize("NFD", composed)) == normalise(composed)


@pytest.mark.parametrize(
    "typed",
    ["", "marta", "marta@", "@firm.example", "marta@firm", "marta@@firm.example", "a b@firm.example", "marta@localhost",
     "marta@firm.example\nBcc: x@y.example", "Marta <marta@firm.example>", "ż@firm.example", "marta@-firm.example",
     "marta@[127.0.0.1]", f"{'a' * 65}@firm.example", f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_the_sentence_of_the_form(typed):
    with pytest.raises(ValidationError) as refused:
        normalise(typed)

    assert refused.value.messages == ["Enter an e-mail address like name@company.com"]


def test_an_address_too_long_in_its_ascii_form_is_refused():
    domain = ".".join(["ü" * 30] * 7)

    with pytest.raises(ValidationError):
        normalise(f"a@{domain}.example")


@given(LOCAL, HOST)
def test_normalising_twice_changes_nothing_and_case_never_matters(local, host):
    email = f"{local}@{host}.example"

    normal = normalise(email)

    assert normalise(normal) == normal
    assert normalise(email.upper()) == normal


@given(LOCAL, HOST)
def test_dots_and_tags_keep_people_apart(local, host):
    assert normalise(f"{local}+a@{host}.example") != normalise(f"{local}@{host}.example")
    assert normalise(f"x.{local}@{host}.example") != normalise(f"x{local}@{host}.example")


def test_a_masked_address_shows_its_owner_enough():
    assert masked("marta@quillstone.com") == "m…@q….com"


def test_texts_for_logs_lose_their_addresses():
    """SEC-22"""
    said = "550 5.1.1 <marta@quillstone.example>: unknown, copied to 'hr@x.example', o'brien/hr@x.example"

    assert without_addresses(said) == "550 5.1.1 <…@…>: unknown, copied to '…@…', …@…"

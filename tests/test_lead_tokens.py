import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads import confirmation, downloads, tokens
from leads.models import Edition, Lead, Submission
from tests.lead_factories import make_edition, make_lead, make_report, make_submission, requested, states

EMAIL = "marta@quillstone.example"


def all_tokens() -> dict[str, str]:
    submission = requested(make_submission(email=EMAIL))
    return {
        "confirm": tokens.confirm_token(submission),
        "withdraw": tokens.withdraw_token(submission.lead, "report"),
        "download": tokens.download_token(make_edition(make_report())),
    }


def test_a_confirm_token_has_256_bits_and_is_kept_as_a_hash_only(db):
    """EML-7"""
    submission = requested(make_submission())

    token = tokens.confirm_token(submission)

    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert token not in {str(value) for value in Submission.objects.values_list()[0]}
    assert confirmation.find(token) == submission


def test_no_token_contains_an_address(db):
    """EML-8"""
    for token in all_tokens().values():
        readable = token + "".join(_decoded(part) for part in token.replace(".", ":").split(":"))

        assert "marta" not in readable
        assert "quillstone" not in readable


def _decoded(part: str) -> str:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode(errors="replace")


def test_one_kind_of_token_never_works_as_another(db):
    """EML-7: one token type must not work for another action"""
    made = all_tokens()

    for kind, token in made.items():
        assert (confirmation.find(token) is not None) == (kind == "confirm")
        assert (tokens.read_withdraw_token(token) is not None) == (kind == "withdraw")
        assert (downloads.find(token) is not None) == (kind == "download")


def test_a_changed_key_ends_every_link(db, settings):
    made = all_tokens()

    settings.LINK_KEY = "another key of more than thirty-two characters"

    assert tokens.read_withdraw_token(made["withdraw"]) is None
    assert tokens.read_download_token(made["download"]) is None
    assert tokens.confirm_token(Submission.objects.get()) != made["confirm"]


def test_links_of_before_a_change_of_key_still_work_and_new_ones_need_the_new_key(db, settings):
    """EML-8, SEC-25"""
    made = all_tokens()
    submission = Submission.objects.get()
    privacy = tokens.privacy_token(submission.lead)

    settings.LINK_KEYS_OLD, settings.LINK_KEY = [settings.LINK_KEY], "another key of more than thirty-two characters"

    assert confirmation.find(made["confirm"]) == submission
    assert tokens.confirm_token(submission) == made["confirm"]  # in a mail that is still owed
    assert tokens.read_withdraw_token(made["withdraw"]) == (submission.lead.public_id, "report")
    assert tokens.read_privacy_token(privacy) == submission.lead.public_id
    assert tokens.read_download_token(made["download"]) == Edition.objects.latest("pk").pk

    fresh = tokens.withdraw_token(submission.lead, "report")
    settings.LINK_KEYS_OLD = []
    assert tokens.read_withdraw_token(fresh) == (submission.lead.public_id, "report")
    assert tokens.read_withdraw_token(made["withdraw"]) is None


def test_who_is_known_under_an_old_key_is_found_with_all_entries(db, settings):
    """SEC-25: entries cannot be written anew, so that their person keeps the hash; others get the new one."""
    submission = requested(make_submission(email=EMAIL), "letter")
    ref = tokens.subject_ref(EMAIL)

    settings.PROOF_KEYS_OLD, settings.PROOF_KEY = [settings.PROOF_KEY], "another key of more than thirty-two characters"
    confirmation.confirm(submission)

    assert states(submission.lead) == [("letter", "requested"), ("letter", "given")]
    fresh = tokens.subject_ref("new@x.example")
    assert tokens.subject_ref(EMAIL) == ref
    settings.PROOF_KEYS_OLD = []
    assert (tokens.subject_ref("new@x.example"), tokens.subject_ref(EMAIL) == ref) == (fresh, False)


def test_a_withdraw_token_names_person_and_purpose_and_never_expires(db, clock):
    """CON-22"""
    lead = make_lead()
    token = tokens.withdraw_token(lead, "letter")

    clock.shift(timedelta(days=3650))

    assert tokens.read_withdraw_token(token) == (lead.public_id, "letter")


def test_a_download_token_lasts_seven_days(db, clock):
    edition = make_edition(make_report())
    token = tokens.download_token(edition)

    clock.shift(timedelta(days=7) - timedelta(seconds=2))
    assert tokens.read_download_token(token) == edition.pk

    clock.shift(timedelta(seconds=4))
    with pytest.raises(tokens.LinkExpiredError) as expired:
        tokens.read_download_token(token)
    assert expired.value.edition == edition.pk


@given(st.text(max_size=120))
def test_anything_else_is_no_token(text):
    assert tokens.read_withdraw_token(text) is None
    assert tokens.read_download_token(text) is None


@given(st.integers(0, 200), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_token_with_one_changed_character_is_no_token(place, character):
    whole = [tokens.withdraw_token(Lead(public_id="a" * 32), "letter"), tokens.download_token(Edition(pk=7))]
    for token in whole:
        at = place % (len(token) - 1)  # the last character of base64 may carry unused bits
        if token[at] == character:
            continue

        changed = token[:at] + character + token[at + 1 :]

        assert tokens.read_withdraw_token(changed) is None
        assert tokens.read_download_token(changed) is None


def test_the_person_in_the_ledger_is_a_keyed_hash(settings):
    ref = tokens.subject_ref(EMAIL)
    settings.PROOF_KEY = "another key of more than thirty-two characters"

    assert len(ref) == 64
    assert tokens.subject_ref(EMAIL) != ref

"""Guessing gets slow, and locks nobody out (SEC-10)."""

import re
from unittest import mock

import pytest
from django.contrib.auth import hashers
from django.core import mail
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from recruitcms import staff_mail
from recruitcms.logs import redacted
from recruitcms.models import StaffMail, StaffSession
from recruitcms.signin import limits
from tests.staff import (
    LOGIN,
    SECOND,
    app_code,
    make_staff,
    new_browser,
    recovery_codes,
    sign_in,
    try_password,
    with_app,
)

pytestmark = pytest.mark.django_db
ATTACKER, HOME = "203.0.113.66", "192.0.2.1"


def guesses(browser, number: int, name: str = "eva") -> list[int]:
    return [try_password(browser, name, f"guess {turn}").status_code for turn in range(number)]


def test_tries_for_a_name_wait_longer_and_longer(clock):
    """SEC-10: whoever made five waits 30 seconds, then 60, 120 … a quarter of an hour, and is told."""
    make_staff()
    browser = new_browser(ATTACKER)

    assert guesses(browser, 5) == [200] * 5
    waits = []
    for _turn in range(7):
        refused = try_password(browser)  # not even the right one is looked at
        assert refused.status_code == 429
        waits.append(int(refused["Retry-After"]))
        clock.shift(waits[-1] + 1)
        assert try_password(browser, password="wrong").status_code == 200

    assert waits == [30, 60, 120, 240, 480, 900, 900]
    page = try_password(browser).content.decode()
    assert "Try again in 15 minutes" in page
    assert "Your account is not locked" in page


def test_the_owner_gets_in_from_a_network_of_their_own_meanwhile():
    """SEC-10: no lock of a name; and an attacker elsewhere is no reason to wait."""
    secret = with_app(make_staff())
    attackers = [new_browser(f"203.0.113.{number}") for number in range(40)]

    for attacker in attackers:
        assert guesses(attacker, 6) == [200] * 5 + [429]

    assert sign_in(new_browser(HOME), secret).get("/admin/").status_code == 200


def test_ipv6_is_counted_by_the_connection():
    """SEC-10, SEC-17: a connection has more addresses than anybody can count."""
    make_staff()
    answers = [try_password(new_browser(f"2001:db8::{number}"), password="x").status_code for number in range(6)]

    assert answers == [200] * 5 + [429]
    assert try_password(new_browser("2001:db8:0:1::1")).status_code == 302


def test_many_names_from_one_network_wait_too():
    """SEC-10: one password for many names; a colleague in another network does not notice."""
    make_staff()
    browser = new_browser(ATTACKER)

    answers = [try_password(browser, f"name{number}", "summer").status_code for number in range(31)]

    assert answers == [200] * 30 + [429]
    assert try_password(new_browser(HOME)).status_code == 302


def test_somebody_who_gets_in_has_no_past_but_cannot_wipe_others(clock):
    """SEC-10: a guesser with an account of his own must not use it to make his tries for another forgotten."""
    make_staff()
    make_staff("mallory")
    browser = new_browser(ATTACKER)

    guesses(browser, 4)
    assert try_password(browser, "mallory").status_code == 302
    browser.post("/admin/logout/")
    assert guesses(browser, 2) == [200, 429]
    clock.shift(31)
    assert try_password(browser).status_code == 302
    browser.post("/admin/logout/")
    assert guesses(browser, 6) == [200] * 5 + [429]


def test_a_pending_sign_in_of_ones_own_is_no_way_to_wipe_tries():
    """SEC-10: that page leads on without looking at the password."""
    make_staff()
    with_app(make_staff("mallory"))
    pending, guesser = new_browser(ATTACKER), new_browser(ATTACKER)
    try_password(pending, "mallory")

    guesses(guesser, 4)
    assert try_password(pending, "eva", "anything").url == SECOND
    assert guesses(guesser, 1) == [429]


def test_codes_are_guessed_no_faster_than_passwords():
    """SEC-10: by somebody who has the password; and that does not lock the owner out either."""
    secret = with_app(make_staff())
    thief = new_browser(ATTACKER)
    try_password(thief)

    answers = [thief.post(SECOND, {"code": f"00000{turn}"}).status_code for turn in range(6)]

    assert answers == [200] * 5 + [429]
    other = new_browser(ATTACKER)
    try_password(other)
    assert other.post(SECOND, {"code": app_code(secret)}).status_code == 429
    assert sign_in(new_browser(HOME), secret).get("/admin/").status_code == 200


def wrong_codes(number: int, code: str = "000000") -> list[int]:
    """Try codes as a thief of the password does: each from a network of its own, with the password again when asked."""
    thief, answers = new_browser("2001:db8:ffff::1"), []
    for turn in range(number):
        if "account_login" not in thief.session:
            try_password(thief)
        answers.append(thief.post(SECOND, {"code": code}, REMOTE_ADDR=f"2001:db8:{turn:x}::1").status_code)
    return answers


def test_a_sign_in_that_waits_for_its_code_ends_after_ten_wrong_ones():
    """SEC-10: from however many networks."""
    with_app(make_staff())
    thief = new_browser(ATTACKER)
    try_password(thief)

    answers = [thief.post(SECOND, {"code": "000000"}, REMOTE_ADDR=f"2001:db8:{turn}::1") for turn in range(10)]

    assert [answer.status_code for answer in answers] == [200] * 9 + [302]
    assert answers[-1].url == LOGIN
    assert "too many wrong codes" in thief.get(LOGIN).content.decode()
    assert thief.get(SECOND).url == LOGIN
    assert try_password(thief).url == SECOND


def test_codes_of_an_account_wait_after_many_wrong_ones_from_everywhere():
    """SEC-10: beginning again with the password does not help, and nobody else waits."""
    with_app(make_staff())
    other = with_app(make_staff("adam"))

    answers = wrong_codes(60)

    assert set(answers[:50]) == {200, 302}
    assert answers[50:] == [429] * 10
    assert sign_in(new_browser(ATTACKER), other, "adam").get("/admin/").status_code == 200


def test_the_owner_is_told_what_goes_on_and_gets_in_by_a_recovery_code():
    """SEC-10: nobody's account is locked, whoever has its password."""
    user = make_staff()
    secret = with_app(user)
    wrong_codes(51)
    owner = new_browser(HOME)
    try_password(owner)

    told = owner.post(SECOND, {"code": app_code(secret)})
    answer = owner.post(SECOND, {"code": recovery_codes(user)[0]})

    assert (told.status_code, 0 < int(told["Retry-After"]) <= 60) == (429, True)
    words = told.content.decode()
    assert "with a passkey or a recovery code you can sign in right now" in words
    assert "somebody knows your password" in words
    assert FORGOTTEN in words
    assert answer.status_code == 302
    assert owner.get("/admin/").status_code == 200


def test_a_passkey_as_second_step_waits_for_no_codes():
    """SEC-10: the page that says to wait promises it."""
    with_app(make_staff())
    wrong_codes(51)
    owner = new_browser(HOME)
    try_password(owner)

    assert owner.post(SECOND, {"credential": "{}"}).status_code == 200  # looked at


def test_a_new_password_lets_the_owners_codes_be_tried_again():
    """SEC-10: whoever tried them has no way in any more."""
    secret = with_app(make_staff())
    wrong_codes(51)
    owner = new_browser(HOME)
    owner.post(FORGOTTEN, {"email": "eva@example.com"})
    staff_mail.send_due()
    fields = {"new_password1": "a new and better one", "new_password2": "a new and better one"}

    owner.post(owner.get(link_in(mail.outbox[0])).url, fields)

    assert try_password(owner, password="a new and better one").url == SECOND
    assert owner.post(SECOND, {"code": app_code(secret)}).status_code == 302
    assert owner.get("/admin/").status_code == 200


def test_recovery_codes_are_not_guessed_without_end_either(monkeypatch):
    """SEC-10: they are longer, and so more of them may be wrong."""
    monkeypatch.setitem(limits.FREE_EVERYWHERE, "recovery", 20)
    with_app(make_staff())

    answers = wrong_codes(25, "00000000")

    assert set(answers[:20]) == {200, 302}
    assert answers[20:] == [429] * 5


def test_codes_in_an_open_session_are_counted_with_the_others():
    """SEC-10: who it is may be asked again there, and a session may be stolen."""
    thief = sign_in(new_browser(ATTACKER), with_app(make_staff()))

    answers = [
        thief.post("/admin/account/again/code/", {"code": "000000"}, REMOTE_ADDR=f"2001:db8:{turn:x}::1").status_code
        for turn in range(52)
    ]

    assert answers == [200] * 50 + [429] * 2


@pytest.mark.parametrize("address", ["/admin/account/again/", "/admin/password_change/"])
def test_a_password_is_not_guessed_in_an_open_session_either(address):
    """SEC-10."""
    make_staff()
    browser = new_browser()
    try_password(browser)

    fields = {"new_password1": "another good one", "new_password2": "another good one"}
    answers = [
        browser.post(address, fields | {"password": "no", "old_password": "no"}).status_code for _turn in range(6)
    ]

    assert answers == [200] * 5 + [429]


@pytest.mark.parametrize("name", ["eva", "eva@example.com", "nobody", "nobody@example.com"])
def test_a_name_that_nobody_has_costs_as_much_as_any_other(name):
    """SEC-10: one hash of a password, and the same words."""
    make_staff()
    with_hash = hashers.get_hasher()

    with mock.patch.object(type(with_hash), "encode", autospec=True, side_effect=type(with_hash).encode) as encode:
        answer = try_password(new_browser(), name, "wrong")

    assert encode.call_count == 1
    assert "Name and password do not belong together" in answer.content.decode()


def test_the_same_is_asked_of_the_database_for_any_name():
    """SEC-10."""
    make_staff()
    asked = []

    for name in ("eva", "nobody"):
        browser = new_browser()
        browser.get(LOGIN)
        with CaptureQueriesContext(connection) as queries:
            try_password(browser, name, "wrong")
        # PostgreSQL's cursors are numbered.
        asked.append([re.sub(rf"{name}|_django_curs_\w+", "…", query["sql"]) for query in queries])

    assert asked[0] == asked[1]


def test_no_name_and_no_address_stands_in_the_cache(monkeypatch):
    """SEC-22."""
    keys = []
    monkeypatch.setattr(limits.cache, "add", lambda key, *rest: keys.append(key) or True)
    monkeypatch.setattr(limits.cache, "incr", lambda key, *rest: 1)
    make_staff()

    try_password(new_browser(ATTACKER), "eva@example.com", "wrong")

    assert keys
    assert not [key for key in keys if "eva" in key or ATTACKER in key]


def test_without_its_cache_nobody_guesses(monkeypatch):
    """SEC-21: it fails closed; sessions that are open stay so."""
    make_staff()
    open_session = new_browser()
    try_password(open_session)

    def away(*args, **kwargs):
        raise ConnectionError("no cache")

    monkeypatch.setattr(limits.cache, "get", away)
    browser = new_browser()
    browser.raise_request_exception = False

    assert try_password(browser).status_code >= 500
    assert "_auth_user_id" not in browser.session
    assert open_session.get("/admin/account/").status_code == 200


def test_asking_for_a_passkeys_question_fills_no_table():
    """SEC-10, SEC-20: each question is a row, whoever asks; another network does not notice."""

    def ask(turn: int, network: str = ATTACKER) -> int:
        browser = new_browser(network)
        method = browser.head if turn % 2 else browser.get
        return method("/admin/login/passkey/", headers={"Accept": "application/json"}).status_code

    answers = [ask(turn) for turn in range(100)]

    assert answers == [200] * 30 + [429] * 70
    assert StaffSession.objects.count() == 30
    assert ask(0, HOME) == 200


# --- a forgotten password ---

FORGOTTEN = "/admin/forgotten/"


def link_in(message) -> str:
    return next(word for word in message.body.split() if "/admin/p/" in word).removeprefix("http://testserver")


def test_a_link_by_mail_leads_to_a_new_password_and_the_second_factor_stays():
    """SEC-9, SEC-11: and every session of the account ends."""
    secret = with_app(make_staff())
    old = sign_in(new_browser("198.51.100.9"), secret)
    browser = new_browser()

    browser.post(FORGOTTEN, {"email": "Eva@example.com"})
    staff_mail.send_due()
    link = link_in(mail.outbox[0])
    form = browser.get(link)
    fields = {"new_password1": "a new and better one", "new_password2": "a new and better one"}
    assert browser.post(form.url, fields).url == "/admin/forgotten/done/"

    assert old.get("/admin/").status_code == 302
    assert not StaffSession.objects.filter(user__isnull=False).exists()
    assert try_password(browser, password="a new and better one").url == SECOND
    assert "too old, or it was used already" in new_browser().get(link).content.decode()
    staff_mail.send_due()
    assert mail.outbox[1].subject == "The password of your account was changed"


def test_the_answer_does_not_tell_who_has_an_account(django_assert_num_queries):
    """SEC-10: nor does its length, the number of statements, or where it leads."""
    make_staff()
    make_staff("gone", is_active=False)
    answers = []

    for address in ("eva@example.com", "nobody@example.com", "gone@example.com"):
        browser = new_browser()
        browser.get(FORGOTTEN)
        with django_assert_num_queries(2):
            answers.append(browser.post(FORGOTTEN, {"email": address}))

    assert {answer.url for answer in answers} == {"/admin/forgotten/sent/"}
    assert [one.to_id is None for one in StaffMail.objects.order_by("pk")] == [False, True, True]
    staff_mail.send_due()
    assert [message.to for message in mail.outbox] == [["eva@example.com"]]


def test_a_mailbox_is_not_filled_from_one_network():
    """SEC-10."""
    make_staff()
    browser = new_browser()

    answers = [browser.post(FORGOTTEN, {"email": "eva@example.com"}).status_code for _turn in range(6)]

    assert answers == [302] * 5 + [429]


def test_the_link_stands_in_no_log_and_no_table(caplog):
    """SEC-22, SEC-23."""
    make_staff()
    browser = new_browser()
    browser.post(FORGOTTEN, {"email": "eva@example.com"})
    staff_mail.send_due()
    link = link_in(mail.outbox[0])

    assert redacted(f'"GET {link} HTTP/1.1"') == '"GET /admin/p/[redacted]/ HTTP/1.1"'
    answer = browser.get(link)
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("private, no-store", "same-origin")
    token = link.split("/")[3]
    kept = StaffMail.objects.values().get()
    assert token not in str(kept)
    assert "eva@" not in caplog.text
    assert token not in caplog.text


def test_counting_is_atomic_enough_for_many_at_once():
    """SEC-10: of many that come together after the free ones, one is looked at."""
    request = RequestFactory().post(LOGIN, REMOTE_ADDR=ATTACKER)

    taken = [limits.Tries(request, "password", "eva").take() for _turn in range(50)]

    assert taken.count(0) == 5
    assert set(taken) == {0, 30}

"""The way to the desk: password, second factor, recovery codes, and nothing before all of it is done (SEC-9)."""

import base64
import json
import re
from contextlib import contextmanager

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as configured
from django.contrib.auth.models import Group, User
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db.models.signals import post_save
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import translation

from recruitcms import checks, staff_mail
from recruitcms.groups import GROUPS
from recruitcms.models import StaffMail, StaffSession
from recruitcms.signin import factor_forms, middleware
from recruitcms.signin.forms import NewPasswordForm
from tests.lead_factories import make_submission
from tests.staff import (
    LOGIN,
    PASSWORD,
    SECOND,
    app_code,
    make_staff,
    new_browser,
    recovery_codes,
    sign_in,
    try_password,
    with_app,
)
from tests.test_settings import start

pytestmark = pytest.mark.django_db
SET_UP, CODES = "/admin/account/set-up/", "/admin/account/recovery-codes/"


@pytest.fixture(autouse=True)
def required(settings):
    settings.SECOND_FACTOR = True


def test_somebody_new_sets_up_an_app_keeps_the_codes_and_reaches_the_desk():
    """SEC-9."""
    make_staff()
    browser = new_browser()

    assert try_password(browser).url == "/admin/"
    assert browser.get("/admin/").url == SET_UP
    page = browser.get("/admin/account/app/")
    assert "<svg" in page.content.decode()
    secret = page.context["secret"]
    assert secret in page.content.decode().replace(" ", "")
    assert browser.post("/admin/account/app/", {"code": app_code(secret)}).url == CODES
    assert browser.get("/admin/").url == CODES
    codes = browser.get(CODES).context["codes"]
    assert len(codes) == 10
    assert set(codes) < set(browser.get(f"{CODES}file/").content.decode().split())
    assert browser.post(CODES).url == "/admin/"
    assert browser.get("/admin/").status_code == 200
    assert browser.get(CODES).context["codes"] == []
    assert browser.get(f"{CODES}file/").status_code == 404


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/admin/auth/user/?q=eva", "/admin/auth/user/?q=eva"),
        ("/admin/", "/admin/"),
        ("https://evil.example/admin/auth/user/", "/admin/"),
        ("//evil.example/admin/auth/user/", "/admin/"),
        (r"/\evil.example/admin/", "/admin/"),
    ],
)
def test_the_page_that_was_asked_for_comes_after_setting_up(asked, led_to):
    """SEC-14: once, whatever is looked at on the way, and on this host alone."""
    make_staff()
    browser = new_browser()
    browser.get(try_password(browser, next=asked).url)
    for on_the_way in ("/admin/", "/admin/account/", SET_UP):
        browser.get(on_the_way)
    browser.post("/admin/auth/group/add/", {"name": "x"})
    secret = browser.get("/admin/account/app/").context["secret"]
    browser.post("/admin/account/app/", {"code": app_code(secret)})

    assert browser.post(CODES).url == led_to
    assert browser.get(led_to).status_code == 200
    assert browser.post(CODES).url == "/admin/"


def admin_addresses() -> list[str]:
    """Return an address for each page of the admin, with 1 in the place of what varies."""
    found = []

    def walk(patterns, prefix: str) -> None:
        for pattern in patterns:
            part = re.sub(r"<[^>]+>|\(\?P?<[^)]*\)|\([^)]*\)", "1", str(pattern.pattern)).strip("^$").replace("\\Z", "")
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, prefix + part)
            else:
                found.append(prefix + part)

    walk(get_resolver().url_patterns, "/")
    return sorted({address for address in found if address.startswith("/admin/") and "1.*" not in address})


def test_before_that_no_page_of_the_desk_opens_and_no_form_is_taken():
    """SEC-9, SEC-21: whatever the address, and with whatever method."""
    make_staff()
    browser = new_browser()
    try_password(browser)
    reached = []

    for address in admin_addresses():
        for method in ("get", "post"):
            answer = getattr(browser, method)(address)
            if (answer.status_code, answer.get("Location")) != (302, SET_UP):
                reached.append(address)
                if not StaffSession.objects.filter(user__isnull=False).exists():
                    try_password(browser)

    assert len(admin_addresses()) > 150
    allowed = {reverse(name) for name in middleware.OPEN["mfa_setup"] | middleware.ALWAYS}
    assert set(reached) - allowed == set()


def test_between_password_and_code_somebody_is_nobody():
    """SEC-9."""
    with_app(make_staff())
    browser = new_browser()

    assert try_password(browser).url == SECOND
    assert browser.get("/admin/").url == f"{LOGIN}?next=/admin/"
    assert browser.get("/admin/account/").status_code == 302
    assert browser.get(SECOND).status_code == 200
    assert browser.post(SECOND, {"code": "123 456"}).status_code == 200
    assert browser.get("/admin/").status_code == 302


def test_a_code_lets_in_once_and_only_the_one_of_now(clock):
    """SEC-9, SEC-10: nor does the code that was used to get in open another browser."""
    secret = with_app(make_staff())
    code = app_code(secret)

    for wrong in (app_code(secret, 4), app_code(secret, -4), "", "12345"):
        browser = new_browser()
        try_password(browser)
        assert browser.post(SECOND, {"code": wrong}).status_code == 200
    assert browser.post(SECOND, {"code": code}).status_code == 302
    other = new_browser()
    try_password(other)
    assert other.post(SECOND, {"code": code}).status_code == 200


def test_a_recovery_code_lets_in_once():
    user = make_staff()
    with_app(user)
    code = recovery_codes(user)[3]

    for works in (True, False):
        browser = new_browser()
        try_password(browser)
        assert (browser.post(SECOND, {"code": code}).status_code == 302) is works
        assert (browser.get("/admin/").status_code == 200) is works
    assert len(recovery_codes(user)) == 9


def test_a_session_from_before_the_factor_was_set_up_is_ended():
    """SEC-9: a password alone must not add a factor beside the owner's."""
    user = make_staff()
    thief = new_browser()
    try_password(thief)
    with_app(user)

    assert thief.get("/admin/account/app/").url.startswith(LOGIN)
    assert "_auth_user_id" not in thief.session


def test_where_it_is_only_offered_a_password_is_enough_until_there_is_a_factor(settings):
    settings.SECOND_FACTOR = False
    user = make_staff()
    browser = new_browser()

    try_password(browser)
    assert browser.get("/admin/").status_code == 200
    with_app(user)
    assert try_password(new_browser()).url == SECOND


@pytest.mark.parametrize(
    ("variables", "is_required"),
    [
        ({}, "False"),
        ({"SITE_URL": "http://localhost:8000"}, "False"),
        ({"SITE_URL": "https://www.example.com"}, "True"),
        ({"SITE_URL": "http://192.168.0.7:8000"}, "True"),
        ({"HOST": "0.0.0.0"}, "True"),  # noqa: S104  (others reach it, and may call it 127.0.0.1)
        ({"SECOND_FACTOR": "1"}, "True"),
        ({"SITE_URL": "https://www.example.com", "SECOND_FACTOR": "0"}, "False"),
    ],
)
def test_it_is_required_everywhere_but_on_ones_own_machine(tmp_path, variables, is_required):
    """SEC-9."""
    assert start(tmp_path, "s.SECOND_FACTOR", **variables).stdout.strip() == is_required


@pytest.mark.parametrize(("required", "warned"), [(True, 0), (False, 1)])
def test_a_site_without_is_warned_of(settings, required, warned):
    settings.SECOND_FACTOR = required

    assert [found.id for found in checks.staff_need_a_second_factor(None)] == ["recruitcms.W010"] * warned


# --- who may ---


@pytest.mark.parametrize("closed", [{"is_active": False}, {"is_staff": False}])
def test_a_closed_account_is_answered_like_a_wrong_password(closed):
    """SEC-10, SEC-21."""
    make_staff(**closed)
    browser = new_browser()

    right, wrong = try_password(browser), try_password(browser, password="wrong")
    nobody = try_password(browser, name="nobody")

    assert [answer.status_code for answer in (right, wrong, nobody)] == [200] * 3
    said = {str(answer.context["form"].non_field_errors()) for answer in (right, wrong, nobody)}
    assert len(said) == 1
    assert "_auth_user_id" not in browser.session


@pytest.mark.parametrize("name", ["eva", "EVA", "eva@example.com", " Eva@Example.com "])
def test_the_name_or_the_address_will_do(name):
    make_staff()

    assert try_password(new_browser(), name).status_code == 302


def test_nobody_signs_up_and_there_is_no_page_of_an_account_outside_the_desk(client):
    for address in ("/accounts/signup/", "/accounts/login/", "/admin/signup/", "/account/", "/login/", "/signup/"):
        assert client.get(address).status_code in {302, 404}
    assert {name for name in get_resolver().reverse_dict if isinstance(name, str) and "signup" in name} == set()
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        r"/\evil.example",
        "javascript:alert(1)",
        "/admin/%0d%0aLocation:evil\r\nSet-Cookie: a=b",
        "https://testserver.evil.example/",
        "http:///evil.example",
    ],
)
def test_signing_in_leads_to_no_other_host(elsewhere):
    """SEC-14: neither after the password, nor after the second step, nor after asking again."""
    secret = with_app(make_staff())
    browser = new_browser()

    try_password(browser, next=elsewhere)
    second = browser.post(SECOND, {"code": app_code(secret)})
    again = browser.post("/admin/account/again/", {"password": PASSWORD, "next": elsewhere})
    signed_in = browser.get(LOGIN, {"next": elsewhere})

    for answer in (second, again, signed_in):
        assert answer.status_code == 302
        assert "evil" not in answer.url or answer.url.startswith("/admin/")
        assert "Set-Cookie: a" not in str(answer.headers)


def test_signing_in_leads_to_the_page_that_was_asked_for():
    secret = with_app(make_staff())
    browser = new_browser()

    try_password(browser, next="/admin/auth/user/?q=eva")

    assert browser.post(SECOND, {"code": app_code(secret)}).url == "/admin/auth/user/?q=eva"


def test_the_pages_need_no_inline_code_and_are_kept_nowhere():
    """SEC-1, SEC-20."""
    secret = with_app(make_staff())
    browser = new_browser()
    pages = [browser.get(LOGIN), browser.get("/admin/forgotten/")]
    try_password(browser)
    pages.append(browser.get(SECOND))
    browser.post(SECOND, {"code": app_code(secret)})
    pages += [browser.get(f"/admin/account/{part}") for part in ("", "passkeys/add/", "recovery-codes/", "again/")]

    for page in pages:
        assert page.status_code == 200
        assert re.findall(r"<style|style=\"|<script(?![^>]*src=)|\son\w+=\"", page.content.decode()) == []
        assert "no-store" in page["Cache-Control"]


# --- cookies ---


def test_the_cookies_of_the_desk_are_out_of_reach(tmp_path):
    """SEC-4: on a site with https its host's alone, and never a script's."""
    shown = "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE"
    said = start(tmp_path, shown, SITE_URL="https://www.example.com").stdout.strip()
    assert said == "__Host-session __Host-csrf True True"

    browser = new_browser()
    make_staff()
    browser.get(LOGIN)
    try_password(browser)
    for name in (configured.SESSION_COOKIE_NAME, configured.CSRF_COOKIE_NAME):
        cookie = browser.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["domain"], cookie["path"]) == (True, "Lax", "", "/")


def test_public_pages_know_no_session_and_ask_nothing_more(django_assert_num_queries):
    """SEC-4: not even for somebody who is signed in."""
    browser = sign_in(new_browser(), with_app(make_staff()))
    browser.get("/people/")

    with django_assert_num_queries(1) as asked:  # for the content version
        signed_in = browser.get("/people/")
    with django_assert_num_queries(1):
        nobody = Client().get("/people/")

    assert not [query["sql"] for query in asked.captured_queries if "session" in query["sql"] or "mfa" in query["sql"]]
    assert signed_in.content == nobody.content
    for answer in (signed_in, nobody):
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")


# --- passkeys (browser/test_signin.py has real ones) ---

NONSENSE = ["", "1", "[]", "{}", '"x"', "[1]", "{", '{"id": 1}', '{"response": {}}', '{"response": 1}']
NONSENSE += ['{"id": "YQ", "rawId": "YQ", "response": {"clientDataJSON": "e30"}}']


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def client_data(origin: str) -> str:
    return encoded(f'{{"type": "webauthn.get", "challenge": "YQ", "origin": "{origin}"}}'.encode())


# Right in what says where it was made, and broken in all the rest.
OURS = {
    "id": "YQ",
    "rawId": "YQ",
    "type": "public-key",
    "response": {"clientDataJSON": client_data("http://testserver")},
}
HALF = {"authenticatorData": "YQ", "attestationObject": "YQ", "signature": "YQ", "userHandle": "YQ"}
NONSENSE += [json.dumps(OURS), json.dumps(OURS | {"response": OURS["response"] | HALF})]
NONSENSE += [json.dumps(OURS | {"id": 1, "rawId": []})]
NONSENSE += ["[" * 5000, "1" * 5000, json.dumps({"response": {"clientDataJSON": encoded(b"[" * 5000)}})]
# CBOR that is nested too deeply, breaks off, or names a number of no kind.
for tail in (b"\x81" * 3000, b"\xa1", b"\xfa", b"\x1b", b"\xff"):
    broken = encoded(bytes(32) + b"\x80" + bytes(4) + tail)
    parts = {"authenticatorData": broken, "attestationObject": encoded(tail), "signature": "YQ", "userHandle": "MQ"}
    NONSENSE += [json.dumps(OURS | {"response": OURS["response"] | parts})]


@pytest.mark.parametrize("credential", NONSENSE, ids=range(len(NONSENSE)))
def test_what_no_browser_sends_as_a_passkey_is_refused(credential):
    """SEC-9, SEC-21."""
    user = make_staff()
    secret = with_app(user)
    browser = new_browser()
    browser.get("/admin/login/passkey/", headers={"Accept": "application/json"})

    assert browser.post("/admin/login/passkey/", {"credential": credential}).url == LOGIN
    assert "_auth_user_id" not in browser.session
    try_password(browser)
    assert browser.post(SECOND, {"credential": credential}).status_code == 200
    browser.post(SECOND, {"code": app_code(secret)})
    browser.get("/admin/account/passkeys/add/")
    assert browser.post("/admin/account/passkeys/add/", {"credential": credential}).status_code == 200
    assert not Authenticator.objects.filter(type="webauthn").exists()


@pytest.mark.parametrize("origin", ["https://evil.example", "http://sub.testserver", "https://testserver", "null"])
def test_a_passkey_that_was_used_on_another_page_is_refused(origin):
    """SEC-9: the key checks the host, and lets any below it pass."""
    factor_forms.must_be_ours({"response": {"clientDataJSON": client_data("http://testserver")}})

    with pytest.raises(ValidationError, match="another site"):
        factor_forms.must_be_ours({"response": {"clientDataJSON": client_data(origin)}})


def test_a_passkey_works_while_passwords_wait():
    """SEC-10: the page that says to wait promises it."""
    make_staff()
    browser = new_browser()
    for turn in range(31):
        refused = try_password(browser, f"name{turn}", "x")

    assert refused.status_code == 429
    assert browser.post("/admin/login/passkey/", {"credential": "{}"}).status_code == 302


# --- changing factors ---


def test_factors_are_added_renamed_and_removed_by_their_owner():
    """SEC-9: each change is told by mail, and removing the last one leads to setting up again."""
    user = make_staff()
    secret = with_app(user)
    other = sign_in(new_browser("198.51.100.9"), secret)
    browser = sign_in(new_browser(), secret, later=1)

    assert browser.post("/admin/account/recovery-codes/new/").url == CODES
    assert browser.post("/admin/account/app/remove/").status_code == 302

    assert browser.get("/admin/").url == SET_UP
    assert other.get("/admin/").url.startswith(LOGIN)
    assert not Authenticator.objects.exists()
    staff_mail.send_due()
    subjects = ["New recovery codes for your account", "A way to sign in to your account was removed"]
    assert [message.subject for message in mail.outbox] == subjects
    assert mail.outbox[0].to == ["eva@example.com"]


@pytest.mark.parametrize("address", ["app/", "app/remove/", "passkeys/{}/remove/", "recovery-codes/new/"])
def test_no_change_is_there_without_the_mail_that_tells_of_it(address, settings):
    """SEC-9, REL-1: they are one transaction, so that no crash in between hides a stranger's key from the owner."""
    settings.SECOND_FACTOR = False
    user = make_staff()
    browser = new_browser()
    try_password(browser)
    fields = {}
    if address == "app/":
        fields["code"] = app_code(browser.get("/admin/account/app/").context["secret"])
    else:
        with_app(user)
        key = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Phone", "credential": {}})
        address = address.format(key.pk)
    before = list(Authenticator.objects.order_by("pk").values())
    browser.raise_request_exception = False

    with refused_mails():
        failed = browser.post(f"/admin/account/{address}", fields)
    after_failure = list(Authenticator.objects.order_by("pk").values())
    done = browser.post(f"/admin/account/{address}", fields)

    assert (failed.status_code, after_failure) == (500, before)
    assert done.status_code == 302
    assert list(Authenticator.objects.order_by("pk").values()) != before
    assert StaffMail.objects.count() == 1


@contextmanager
def refused_mails():
    """Let no mail to staff be owed."""

    def refuse(**kwargs):
        raise RuntimeError("no mail can be owed")

    post_save.connect(refuse, StaffMail)
    try:
        yield
    finally:
        post_save.disconnect(refuse, StaffMail)


def test_changing_factors_asks_again_who_it_is(clock):
    """SEC-9, 7.5.1: five minutes after signing in."""
    secret = with_app(make_staff())
    browser = sign_in(new_browser(), secret)
    clock.shift(301)

    for address in ("passkeys/add/", "app/remove/", "recovery-codes/", "recovery-codes/new/"):
        asked = browser.get(f"/admin/account/{address}")
        assert asked.url.startswith("/admin/account/again/?next=")
    refused = browser.post("/admin/account/app/remove/")
    assert refused.url.startswith("/admin/account/again/")
    assert Authenticator.objects.filter(type="totp").exists()
    assert browser.post(refused.url, {"password": "wrong"}).status_code == 200

    browser.post(refused.url, {"password": PASSWORD})
    assert not Authenticator.objects.filter(type="totp").exists()


def test_exporting_personal_data_asks_again_who_it_is(clock):
    """SEC-9, 7.5.1: what was chosen is exported afterwards."""
    wanted = {"action": "export_as_csv", "_selected_action": [str(make_submission("consultation").pk)]}
    browser = sign_in(new_browser(), with_app(make_staff()))
    inbox = reverse("admin:leads_submission_changelist")
    clock.shift(301)

    asked = browser.post(inbox, wanted)
    assert asked.url.startswith("/admin/account/again/")
    file = browser.post(asked.url, {"password": PASSWORD})

    assert file["Content-Type"].startswith("text/csv")
    assert browser.post(inbox, wanted)["Content-Type"].startswith("text/csv")


# --- lost phones ---


def test_an_administrator_resets_a_colleague_who_lost_the_phone():
    """SEC-9: it is written down, and the colleague hears of it."""
    chief = sign_in(new_browser(), with_app(make_staff("chief")), "chief")
    eva = make_staff(is_superuser=False)
    hers = sign_in(new_browser("198.51.100.9"), with_app(eva))
    page = f"/admin/auth/user/{eva.pk}/sign-in/"

    assert "Remove all second factors" in chief.get(page).content.decode()
    chief.post(page, {"reset": "1"})

    assert not Authenticator.objects.filter(user=eva).exists()
    assert hers.get("/admin/").status_code == 302
    history = chief.get(f"/admin/auth/user/{eva.pk}/history/").content.decode()
    assert "The second factor of eva is removed" in history
    staff_mail.send_due()
    assert [(one.subject, one.to) for one in mail.outbox] == [("Your second factor was removed", ["eva@example.com"])]
    try_password(hers)
    assert hers.get("/admin/").url == SET_UP


def test_only_administrators_reset_and_not_themselves():
    secret = with_app(make_staff(is_superuser=False))
    chief = make_staff("chief")
    his = with_app(chief)
    browser = sign_in(new_browser(), secret)

    assert browser.post(f"/admin/auth/user/{chief.pk}/sign-in/", {"reset": "1"}).status_code == 403
    own = sign_in(new_browser(), his, "chief")
    own.post(f"/admin/auth/user/{chief.pk}/sign-in/", {"reset": "1"})
    assert Authenticator.objects.filter(user=chief, type="totp").exists()


def test_the_last_administrator_is_helped_by_the_one_who_runs_the_server(capsys):
    user = make_staff()
    with_app(user)

    call_command("reset_factors", "eva")

    assert not Authenticator.objects.exists()
    assert StaffMail.objects.get().kind == StaffMail.Kind.RESET
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_factors", "nobody")


def test_no_page_of_the_desk_shows_the_secrets_of_apps_and_codes():
    """SEC-9: allauth's own pages are not there."""
    browser = sign_in(new_browser(), with_app(make_staff()))

    for app in ("mfa/authenticator", "account/emailaddress"):
        assert browser.get(f"/admin/{app}/").status_code == 404


# --- a new colleague ---


@pytest.mark.parametrize(
    ("language", "hint"),
    [("en", "Type it a second time."), ("pl", "Wpisz je jeszcze raz."), ("de", "Geben Sie es noch einmal ein.")],
)
def test_the_second_field_of_a_new_password_has_a_hint_in_our_words(language, hint):
    """Django's German one is misspelt."""
    with translation.override(language):
        assert str(NewPasswordForm(make_staff()).fields["new_password2"].help_text) == hint


def test_labels_of_signing_in_end_in_no_colon_as_all_others():
    browser = new_browser()
    with_app(make_staff())
    first = browser.get(LOGIN).content.decode()
    try_password(browser)

    labels = re.findall(r"<label[^>]*>([^<]+)</label>", first + browser.get(SECOND).content.decode())

    assert labels == ["Username or e-mail address", "Password", "Code"]


def test_a_new_account_needs_an_address_and_its_owner_asks_for_the_password():
    """SEC-9: mails about the sign-in go there; an account without a password is opened by one."""
    chief = sign_in(new_browser(), with_app(make_staff("chief")), "chief")
    fields = {"username": "ola", "usable_password": "false"}

    refused = chief.post("/admin/auth/user/add/", fields)
    added = chief.post("/admin/auth/user/add/", fields | {"email": "ola@example.com"})
    ola = User.objects.get(username="ola")

    assert list(refused.context["adminform"].form.errors) == ["email"]
    assert "ask for a new password" in refused.content.decode()
    assert added.url == f"/admin/auth/user/{ola.pk}/change/"
    assert (ola.email, ola.has_usable_password(), ola.is_staff) == ("ola@example.com", False, False)
    User.objects.filter(pk=ola.pk).update(is_staff=True)
    new_browser().post("/admin/forgotten/", {"email": "ola@example.com"})
    staff_mail.send_due()
    assert [message.to for message in mail.outbox] == [["ola@example.com"]]


def test_groups_are_ticked_on_the_page_of_an_account():
    """SEC-12."""
    ola = make_staff("ola", is_superuser=False)
    chief = sign_in(new_browser(), with_app(make_staff("chief")), "chief")
    page = f"/admin/auth/user/{ola.pk}/change/"
    form = chief.get(page).context["adminform"].form
    wanted = [str(Group.objects.get(name=name).pk) for name in ("Writers", "Reviewers")]
    fields = {"username": "ola", "email": "ola@example.com", "is_active": "1", "is_staff": "1", "groups": wanted}

    shown = [str(label) for _value, label in form.fields["groups"].choices]
    assert chief.get(page).content.decode().count('role="group" aria-label="Groups"') == 1
    answer = chief.post(page, fields | {"date_joined_0": "2026-11-27", "date_joined_1": "10:00"})

    assert shown == sorted(GROUPS)
    assert answer.status_code == 302
    assert set(ola.groups.values_list("name", flat=True)) == {"Writers", "Reviewers"}

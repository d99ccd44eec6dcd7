"""Secrets of apps and recovery codes are encrypted by a key that is not in the database (SEC-9, SEC-25)."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.utils import timezone

from leads import chores
from recruitcms.signin import kept_secrets
from tests.staff import (
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
ACCOUNT = "/admin/account/"
OTHER = "another key of more than thirty-two letters"


@pytest.fixture(autouse=True)
def required(settings):
    settings.SECOND_FACTOR = True


def kept() -> dict[str, str]:
    """Return what lies in the database, by the kind of factor."""
    rows = Authenticator.objects.exclude(type="webauthn")
    return {row.type: row.data.get("secret") or row.data["seed"] for row in rows}


def lie_open() -> dict[str, str]:
    """Keep the secrets as the release before did."""
    kept_secrets.decrypt_all()
    return kept()


def test_what_is_set_up_on_the_page_lies_encrypted(settings):
    """SEC-9: neither the app's key nor a code can be read from the row."""
    make_staff()
    browser = new_browser()
    try_password(browser)
    secret = browser.get("/admin/account/app/").context["secret"]
    browser.post("/admin/account/app/", {"code": app_code(secret)})

    lies = kept()

    assert sorted(lies) == ["recovery_codes", "totp"]
    assert all(value.startswith(f"{kept_secrets.key_id(settings.FACTOR_KEY)}:gAAAA") for value in lies.values())
    assert secret not in str(lies)
    assert kept_secrets.decrypt(lies["totp"]) == secret


def test_what_an_older_release_kept_works_and_is_encrypted_by_the_worker():
    user = make_staff()
    secret, codes = with_app(user), recovery_codes(user)
    open_before = lie_open()
    assert open_before["totp"] == secret

    sign_in(new_browser(), secret)
    chores.run(timezone.now())

    assert not set(kept().values()) & set(open_before.values())
    sign_in(new_browser(), secret, later=1)
    browser = new_browser()
    try_password(browser)
    assert browser.post(SECOND, {"code": codes[0]}).status_code == 302
    assert recovery_codes(user) == codes[1:]
    assert kept_secrets.renew_all() == 0


def test_going_back_a_release_takes_it_off(capsys):
    user = make_staff()
    secret, codes = with_app(user), recovery_codes(user)

    call_command("factor_secrets", "--decrypt")

    assert "2 secrets are no longer encrypted." in capsys.readouterr().out
    assert kept()["totp"] == secret
    assert ":" not in kept()["recovery_codes"]
    call_command("factor_secrets")
    assert "2 secrets are newly encrypted." in capsys.readouterr().out
    assert recovery_codes(user) == codes


def test_after_a_change_of_the_key_the_old_one_is_not_needed_for_long(settings):
    """SEC-25."""
    secret = with_app(make_staff())
    settings.FACTOR_KEYS_OLD, settings.FACTOR_KEY = [settings.FACTOR_KEY], OTHER
    sign_in(new_browser(), secret)

    assert (kept_secrets.renew_all(), kept_secrets.renew_all()) == (2, 0)

    settings.FACTOR_KEYS_OLD = []
    sign_in(new_browser(), secret, later=1)


def test_a_used_code_stays_used_when_its_seed_is_encrypted_anew(settings):
    user = make_staff()
    with_app(user)
    codes = recovery_codes(user)
    Authenticator.objects.get(user=user, type="recovery_codes").wrap().validate_code(codes[0])
    settings.FACTOR_KEYS_OLD, settings.FACTOR_KEY = [settings.FACTOR_KEY], OTHER

    kept_secrets.renew_all()

    assert recovery_codes(user) == codes[1:]


@pytest.mark.parametrize("broken", ["key", "row"])
def test_where_the_key_is_lost_it_is_said_and_a_colleague_helps(settings, caplog, capsys, broken):
    """SEC-21: no error page, and no way in either."""
    secret = with_app(make_staff())
    if broken == "key":
        settings.FACTOR_KEY = OTHER
    else:
        for row in Authenticator.objects.all():
            row.data = {field: f"{str(value)[:-8]}tampered" for field, value in row.data.items()}
            row.save()
    browser = new_browser()
    try_password(browser)

    answer = browser.post(SECOND, {"code": app_code(secret)})

    assert answer.status_code == 200
    assert "can reset your second factor" in answer.content.decode()
    assert "FACTOR_KEYS_OLD" in caplog.text
    assert secret not in caplog.text
    assert browser.get(ACCOUNT).status_code == 302
    call_command("reset_factors", "eva")
    browser = new_browser()
    try_password(browser)
    assert browser.get(ACCOUNT).url == "/admin/account/set-up/"
    call_command("factor_secrets")
    assert "cannot be read" not in capsys.readouterr().out


def test_the_command_counts_what_cannot_be_read(settings, capsys):
    with_app(make_staff())
    settings.FACTOR_KEY = OTHER

    call_command("factor_secrets")

    said = capsys.readouterr().out
    assert "0 secrets are newly encrypted." in said
    assert "2 cannot be read: put their key into FACTOR_KEYS_OLD" in said


@pytest.mark.parametrize("have_seen_them", [True, False])
def test_somebody_who_is_in_by_a_passkey_makes_new_codes(settings, have_seen_them):
    """The pages about one's own sign-in open without the key, and lead out of it."""
    user = make_staff()
    browser = sign_in(new_browser(), with_app(user))
    codes = Authenticator.objects.get(user=user, type="recovery_codes")
    codes.data["viewed_at"] = codes.data["viewed_at"] if have_seen_them else None
    codes.save()
    settings.FACTOR_KEY = OTHER

    pages = [browser.get(f"/admin/account/{part}") for part in ("recovery-codes/", "recovery-codes/new/")]
    if have_seen_them:
        pages.append(browser.get(ACCOUNT))
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert all("0 codes are left" in page.content.decode() for page in pages[1:])
    browser.post("/admin/account/recovery-codes/new/")

    assert len(recovery_codes(user)) == 10

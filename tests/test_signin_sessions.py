"""Sessions of staff: a new one at sign-in, an end by itself, and an end when told (SEC-11)."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from leads import chores
from recruitcms import review, staff_mail
from recruitcms.models import OpenForm, StaffSession
from recruitcms.signin.sessions import device_of
from tests.factories import make_role
from tests.staff import LOGIN, PASSWORD, SECOND, app_code, make_staff, new_browser, sign_in, try_password, with_app

pytestmark = pytest.mark.django_db
DESK = "/admin/account/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"


@pytest.fixture(autouse=True)
def required(settings):
    settings.SECOND_FACTOR = True


def is_in(browser) -> bool:
    return browser.get(DESK).status_code == 200


def test_signing_in_gives_another_session():
    """SEC-11, 7.2.4: a session that somebody foisted on the browser before is worth nothing afterwards."""
    secret = with_app(make_staff())
    browser, keys = new_browser(), []
    browser.get(LOGIN)
    try_password(browser)
    keys.append(browser.cookies[configured.SESSION_COOKIE_NAME].value)
    browser.post(SECOND, {"code": app_code(secret)})
    keys.append(browser.cookies[configured.SESSION_COOKIE_NAME].value)

    assert keys[0] != keys[1]
    assert not StaffSession.objects.filter(session_key=keys[0]).exists()
    foisted = new_browser()
    foisted.cookies[configured.SESSION_COOKIE_NAME] = keys[0]
    assert not is_in(foisted)


def test_a_session_ends_when_nothing_is_done(clock, settings):
    """SEC-11, 7.3.1."""
    browser = sign_in(new_browser(), with_app(make_staff()))

    for _pause in range(3):
        clock.shift(119 * 60)
        assert is_in(browser)
    clock.shift(121 * 60)
    assert not is_in(browser)


def test_a_session_ends_after_a_working_day_whatever_is_done(clock):
    """SEC-11, 7.3.2."""
    browser = sign_in(new_browser(), with_app(make_staff()))

    for _hour in range(11):
        clock.shift(3600)
        assert is_in(browser)
    clock.shift(3601)
    assert not is_in(browser)


def test_an_open_window_is_no_work_but_typing_is(clock):
    """SEC-11: the editor says every 20 seconds that its window is open; nobody need sit before it."""
    role = make_role()
    browser = sign_in(new_browser(), with_app(make_staff()))
    keep = reverse("admin:roles_role_keep", args=[role.pk])
    form = {"_form": "8f14e45f-ceea-467f-a9e6-3f5d8c1b2a33"}

    clock.shift(70 * 60)
    assert browser.post(keep, form | {"title": "Typed"}).status_code == 200
    clock.shift(70 * 60)
    assert browser.post(keep, form | {"_here": "1"}).status_code == 200
    clock.shift(70 * 60)

    assert browser.post(keep, form | {"_here": "1"}).status_code == 302
    assert "Typed" in OpenForm.objects.get().typed


def test_the_way_to_the_desk_ends_soon(clock):
    """SEC-11: between password and code."""
    secret = with_app(make_staff())
    browser = new_browser()
    try_password(browser)

    clock.shift(16 * 60)

    assert browser.post(SECOND, {"code": app_code(secret)}).url.startswith(LOGIN)
    assert not is_in(browser)


def test_signing_out_ends_the_session_on_the_server():
    """SEC-11, 14.3.1: by a POST alone. Storage and cookies are not the browser's to clear: see Desk.logout."""
    browser = sign_in(new_browser(), with_app(make_staff()))
    key = browser.cookies[configured.SESSION_COOKIE_NAME].value

    assert browser.get("/admin/logout/").status_code == 405
    assert is_in(browser)
    out = browser.post("/admin/logout/")

    assert out["Clear-Site-Data"] == '"cache"'
    stolen = new_browser()
    stolen.cookies[configured.SESSION_COOKIE_NAME] = key
    assert not is_in(stolen)
    assert not StaffSession.objects.filter(session_key=key).exists()


def test_a_new_password_ends_all_other_sessions_and_is_told():
    """SEC-11, 7.4.3."""
    secret = with_app(make_staff())
    here, there = sign_in(new_browser(), secret), sign_in(new_browser(), secret, later=1)
    new = "another good password"

    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/admin/password_change/", fields).status_code == 302

    assert (is_in(here), is_in(there)) == (True, False)
    assert StaffSession.objects.count() == 1
    staff_mail.send_due()
    assert [message.subject for message in mail.outbox] == ["The password of your account was changed"]


@pytest.mark.parametrize("weak", ["short", "password1234", "eva@example.com"])
def test_weak_passwords_are_refused(weak):
    """SEC-9: at least twelve characters, and none that is known or one's own name."""
    browser = sign_in(new_browser(), with_app(make_staff()))

    fields = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}

    assert browser.post("/admin/password_change/", fields).status_code == 200


def close(chief, user):
    form = chief.get(f"/admin/auth/user/{user.pk}/change/").context["adminform"].form
    fields = {name: value for name, value in form.initial.items() if value not in (None, False)}
    fields |= {"is_staff": "on", "last_login_0": "", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    fields = {name: value for name, value in fields.items() if name not in {"is_active", "last_login", "password"}}
    return chief.post(f"/admin/auth/user/{user.pk}/change/", fields)


@pytest.mark.parametrize("act", ["close", "password", "end"])
def test_an_administrator_puts_somebody_out(act):
    """SEC-11, 7.4.1, 7.4.5: by closing the account, by another password, or by ending the sessions."""
    chief = sign_in(new_browser(), with_app(make_staff("chief")), "chief")
    eva = make_staff(is_superuser=False)
    hers = sign_in(new_browser(), with_app(eva))

    if act == "close":
        answer = close(chief, eva)
        assert answer.status_code == 302, answer.context["adminform"].form.errors
    elif act == "password":
        new = {"password1": "given by the chief", "password2": "given by the chief", "usable_password": "true"}
        assert chief.post(f"/admin/auth/user/{eva.pk}/password/", new).status_code == 302
    else:
        page = f"/admin/auth/user/{eva.pk}/sign-in/"
        assert chief.get(page).context["sessions"]
        chief.post(page, {"all": "1"})

    assert not is_in(hers)
    assert is_in(chief)
    assert not StaffSession.objects.filter(user=eva).exists()


@pytest.mark.parametrize("act", ["close", "delete", "delete several"])
def test_the_reviewer_links_of_somebody_put_out_are_revoked(act):
    """SEC-12: whoever left would read drafts by them."""
    chief = sign_in(new_browser(), with_app(make_staff("chief")), "chief")
    eva, role = make_staff(is_superuser=False), make_role(title="Secret draft")
    hers = [review.url_of(review.make_link(role, eva, name)) for name in ("Anna", "Bea")]
    other = review.url_of(review.make_link(role, make_staff("wanda"), "Cem"))
    assert [new_browser().get(url).status_code for url in (*hers, other)] == [200] * 3

    if act == "close":
        answer = close(chief, eva)
    elif act == "delete":
        answer = chief.post(f"/admin/auth/user/{eva.pk}/delete/", {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "_selected_action": eva.pk, "post": "yes"}
        answer = chief.post("/admin/auth/user/", chosen)

    assert "2 reviewer links made by eva are revoked" in chief.get(answer.url).content.decode()
    assert [new_browser().get(url).status_code for url in (*hers, other)] == [404, 404, 200]


def test_a_member_of_staff_who_is_one_no_more_is_out_at_once():
    """SEC-11: however that was written."""
    eva = make_staff()
    browser = sign_in(new_browser(), with_app(eva))

    type(eva).objects.filter(pk=eva.pk).update(is_staff=False)

    assert not is_in(browser)


def test_somebody_sees_where_they_are_signed_in_and_ends_what_they_do_not_know():
    """SEC-11: their own sessions, and nobody else's."""
    secret = with_app(make_staff())
    other = sign_in(new_browser(), with_app(make_staff("otto")), "otto")
    here = sign_in(new_browser(**{"User-Agent": FIREFOX}), secret)
    phone = sign_in(new_browser(**{"User-Agent": IPHONE}), secret, later=1)

    shown = here.get(DESK).context["sessions"]
    assert [(one.device, one.is_this) for one in shown] == [("Firefox, Linux", True), ("Safari, iPhone", False)]
    assert "Safari, iPhone" in here.get(DESK).content.decode()
    theirs = other.get(DESK).context["sessions"][0].mark
    here.post("/admin/account/sessions/end/", {"session": theirs})
    assert is_in(other)
    here.post("/admin/account/sessions/end/", {"session": shown[1].mark})

    assert (is_in(here), is_in(phone)) == (True, False)
    assert here.get("/admin/account/sessions/end/").status_code == 405


def test_no_key_of_a_session_and_no_network_is_shown_or_kept():
    """SEC-22."""
    secret = with_app(make_staff())
    here, there = sign_in(new_browser(), secret), sign_in(new_browser("198.51.100.9"), secret, later=1)
    page = here.get(DESK).content.decode()

    for browser in (here, there):
        assert browser.cookies[configured.SESSION_COOKIE_NAME].value not in page
    assert "198.51.100.9" not in page + str([row.get_decoded() for row in StaffSession.objects.all()])


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox, Linux"),
        (IPHONE, "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_a_browser_is_told_by_what_it_says_of_itself(agent, said):
    assert device_of(agent) == said


def test_what_is_over_is_deleted_by_the_worker(clock):
    sign_in(new_browser(), with_app(make_staff()))
    clock.shift(timedelta(hours=13))

    chores.run(timezone.now())

    assert not StaffSession.objects.exists()


def test_whoever_deletes_their_own_account_is_answered():
    browser = sign_in(new_browser(), with_app(make_staff()))
    make_staff("chief")
    pk = StaffSession.objects.get().user_id

    answer = browser.post(f"/admin/auth/user/{pk}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert not is_in(browser)


def test_djangos_own_table_of_sessions_stays_empty():
    sign_in(new_browser(), with_app(make_staff()))

    assert not Session.objects.exists()
    assert import_module(configured.SESSION_ENGINE).SessionStore.get_model_class() is StaffSession

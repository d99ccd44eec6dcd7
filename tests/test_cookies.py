"""The cookie choice on the server: when it is asked, what is kept, what an answer is worth (COO-1 to COO-12)."""

import json
import re
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from leads import cookies
from leads.models import CookieChoice, CookieWording
from recruitcms.models import SiteSettings
from tests.factories import make_page, make_site, make_user, published_role
from tests.lead_factories import make_submission, make_wording, requested

pytestmark = pytest.mark.django_db
ID = "0123456789abcdef" * 2
META = {"https://connect.facebook.net", "https://www.facebook.com"}


@pytest.fixture
def site():
    """A site with a pixel: there is something to decide."""
    make_site()
    SiteSettings.objects.update(meta_pixel="123456789012345", content_version=7)
    return SiteSettings.get()


def decide(client, site, categories="marketing", choice_id=ID, **headers):
    words = {"id": choice_id, "text": cookies.notice(site).sha256, "categories": categories}
    return client.post("/consent/cookies/", words, headers=headers)


def directives(response):
    """Return the policy as {directive: [source, …]}."""
    parts = [part.split() for part in response["Content-Security-Policy"].split(";") if part.strip()]
    return {name: sources for name, *sources in parts}


# --- when it is asked ---


def test_without_a_vendor_there_is_no_notice_no_script_and_no_foreign_host(client):
    """COO-12"""
    make_site()
    make_page(title="Cookies", footer="policies", purpose="cookies").publish()

    response = client.get("/")

    page = response.content.decode()
    assert "consent.js" not in page
    assert 'id="cookies"' not in page
    assert "Cookie choices" not in page
    assert "facebook" not in response["Content-Security-Policy"]


def test_with_a_pixel_each_page_has_the_hidden_notice_and_the_way_back_to_it(client, site):
    """COO-3, COO-7"""
    role = published_role()

    for address in ("/", "/roles/", role.get_absolute_url(), "/consultation/", "/nothing-here/", "/pl/"):
        page = client.get(address).content.decode()
        assert re.search(r'<section class="cookie noprint" id="cookies"[^>]* hidden ', page)
        assert re.search(r'<li hidden><button class="link" type="button" id="cookies-open">', page)


def test_with_a_pixel_the_policy_names_exactly_its_two_hosts(client, site):
    """COO-12"""
    before = directives(client.get("/admin/login/"))

    found = directives(client.get("/"))

    foreign = {name: [source for source in sources if "facebook" in source] for name, sources in found.items()}
    assert {name: sources for name, sources in foreign.items() if sources} == {
        "script-src": ["https://connect.facebook.net"],
        "img-src": ["https://www.facebook.com"],
        "connect-src": ["https://www.facebook.com"],
    }
    assert "facebook" not in str(before)
    assert found["style-src"] == before["style-src"]


def test_the_pixel_is_in_no_page_as_code(client, site):
    """COO-11: not even as a noscript picture"""
    page = client.get("/").content.decode()

    assert "facebook.net" not in page
    assert "<noscript" not in page
    assert 'data-pixel="123456789012345"' in page


def test_pages_behind_a_mails_link_never_have_the_notice(client, site):
    """COO-11: a pixel would tell its maker the address, and with it the token"""
    from leads import tokens

    make_wording("report")
    submission = requested(make_submission(), "report")

    for address in (f"/c/{tokens.confirm_token(submission)}/", "/c/none/", "/d/none/", "/u/none/"):
        response = client.get(address)
        assert "consent.js" not in response.content.decode()
        assert "facebook" not in response["Content-Security-Policy"]


def test_the_editors_preview_never_has_the_notice(client, site):
    """COO-13: no events from the admin"""
    client.force_login(make_user(is_superuser=True))
    page = make_page()

    response = client.get(f"/admin/recruitcms/page/{page.pk}/preview/")

    assert response.status_code == 200
    assert "consent.js" not in response.content.decode()


def test_the_notice_is_the_same_bytes_for_every_visitor(client, site):
    """COO-7: whatever a visitor chose, and whatever the browser says"""
    client.cookies["cc"] = f"{cookies.version(site)}.marketing.{int(timezone.now().timestamp())}.{ID}"
    chosen = client.get("/", headers={"Sec-GPC": "1"})
    client.cookies.clear()

    fresh = client.get("/")

    assert chosen.content == fresh.content
    assert not chosen.cookies
    assert "Cookie" not in fresh.get("Vary", "")


def test_the_buttons_are_equal_and_nothing_is_ticked_but_the_necessary(client, site):
    """COO-2, COO-3"""
    notice = re.search(r'<section class="cookie.*?</section>', client.get("/").content.decode(), re.DOTALL)[0]

    buttons = re.findall(r'<button class="btn" type="button" value="(\w+)"[^>]*>([^<]+)<', notice)
    assert buttons == [("reject", "Reject all"), ("accept", "Accept all"), ("choose", "Choose")]
    boxes = re.findall(r'<input type="checkbox" value="(\w+)"([^>]*)>', notice)
    assert [(name, "checked" in rest) for name, rest in boxes] == [("necessary", True), ("marketing", False)]
    assert "legitimate" not in notice.lower()


def test_global_privacy_control_is_declared(client):
    """COO-5"""
    response = client.get("/.well-known/gpc.json")

    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == {"gpc": True, "lastUpdate": "2026-11-23"}


@pytest.mark.parametrize("wrong", ["12", "12345a6", "<script>", "123456\n", "1" * 21])
def test_a_pixel_is_a_number(site, wrong):
    from django.core.exceptions import ValidationError

    site.meta_pixel = wrong

    with pytest.raises(ValidationError):
        site.full_clean()


# --- the proof ---


def test_a_choice_is_kept_with_the_words_that_were_shown_and_nothing_of_the_person(client, site):
    """COO-6"""
    response = decide(client, site, **{"User-Agent": "Mozilla/5.0 Secret", "X-Forwarded-For": "203.0.113.9"})

    choice = CookieChoice.objects.get()
    assert json.loads(response.content) == {"categories": ["marketing"]}
    assert (choice.choice_id, choice.categories, choice.gpc) == (ID, "marketing", False)
    assert choice.version == cookies.version(site)
    assert "Meta (Facebook, Instagram)" in json.loads(choice.wording.words)["text"]
    kept = {field.name for field in CookieChoice._meta.fields}
    assert kept == {"id", "choice_id", "categories", "version", "wording", "gpc", "decided_at"}
    assert not response.cookies


def test_a_refusal_and_a_change_of_mind_are_kept_one_after_another(client, site):
    """COO-6"""
    for categories in ("", "marketing", ""):
        decide(client, site, categories)

    kept = CookieChoice.objects.order_by("pk").values_list("choice_id", "categories")
    assert list(kept) == [(ID, ""), (ID, "marketing"), (ID, "")]
    assert CookieWording.objects.count() == 1


def test_a_choice_on_a_polish_page_is_kept_with_the_polish_words(client, site):
    page = client.get("/pl/").content.decode()
    text, url = re.search(r'data-text="(\w+)" data-url="([^"]+)"', page).groups()

    response = client.post(url, {"id": ID, "text": text, "categories": ""})

    assert (url, response.status_code) == ("/pl/consent/cookies/", 200)
    assert CookieWording.objects.get().language == "pl"


def test_the_words_of_an_old_notice_are_no_proof(client, site):
    """COO-6: the page is older than the question"""
    response = client.post("/consent/cookies/", {"id": ID, "text": "0" * 64, "categories": "marketing"})

    assert (response.status_code, CookieChoice.objects.count()) == (409, 0)


@pytest.mark.parametrize(
    ("choice_id", "categories"),
    [("", ""), ("x" * 32, ""), (ID.upper(), ""), (ID + "0", ""), (ID, "statistics"), (ID, "necessary")],
)
def test_what_the_notice_cannot_have_sent_is_refused(client, site, choice_id, categories):
    response = decide(client, site, categories, choice_id)

    assert (response.status_code, CookieChoice.objects.count()) == (400, 0)


def test_a_choice_from_another_site_is_refused(client, site):
    """§4.1"""
    response = decide(client, site, **{"Sec-Fetch-Site": "cross-site"})

    assert (response.status_code, CookieChoice.objects.count()) == (403, 0)


def test_without_a_vendor_no_choice_is_kept(client, site):
    SiteSettings.objects.update(meta_pixel="")

    assert (decide(client, site).status_code, CookieChoice.objects.count()) == (409, 0)


def test_a_flood_of_choices_does_not_fill_the_disk(client, site, monkeypatch):
    monkeypatch.setattr("leads.beacons.CHOICES_A_MINUTE", 3)

    answers = [decide(client, site).status_code for _time in range(5)]

    assert (answers, CookieChoice.objects.count()) == ([200, 200, 200, 503, 503], 3)


def test_global_privacy_control_turns_a_yes_into_a_no(client, site):
    """COO-5"""
    response = decide(client, site, **{"Sec-GPC": "1"})

    choice = CookieChoice.objects.get()
    assert json.loads(response.content) == {"categories": []}
    assert (choice.categories, choice.gpc) == ("", True)


def test_proofs_are_deleted_once_nobody_can_ask_about_them(client, site, clock):
    """CON-16, CON-17"""
    decide(client, site)
    clock.shift(timedelta(days=3 * 366 - 1))
    assert cookies.forget_old(timezone.now()) == 0
    clock.shift(timedelta(days=2))

    assert cookies.forget_old(timezone.now()) == 1


def test_staff_find_a_proof_by_its_id_and_cannot_change_it(client, site):
    decide(client, site)
    client.force_login(make_user(group="Privacy officers"))

    page = client.get(f"/admin/leads/cookiechoice/?q={ID}").content.decode()
    opened = client.get(f"/admin/leads/cookiechoice/{CookieChoice.objects.get().pk}/change/").content.decode()

    assert ID in page
    assert "Meta (Facebook, Instagram)" in opened
    assert client.get("/admin/leads/cookiechoice/add/").status_code == 403


# --- what an answer is worth ---


def cookie_of(site, **parts):
    """Return a request that carries a cookie of these parts."""
    said = {"version": cookies.version(site), "categories": "marketing", "time": int(timezone.now().timestamp())}
    said |= {"id": ID} | parts
    request = RequestFactory().post("/consultation/")
    request.COOKIES["cc"] = f"{said['version']}.{said['categories']}.{said['time']}.{said['id']}"
    return request


def test_a_recorded_yes_holds(client, site):
    decide(client, site)

    assert cookies.agreed_id(cookie_of(site), "marketing") == ID


def test_a_cookie_without_a_record_is_worth_nothing(site):
    """COO-13: forged"""
    assert cookies.agreed_id(cookie_of(site), "marketing") == ""


def test_a_yes_after_which_came_a_no_is_worth_nothing(client, site):
    decide(client, site)
    decide(client, site, "")

    assert cookies.agreed_id(cookie_of(site), "marketing") == ""


def test_a_yes_from_a_browser_with_global_privacy_control_is_worth_nothing(client, site):
    """COO-5: even an old one"""
    decide(client, site)
    request = cookie_of(site)
    request.META["HTTP_SEC_GPC"] = "1"

    assert cookies.agreed_id(request, "marketing") == ""


@pytest.mark.parametrize(
    "parts",
    [
        {"version": "00000000"},
        {"time": "1000000000"},
        {"time": "9999999999"},
        {"time": "12345678901"},
        {"id": "short"},
        {"id": ID + "' OR 1=1"},
        {"categories": "marketing+" * 400},
        {"categories": "<script>"},
        {"categories": "statistics"},
    ],
)
def test_forged_and_oversized_cookies_are_ignored(client, site, parts):
    decide(client, site)

    assert cookies.agreed_id(cookie_of(site, **parts), "marketing") == ""


def test_after_half_a_year_we_ask_again(client, site, clock):
    """COO-4"""
    decide(client, site)
    request = cookie_of(site)
    clock.shift(timedelta(days=181))
    assert cookies.agreed_id(request, "marketing") == ID

    clock.shift(timedelta(days=2))

    assert cookies.agreed_id(request, "marketing") == ""


def test_another_vendor_or_purpose_asks_again_and_another_wording_does_not(site, settings):
    """COO-4"""
    before = cookies.version(site), cookies.notice(site)
    site.name = "Southbeam"
    assert cookies.version(site) == before[0]
    assert cookies.notice(site).sha256 != before[1].sha256

    settings.META_CAPI_TOKEN = "secret"

    assert cookies.version(site) != before[0]
    assert "hash" in cookies.notice(site).text
    assert "hash" not in before[1].text


def test_the_cookie_stays_small(site):
    assert len(cookie_of(site).COOKIES["cc"]) + len("__Host-cc") <= 200

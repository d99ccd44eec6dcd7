"""The cookie choice in a real browser: nothing before a press, two equal answers, and no way around a no."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import ROOT, Site, all_told, weigh
from tests.browser.test_accessibility import RULES

ROLE = "/roles/lead-data-engineer/"
PIXEL = "123456789012345"
# What the stub of Meta's script does is what the real one does: its cookie, and a picture for each event.
SCRIPT = """
document.cookie = '_fbp=fb.1.1.1; Path=/'; document.cookie = '_fbc=fb.1.1.2; Path=/; Domain=' + location.hostname;
const tell = (...call) => {
  (window.told ??= []).push(call);
  if (call[0] === 'track') new Image().src = 'https://www.facebook.com/tr/?ev=' + call[1];
};
fbq.callMethod = tell; fbq.queue.splice(0).forEach((call) => tell(...call));
"""
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"


def set_pixel(site: Site, pixel: str) -> None:
    code = (
        "from recruitcms.models import SiteSettings; from recruitcms.publishing import touch_content;"
        f"SiteSettings.objects.update(meta_pixel='{pixel}'); touch_content()"
    )
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    subprocess.run(command, cwd=ROOT, env=site.environment, check=True, capture_output=True)


def ask(site: Site, code: str) -> str:
    """Return what a line of Python prints inside the site."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    run = subprocess.run(command, cwd=ROOT, env=site.environment, check=True, capture_output=True, text=True)
    return run.stdout.strip()


def recorded(site: Site, choice_id: str) -> str:
    """Return what the server keeps under an id, oldest first: "[(categories, gpc), …]"."""
    return ask(
        site,
        "from leads.models import CookieChoice as C;"
        f"print(list(C.objects.filter(choice_id='{choice_id}').order_by('pk').values_list('categories', 'gpc')))",
    )


@pytest.fixture(scope="module")
def pixel(site: Site) -> Iterator[Site]:
    """The site with a pixel, taken out again for the other tests."""
    set_pixel(site, PIXEL)
    yield site
    set_pixel(site, "")


@dataclass
class Visit:
    """A visitor's browser: what it asked of other hosts, and what it complained of."""

    site: Site
    context: BrowserContext
    page: Page
    foreign: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def notice(self):
        return self.page.locator("#cookies")

    def cookies(self) -> dict[str, str]:
        return {cookie["name"]: cookie["value"] for cookie in self.context.cookies()}

    def hosts(self) -> set[str]:
        return {re.match(r"https?://[^/]+", url).group(0) for url in self.foreign}

    def open(self, address: str = ROLE) -> None:
        self.page.goto(address, wait_until="networkidle")

    def press(self, name: str) -> None:
        self.notice.get_by_role("button", name=name).click()


def visit_with(browser: Browser, site: Site, **options) -> Visit:
    context = browser.new_context(base_url=site.url, **options)
    visit = Visit(site, context, context.new_page())

    def stub(route: Route) -> None:
        visit.foreign.append(route.request.url)
        if route.request.resource_type == "script":
            route.fulfill(content_type="text/javascript", body=SCRIPT)
        else:
            route.fulfill(content_type="image/gif", body=b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")

    context.route(lambda url: not url.startswith(site.url), stub)
    visit.page.on("console", lambda message: visit.said.append(message.text))
    visit.page.on("pageerror", lambda error: visit.said.append(str(error)))
    return visit


@pytest.fixture
def visit(browser: Browser, pixel: Site) -> Iterator[Visit]:
    found = visit_with(browser, pixel)
    yield found
    found.context.close()


@pytest.fixture
def visit_with_gpc(browser: Browser, pixel: Site) -> Iterator[Visit]:
    found = visit_with(browser, pixel, extra_http_headers={"Sec-GPC": "1"})
    found.context.add_init_script(GPC)
    yield found
    found.context.close()


def storage(page: Page) -> int:
    return page.evaluate("localStorage.length + sessionStorage.length")


# --- before a choice ---


@pytest.mark.parametrize("address", ["/", "/pl/", ROLE, "/consultation/", "/reports/salary-report-2026/"])
def test_before_a_choice_nothing_is_stored_and_nothing_is_foreign(visit: Visit, address: str):
    """COO-1"""
    visit.open(address)

    expect(visit.notice).to_be_visible()
    assert (visit.foreign, visit.cookies(), storage(visit.page), visit.said) == ([], {}, 0, [])


def test_without_a_vendor_there_is_no_notice(visit: Visit, pixel: Site):
    set_pixel(pixel, "")
    try:
        visit.open()
    finally:
        set_pixel(pixel, PIXEL)

    assert visit.notice.count() == 0
    assert visit.page.locator("#cookies-open").count() == 0
    assert visit.foreign == []


def test_without_scripting_there_is_no_notice_and_no_dead_button(browser: Browser, pixel: Site):
    """COO-7"""
    visit = visit_with(browser, pixel, java_script_enabled=False)

    visit.open()

    expect(visit.notice).to_be_hidden()
    expect(visit.page.locator("#cookies-open")).to_be_hidden()
    assert (visit.foreign, visit.cookies()) == ([], {})
    visit.context.close()


# --- two equal answers ---


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["", "/pl"])
def test_accept_and_refuse_are_equal(browser: Browser, pixel: Site, width: int, scheme: str, language: str):
    """COO-2: tag, class, size, colours, and both on the first layer"""
    visit = visit_with(browser, pixel, viewport={"width": width, "height": 800}, color_scheme=scheme)
    visit.open(f"{language}/")
    expect(visit.notice).to_be_visible()

    looks = visit.notice.locator("button").evaluate_all("""all => all.map(button => {
        const {width, height, top} = button.getBoundingClientRect();
        const {color, backgroundColor, borderColor, fontSize, fontWeight, opacity} = getComputedStyle(button);
        return JSON.stringify([button.tagName, button.className, button.type, Math.round(width), Math.round(height),
            Math.round(top), color, backgroundColor, borderColor, fontSize, fontWeight, opacity]);
    })""")

    assert len(looks) == 3
    assert len(set(looks)) == 1
    box = visit.notice.bounding_box()
    assert box["width"] <= width
    assert box["height"] <= 400
    visit.context.close()


def test_one_press_refuses_and_no_page_asks_again(visit: Visit, pixel: Site):
    """COO-2, COO-4, COO-6"""
    visit.open()
    visit.press("Reject all")
    expect(visit.notice).to_be_hidden()

    for address in (ROLE, "/", "/pl/"):
        visit.open(address)
        expect(visit.notice).to_be_hidden()

    assert list(visit.cookies()) == ["cc"]
    _version, categories, _time, choice_id = visit.cookies()["cc"].split(".")
    assert (categories, visit.foreign, visit.said) == ("", [], [])
    assert recorded(pixel, choice_id) == "[('', False)]"


def test_one_press_accepts_and_exactly_the_pixels_hosts_are_asked(visit: Visit, pixel: Site):
    """COO-11, COO-12, COO-6"""
    visit.open()
    with visit.page.expect_response(re.compile("facebook.com/tr/")):
        visit.press("Accept all")

    assert visit.hosts() == {"https://connect.facebook.net", "https://www.facebook.com"}
    assert visit.foreign[0] == "https://connect.facebook.net/en_US/fbevents.js"
    told = visit.page.evaluate("window.told")
    assert told == [["set", "autoConfig", False, PIXEL], ["init", PIXEL], ["track", "PageView"]]
    assert visit.said == []
    _version, categories, _time, choice_id = visit.cookies()["cc"].split(".")
    assert (categories, len(visit.cookies()["cc"]) + 2 <= 200) == ("marketing", True)
    assert recorded(pixel, choice_id) == "[('marketing', False)]"

    visit.foreign.clear()
    with visit.page.expect_response(re.compile("facebook.com/tr/")):
        visit.open("/roles/")
    expect(visit.notice).to_be_hidden()
    assert visit.hosts() == {"https://connect.facebook.net", "https://www.facebook.com"}


def test_the_second_layer_has_marketing_off_until_it_is_ticked(visit: Visit):
    """COO-3"""
    visit.open()
    visit.press("Choose")
    box = visit.notice.get_by_label("Marketing")
    expect(box).to_be_focused()
    expect(box).not_to_be_checked()
    expect(visit.notice.get_by_label("Necessary")).to_be_disabled()

    visit.press("Save choices")

    expect(visit.notice).to_be_hidden()
    all_told(visit.page)
    assert visit.cookies()["cc"].split(".")[1] == ""
    assert visit.foreign == []


def test_escape_is_no_answer(visit: Visit):
    """COO-2: the next page asks again"""
    visit.open()
    visit.notice.get_by_role("button", name="Accept all").focus()

    visit.page.keyboard.press("Escape")

    expect(visit.notice).to_be_hidden()
    all_told(visit.page)
    assert (visit.cookies(), visit.foreign) == ({}, [])
    visit.open("/")
    expect(visit.notice).to_be_visible()


def test_a_yes_that_cannot_be_proved_loads_nothing_and_says_so(visit: Visit):
    """COO-6: no proof, no pixel"""
    visit.open()
    visit.context.route("**/consent/cookies/", lambda route: route.fulfill(status=503))

    visit.press("Accept all")

    expect(visit.notice.get_by_role("alert")).to_contain_text("could not be saved")
    all_told(visit.page)
    assert (visit.cookies(), visit.foreign) == ({}, [])
    visit.press("Reject all")
    expect(visit.notice).to_be_hidden()
    assert visit.cookies()["cc"].split(".")[1] == ""


# --- a change of mind ---


def test_a_no_after_a_yes_deletes_the_pixels_cookies_and_reloads(visit: Visit, pixel: Site):
    """COO-3, COO-10"""
    visit.open()
    # The page was idle before the press, so only the picture itself tells that the yes has gone all its way.
    with visit.page.expect_response(re.compile("facebook.com/tr/")):
        visit.press("Accept all")
    assert set(visit.cookies()) == {"cc", "_fbp", "_fbc"}
    choice_id = visit.cookies()["cc"].split(".")[3]
    visit.foreign.clear()

    visit.page.get_by_role("button", name="Cookie choices").click()
    expect(visit.notice.get_by_label("Marketing")).to_be_checked()
    with visit.page.expect_navigation():
        visit.press("Reject all")
    visit.page.wait_for_load_state("networkidle")

    assert visit.foreign == []
    assert set(visit.cookies()) == {"cc"}
    assert visit.page.evaluate("'fbq' in window") is False
    assert recorded(pixel, choice_id) == "[('marketing', False), ('', False)]"


def test_the_foot_of_each_page_opens_the_notice_with_the_focus_in_it_and_gives_it_back(visit: Visit):
    """COO-3, COO-8"""
    visit.open()
    visit.press("Reject all")
    visit.open("/consultation/")
    opener = visit.page.get_by_role("button", name="Cookie choices")

    opener.focus()
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#cookies-title")).to_be_focused()
    expect(visit.notice.get_by_label("Marketing")).not_to_be_checked()
    visit.page.keyboard.press("Escape")

    expect(opener).to_be_focused()
    all_told(visit.page)
    assert visit.foreign == []


def test_who_answers_by_the_keyboard_goes_on_at_the_top_of_the_page(visit: Visit):
    """COO-8: not at its foot, where the notice can be opened again"""
    visit.page.set_viewport_size({"width": 1440, "height": 900})
    visit.open()
    visit.notice.get_by_role("button", name="Reject all").focus()

    visit.page.keyboard.press("Enter")
    expect(visit.notice).to_be_hidden()
    visit.page.keyboard.press("Tab")

    expect(visit.page.locator(".top .logo")).to_be_focused()


# --- what is stronger than a cookie ---


def cookie_for(visit: Visit, value: str) -> None:
    visit.context.add_cookies([{"name": "cc", "value": value, "url": visit.site.url}])


@pytest.mark.parametrize(
    "value",
    [
        "{version}.marketing.{later}.{id}",
        "{version}.marketing.1000000000.{id}",
        "00000000.marketing.{now}.{id}",
        "{version}.marketing.{now}.short",
        "{version}.marketing.{now}.{id}x",
        "{version}.MARKETING.{now}.{id}",
        "marketing",
        "%7B%22marketing%22%3Atrue%7D",
        "{version}.marketing.{now}.{id}" + "a" * 3000,
        "{version}." + "marketing+" * 60 + "marketing.{now}.{id}",
    ],
)
def test_a_forged_or_oversized_cookie_is_ignored(visit: Visit, value: str):
    visit.open()
    now = visit.page.evaluate("Math.floor(Date.now() / 1000)")
    parts = {"now": now, "later": now + 86400, "id": "0123456789abcdef" * 2}
    parts["version"] = visit.notice.get_attribute("data-version")
    cookie_for(visit, value.format(**parts))

    visit.open()

    expect(visit.notice).to_be_visible()
    assert (visit.foreign, visit.said) == ([], [])


@pytest.mark.parametrize(("days", "asks"), [(181, False), (183, True)])
def test_after_half_a_year_the_question_comes_again(visit: Visit, days: int, asks: bool):
    """COO-4"""
    visit.open()
    version = visit.notice.get_attribute("data-version")
    then = visit.page.evaluate("Math.floor(Date.now() / 1000)") - days * 86400
    cookie_for(visit, f"{version}..{then}.{'ab' * 16}")

    visit.open()

    assert visit.notice.is_visible() is asks


def test_global_privacy_control_is_a_no_without_a_question(visit_with_gpc: Visit):
    """COO-5"""
    visit = visit_with_gpc

    visit.open()

    expect(visit.notice).to_be_hidden()
    assert (visit.foreign, visit.cookies()) == ([], {})
    visit.page.get_by_role("button", name="Cookie choices").click()
    expect(visit.notice).to_contain_text("Global Privacy Control")
    expect(visit.notice.get_by_label("Marketing")).to_be_disabled()
    visit.press("Accept all")
    expect(visit.notice).to_be_hidden()
    visit.open("/")
    assert (visit.foreign, visit.cookies()["cc"].split(".")[1]) == ([], "")


def test_global_privacy_control_wins_over_an_old_yes(visit_with_gpc: Visit, pixel: Site):
    """COO-5: the yes is taken back on the server too, and the pixel's cookies go"""
    visit = visit_with_gpc
    visit.open()
    version = visit.notice.get_attribute("data-version")
    now = visit.page.evaluate("Math.floor(Date.now() / 1000)")
    cookie_for(visit, f"{version}.marketing.{now}.{'cd' * 16}")
    visit.context.add_cookies([{"name": "_fbp", "value": "fb.1.1.1", "url": visit.site.url}])

    visit.open()
    visit.page.wait_for_function("() => !document.cookie.includes('_fbp')")

    assert visit.foreign == []
    assert visit.cookies()["cc"].split(".")[1] == ""
    assert recorded(pixel, "cd" * 16) == "[('', True)]"


# --- a sent form ---


def test_a_sent_form_has_one_id_for_the_pixel_and_the_server(visit: Visit):
    """COO-13"""
    visit.open()
    visit.press("Accept all")
    visit.page.wait_for_function("() => window.told")
    posted = []
    visit.page.on("request", lambda request: posted.append(request.post_data) if request.method == "POST" else None)
    form = visit.page.locator(".report form")
    form.get_by_label("Work e-mail").fill("pixel@quillstone.example")
    form.locator("input[type=checkbox]").first.check()

    form.get_by_role("button", name="Just send me the report").click()
    visit.page.wait_for_function("() => window.told?.some(call => call[1] === 'Lead')")

    [lead] = [call for call in visit.page.evaluate("window.told") if call[1] == "Lead"]
    [sent] = [re.search(r"event_id=(\w+)", body).group(1) for body in posted if "event_id" in body]
    assert lead == ["track", "Lead", {}, {"eventID": sent}]
    visit.page.reload()
    visit.page.wait_for_function("() => window.told?.some(call => call[1] === 'PageView')")
    assert [call for call in visit.page.evaluate("window.told") if call[1] == "Lead"] == []


def test_without_consent_a_form_has_no_id(visit: Visit):
    visit.open()
    visit.press("Reject all")
    form = visit.page.locator(".report form")
    form.get_by_label("Work e-mail").fill("no-pixel@quillstone.example")
    form.locator("input[type=checkbox]").first.check()

    with visit.page.expect_request(lambda request: "/reports/" in request.url and request.method == "POST") as sent:
        form.get_by_role("button", name="Just send me the report").click()

    assert "event_id" not in sent.value.post_data
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")
    visit.page.wait_for_load_state("networkidle")
    assert (visit.foreign, storage(visit.page)) == ([], 0)


# --- for everybody ---


def test_the_keyboard_reaches_the_notice_first_and_is_not_held_there(visit: Visit):
    """COO-8: right after the skip link"""
    visit.page.set_viewport_size({"width": 1440, "height": 900})
    visit.open()
    expect(visit.notice).to_be_visible()
    assert visit.page.evaluate("document.activeElement === document.body")
    order = []

    for _press in range(5):
        visit.page.keyboard.press("Tab")
        focused = visit.page.evaluate(
            "[document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineStyle]"
        )
        order.append(focused[0])
        assert focused[1] != "none"

    assert order == ["Skip to content", "Cookie policy", "Reject all", "Accept all", "Choose"]
    visit.page.mouse.wheel(0, 600)
    visit.page.wait_for_function("() => scrollY > 300")


@pytest.mark.parametrize("width", [320, 1440])
def test_the_focus_is_never_under_the_notice(visit: Visit, width: int):
    """2.4.11: the page keeps room to scroll"""
    visit.page.set_viewport_size({"width": width, "height": 800})
    visit.open("/consultation/")
    expect(visit.notice).to_be_visible()

    visit.page.get_by_label("Phone or WhatsApp").focus()
    for _press in range(2):  # the topic is one stop
        visit.page.keyboard.press("Tab")

    visit.page.wait_for_function(
        """() => {
            const [field, notice] = [document.activeElement, document.querySelector('#cookies')];
            const [seen, covered] = [field, notice].map((element) => element.getBoundingClientRect().top);
            return field.tagName === 'TEXTAREA' && seen < covered;
        }""",
        timeout=5000,
    )


@pytest.mark.parametrize("width", [360, 390])
def test_the_notices_buttons_hold_their_words_in_each_language(visit: Visit, width: int):
    visit.page.set_viewport_size({"width": width, "height": 800})
    wider = "buttons => buttons.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    found = {}

    for address in ("/", "/pl/", "/de/"):
        visit.open(address)
        expect(visit.notice).to_be_visible()
        found[address] = visit.notice.locator("button").evaluate_all(wider)

    assert found == {"/": [], "/pl/": [], "/de/": []}


@pytest.mark.parametrize("look", [("light", 360), ("light", 1440), ("dark", 360), ("dark", 1440)], ids=str)
def test_axe_finds_nothing_in_the_notice_in_both_states(browser: Browser, pixel: Site, look: tuple[str, int]):
    scheme, width = look
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    visit = visit_with(browser, pixel, **options)
    found = {}

    for address in (ROLE, "/pl/"):
        visit.open(address)
        expect(visit.notice).to_be_visible()
        found[address] = violations(visit.page)
        visit.notice.locator("button").nth(2).click()
        found[f"{address} open"] = violations(visit.page)

    assert found == {address: [] for address in found}
    visit.context.close()


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]]


def test_with_the_notice_a_role_page_stays_within_its_budget(visit: Visit):
    """≤ 28 kB style and ≤ 15 kB script uncompressed, the notice's own included."""
    found = weigh(visit.page, ROLE)

    expect(visit.notice).to_be_visible()
    assert {"consent.css", "consent.js", "role.css", "site.css", "site.js"} <= found.files
    assert found.kinds["script"] <= 15_000
    assert found.kinds["stylesheet"] <= 28 * 1024


# --- counts ---


def test_a_persons_visit_is_counted_without_a_cookie(browser: Browser, pixel: Site):
    """COO-14"""
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    visit = visit_with(browser, pixel, user_agent=firefox, permissions=["clipboard-read", "clipboard-write"])
    sent = []
    visit.page.on("request", lambda request: sent.append(request) if request.url.endswith("/count/") else None)
    page = "/roles/security-operations-analyst/"

    visit.open(page)
    visit.page.locator("#fill > summary").click()  # a form to fill a template with: no lead's
    visit.page.get_by_label("Company", exact=True).scroll_into_view_if_needed()
    with visit.page.expect_response(lambda answer: "what=copy" in (answer.request.post_data or "")):
        visit.page.get_by_role("button", name="Copy template").click()
    with visit.page.expect_response(lambda answer: "what=form" in (answer.request.post_data or "")):
        visit.page.locator(".report form").scroll_into_view_if_needed()
    all_told(visit.page)

    assert sorted(re.search(r"what=(\w+)", request.post_data)[1] for request in sent) == ["copy", "form", "view"]
    assert all("cookie" not in request.all_headers() for request in sent)
    code = (
        f"from leads.models import PageCount as P; from django.db.models import Sum;"
        f"r=P.objects.filter(page='{page}').aggregate(v=Sum('views'),c=Sum('copies'),f=Sum('forms_shown'));"
        "print(r['v'], r['c'], r['f'])"
    )
    assert ask(pixel, code) == "1 1 1"
    assert visit.cookies() == {}
    visit.context.close()

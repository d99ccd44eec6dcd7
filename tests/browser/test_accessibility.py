"""axe-core finds nothing on any page, light and dark, on a phone and on a desk; the keyboard reaches everything."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Site

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PUBLIC = [
    "/",
    "/pl/",
    "/de/",
    "/de/roles/",
    "/de/consultation/",
    "/roles/",
    "/roles/?q=nothing+like+it",
    "/roles/?category=security",
    "/roles/lead-data-engineer/",
    "/pl/roles/lead-data-engineer/",
    "/de/roles/lead-data-engineer/",
    "/reports/salary-report-2026/",
    "/reports/salary-report-2026/sent/",
    "/consultation/",
    "/consultation/thanks/",
    "/check-your-text/",
    "/people/",
    "/people/hanna-brevik-nowak/",
    "/privacy-policy/",
    "/c/no-such-link/",
    "/nothing-here/",
]
ADMIN = [
    "",
    "roles/role/",
    "roles/role/add/",
    "roles/role/1/change/",
    "roles/role/1/delete/",
    "roles/role/1/history/",
    "roles/role/1/revisions/compare/?from=1&to=now",
    "roles/role/1/revisions/1/restore/",
    "calendar/",
    "calendar/?view=list",
    "roles/role/1/variant/",
    "roles/role/sheet/",
    "roles/role/changes/",
    "roles/role/25/change/?beside=en",
    "translations/",
    "translations/?kind=wordings",
    "recruitcms/person/1/change/",
    "recruitcms/picture/",
    "recruitcms/sitesettings/1/change/",
    "leads/submission/",
    "leads/report/1/change/",
    "leads/report/1/salary-edition/",
    "roles/salaryband/",
    "roles/salaryband/sheet/",
    "roles/salaryband/1/change/",
    "roles/paynote/1/change/",
    "leads/consenttext/",
    "leads/outgoingmail/files/",
    "auth/user/add/",
    "auth/user/1/change/",
    "auth/group/1/change/",
]


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]]


def look(scheme: str, width: int, *marks: Any) -> Any:
    return pytest.param((scheme, width), id=f"{scheme}-{width}", marks=marks)


@pytest.fixture(
    params=[
        look("light", 360),
        look("light", 1440, pytest.mark.slow),
        look("dark", 360, pytest.mark.slow),
        look("dark", 1440),
    ]
)
def looks(request: pytest.FixtureRequest, browser: Browser, base_url: str) -> BrowserContext:
    """A browser window in one scheme and width; axe itself is let past the site's own policy."""
    scheme, width = request.param
    context = browser.new_context(
        base_url=base_url, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
    )
    yield context
    context.close()


def test_axe_finds_nothing_on_the_public_pages(looks: BrowserContext):
    page = looks.new_page()
    found = {}

    for address in PUBLIC:
        page.goto(address)
        found[address] = violations(page)

    assert found == {address: [] for address in PUBLIC}


def test_axe_finds_nothing_on_a_form_with_errors(looks: BrowserContext):
    page = looks.new_page()
    page.goto("/consultation/")
    page.get_by_role("button", name="Request a call").click()
    expect(page.get_by_role("alert")).to_be_visible()

    assert violations(page) == []


def test_axe_finds_nothing_in_the_admin(looks: BrowserContext, site: Site):
    page = looks.new_page()
    page.goto("/admin/")
    found = {"login": violations(page)}
    page.get_by_label("Username").fill("editor")
    page.get_by_label("Password").fill(site.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/admin/")

    for address in ADMIN:
        page.goto(f"/admin/{address}")
        found[address] = violations(page)

    assert found == {address: [] for address in ["login", *ADMIN]}


def test_the_keyboard_alone_reaches_and_operates_a_role_page(page: Page):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/roles/lead-data-engineer/")

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    reachable = page.locator("main :is(a[href], button, summary, input:not([type=hidden]), select, textarea):visible")
    wanted = reachable.evaluate_all("elements => elements.filter(e => e.tabIndex >= 0).length")
    seen = set()
    for _press in range(wanted + 40):
        page.keyboard.press("Tab")
        here = page.evaluate("""() => {
            const e = document.activeElement;
            if (!e.closest('main')) return null;
            const ring = getComputedStyle(e);
            window.all ??= new Map();
            if (!window.all.has(e)) window.all.set(e, window.all.size);
            const box = e.closest('.choice') ? getComputedStyle(e.closest('.choice')) : ring;
            return [window.all.get(e), ring.outlineStyle !== 'none' || box.outlineStyle !== 'none'];
        }""")
        if here is None:
            break
        seen.add(here[0])
        assert here[1], "an element takes the focus without showing it"

    # Radio buttons of one group are one stop.
    groups = page.locator("main input[type=radio]").evaluate_all(
        "all => all.length - new Set(all.map(e => e.form.action + e.name)).size"
    )
    assert len(seen) >= wanted - groups


def test_menus_close_by_escape_and_give_the_focus_back(page: Page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/roles/lead-data-engineer/")
    summary = page.locator(".top .menu summary")

    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".top .menu a").first).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator(".top .menu a").first).to_be_hidden()
    expect(summary).to_be_focused()

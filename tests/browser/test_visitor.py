"""A visitor walks from a page to the report, with and without scripting, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Site, all_told, weigh

ROLE = "/roles/lead-data-engineer/"
PAGES = ["/", "/roles/", ROLE, "/consultation/", "/reports/salary-report-2026/", "/people/"]


@pytest.fixture
def plain(browser: Browser, base_url: str):
    """A page in a browser without scripting."""
    context = browser.new_context(java_script_enabled=False, base_url=base_url)
    yield context.new_page()
    context.close()


def link_in(mail, pattern):
    """Return the first address in a mail's plain text that matches."""
    text = mail.get_body(("plain",)).get_content()
    return re.search(rf"http://\S*{pattern}\S*", text).group(0)


def walk_to_the_download(page: Page, site: Site, address: str) -> None:
    """Ask for the report on a role page, confirm by the mail's button, and download the file."""
    page.goto(ROLE)
    form = page.locator(".report form")
    form.get_by_label("Work e-mail").fill(address)
    form.locator("input[type=checkbox]").first.check()
    form.get_by_role("button", name="Just send me the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")

    confirm = site.wait_for_mail(address, "onfirm")
    page.goto(link_in(confirm, "/c/"))
    page.locator("main").get_by_role("button").click()

    with page.expect_download() as download:
        page.locator("main a[href*='/d/']").first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")

    gift = link_in(site.wait_for_mail(address, "Your"), "/d/")
    for _time in range(2):
        again = page.request.get(gift)
        assert (again.status, again.headers["content-type"]) == (200, "application/pdf")
        assert again.body().startswith(b"%PDF-")


def test_a_visitor_gets_the_report(page: Page, site: Site):
    walk_to_the_download(page, site, "with-script@quillstone.example")


def test_a_visitor_without_scripting_gets_the_report(plain: Page, site: Site):
    walk_to_the_download(plain, site, "without-script@quillstone.example")


def test_the_consultation_form_keeps_what_was_typed_and_leads_to_each_error(page: Page):
    page.goto("/consultation/")
    page.get_by_label("Your name").fill("Marta Zielik")
    page.get_by_label("Work e-mail").fill("marta@quillstone")
    page.get_by_label("Hire a team").check()
    page.get_by_role("button", name="Request a call").click()

    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("heading")).to_have_text("Three answers need another look")
    assert page.title().startswith("Error:")
    expect(page.get_by_label("Your name")).to_have_value("Marta Zielik")
    expect(page.get_by_label("Hire a team")).to_be_checked()

    summary.get_by_role("link").first.click()
    expect(page.get_by_label("Work e-mail")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("marta@quillstone.example")
    page.get_by_label("About the role").fill("A data engineer in Poznań.")
    page.locator("main input[type=checkbox]").first.check()
    page.get_by_role("button", name="Request a call").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Thank you. We’ll get back to you within 1 business day."
    )


def test_a_visitor_withdraws_by_one_button(page: Page, site: Site):
    page.goto("/consultation/")
    page.get_by_label("Your name").fill("Jonas")
    page.get_by_label("Work e-mail").fill("jonas@halden.example")
    page.get_by_label("Hire one person").check()
    page.get_by_label("About the role").fill("An SRE.")
    page.locator("main input[type=checkbox]").first.check()
    page.get_by_role("button", name="Request a call").click()
    mail = site.wait_for_mail("jonas@halden.example", "")

    page.goto(link_in(mail, "/u/"))
    page.locator("main").get_by_role("button").click()

    expect(page.locator("main")).to_contain_text("withdrawn")


def test_the_template_is_copied_with_its_words_and_without_advice(page: Page, context: BrowserContext):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)

    page.get_by_role("button", name="Copy template").click()

    expect(page.locator(".actions button").first).to_contain_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    html = page.evaluate(
        "navigator.clipboard.read().then(items => items[0].getType('text/html')).then(blob => blob.text())"
    )
    assert text.startswith("Lead Data Engineer\n")
    for words in ("[Company]", "Typical duties and responsibilities", "- Own the design of our pipelines"):
        assert words in text
    for advice in ("Mistakes to avoid", "From our recruiters", "Words marked like", "Say what you make"):
        assert advice not in text
    assert "<li>" in html
    assert "class=" not in html


def test_one_section_is_copied(page: Page, context: BrowserContext):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)

    page.get_by_role("button", name="Copy section: Nice to have, not required").click()

    expect(page.locator("#said")).to_have_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("Nice to have, not required")
    assert "Required skills" not in text


def test_sharing_copies_the_link_and_says_so(page: Page, context: BrowserContext, site: Site):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)

    page.locator(".actions summary", has_text="Share").click()
    page.get_by_role("button", name="Copy the link").click()

    expect(page.locator("[data-share]")).to_contain_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == site.url + ROLE


def test_a_copy_that_the_browser_refuses_is_said_and_not_counted(page: Page):
    errors, counted = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: counted.append(request.post_data or "") if "/count/" in request.url else None)
    page.context.grant_permissions(["geolocation"])  # what is not granted is refused from now on
    page.goto(ROLE)

    for button in (page.locator("[data-copy='#doc']").first, page.locator("[data-copy='#duties']")):
        button.click()
        expect(button).to_have_text("Not copied")
        expect(page.locator("#said")).to_have_text("Not copied")
        expect(page.locator("#said")).to_have_text("")
    page.locator(".actions summary", has_text="Share").click()
    page.get_by_role("button", name="Copy the link").click()
    expect(page.locator("[data-share]")).to_contain_text("Not copied")
    page.locator("[data-save]").click()
    expect(page.locator("[data-save]")).to_have_text("Saved")
    page.goto("/saved/")
    page.get_by_role("button", name="Copy a link to this list").click()
    expect(page.locator("[data-act=link]")).to_have_text("Not copied")

    all_told(page)
    assert errors == []
    assert any("what=view" in body for body in counted)
    assert not any("what=copy" in body for body in counted)


def test_a_menu_closes_when_the_keyboard_leaves_it(page: Page):
    """WCAG 2.4.11: an open menu covers nothing that has the focus."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/roles/backend-engineer-python/")
    menu = page.locator("details.menu", has_text="Download")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")

    for _item in menu.locator("button:visible, input:checked").all():
        page.keyboard.press("Tab")
        expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Tab")

    expect(page.locator(".actions summary", has_text="Share")).to_be_focused()
    expect(page.locator("details.menu[open]")).to_have_count(0)


def test_a_template_is_saved_in_this_browser_only(page: Page, context: BrowserContext):
    page.goto(ROLE)
    button = page.locator("[data-save]")

    button.click()
    expect(button).to_have_accessible_name("Saved")
    expect(page.locator("#said")).to_have_text("Saved")
    page.reload()

    expect(button).to_have_accessible_name("Saved")
    expect(button).to_have_css("border-color", "rgb(122, 74, 0)")  # as the name says, so it looks
    expect(button).not_to_have_attribute("aria-pressed", re.compile(""))  # the name says it: not both
    button.click()
    expect(button).to_have_accessible_name("Save")
    expect(page.locator("#said")).to_have_text("Removed")
    assert context.cookies() == []


def test_a_resume_opens_enlarged_and_focus_returns(page: Page):
    page.goto(ROLE)
    thumb = page.locator(".thumb").first

    thumb.focus()
    page.keyboard.press("Enter")

    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(thumb).to_be_focused()


def test_the_contents_list_follows_the_reader(page: Page):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(ROLE)

    page.locator("#mistakes").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#mistakes').scrollIntoView({block: 'start', behavior: 'instant'})")

    expect(page.locator(".toc a[aria-current]")).to_have_text("Mistakes to avoid")


def test_the_language_switch_leads_to_the_translation(page: Page):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(ROLE)

    page.locator(".langs--top").get_by_role("link", name="Polski").click()

    expect(page).to_have_url(re.compile(r"/pl/roles/"))
    assert page.locator("html").get_attribute("lang") == "pl"


def test_campaign_words_travel_to_the_form_without_being_stored(page: Page, context: BrowserContext):
    page.goto(f"{ROLE}?utm_source=letter&utm_campaign=autumn")

    href = page.locator(".book .btn--accent").first.get_attribute("href")

    assert "utm_source=letter" in href
    assert "utm_campaign=autumn" in href
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.parametrize("address", PAGES)
def test_nothing_is_stored_nothing_is_foreign_and_the_console_is_empty(page: Page, site: Site, address: str):
    """COO-1: no cookie, no storage, no request to another host."""
    foreign, said = [], []
    page.on("request", lambda request: None if request.url.startswith(site.url) else foreign.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    page.goto(address, wait_until="networkidle")

    assert (foreign, said, page.context.cookies()) == ([], [], [])
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


POLISH = ["/pl/", "/pl/roles/lead-data-engineer/", "/pl/consultation/", "/pl/reports/raport-plac-2026/"]
GERMAN = [
    "/de/",
    "/de/roles/",
    "/de/roles/lead-data-engineer/",
    "/de/consultation/",
    "/de/reports/gehaltsreport-2026/",
    "/de/datenschutzerklaerung/",
]


@pytest.mark.parametrize("width", [320, 360, 390])
def test_no_page_scrolls_sideways_and_the_logo_stays(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 700})
    found = {}

    for address in [*PAGES, *POLISH, *GERMAN]:
        page.goto(address)
        wide = page.evaluate("document.documentElement.scrollWidth")
        logo = page.locator(".top .logo svg").bounding_box()["width"]
        found[address] = (wide <= width, logo > 20)

    assert found == dict.fromkeys([*PAGES, *POLISH, *GERMAN], (True, True))


# Parts that a sheet of their own dresses, beside site.css.
PARTS = {
    "library.css": {"library", "split--aside", "sorts", "pager", "roles", "role", "aside-cover", "lib-hero", "team"},
    "report.css": {"trio-hero", "inside", "bars"},
}


def test_each_page_loads_the_sheets_of_its_parts(page: Page):
    page.goto("/people/")
    person = page.locator(".team h2 a").first.get_attribute("href")
    pages = [*PAGES, *POLISH, *GERMAN, person, "/roles/?q=data", "/roles/?q=plumber", "/roles/?page=2", "/nowhere/"]
    pages += ["/saved/", "/check-your-text/", "/consultation/thanks/", "/reports/salary-report-2026/sent/"]
    lacking, used = [], set()

    for address in pages:
        html = page.request.get(address).text()
        classes = {word for value in re.findall(r'class="([^"]*)"', html) for word in value.split()}
        for sheet, parts in PARTS.items():
            used |= parts & classes
            if parts & classes and sheet.removesuffix(".css") + "." not in html.split("</head>")[0]:
                lacking.append((address, sheet, parts & classes))

    assert lacking == []
    assert used == set.union(*PARTS.values())


@pytest.mark.parametrize("width", [390, 960, 1440])
def test_the_addresses_of_people_stay_within_their_cards(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/people/")
    people = page.locator(".team h2 a").evaluate_all("links => links.map(link => link.pathname)")
    beyond = """links => links.filter(link => {
        const card = link.closest('.card'), room = parseFloat(getComputedStyle(card).paddingRight);
        return link.getBoundingClientRect().right > card.getBoundingClientRect().right - room;
    }).map(link => link.textContent.trim())"""
    found = {}

    for address in ["/people/", *people]:
        page.goto(address)
        found[address] = page.locator(".card a[href^='mailto:']").evaluate_all(beyond)

    assert len(found) > 5
    assert {address: links for address, links in found.items() if links} == {}


def test_the_reports_title_stands_at_the_top_however_long_the_form_is(page: Page):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/de/reports/gehaltsreport-2026/")

    page.locator("#get button").first.click()

    expect(page.get_by_role("alert")).to_be_focused()
    top = page.get_by_role("heading", level=1).evaluate("title => title.getBoundingClientRect().top + scrollY")
    assert top < 300


def test_a_refused_report_form_says_so_in_proportion(page: Page):
    page.goto("/reports/salary-report-2026/")

    page.locator("#get button").first.click()

    heading = page.get_by_role("alert").get_by_role("heading")
    assert heading.evaluate("element => parseFloat(getComputedStyle(element).fontSize)") <= 24
    expect(page.get_by_role("alert")).to_be_focused()


def test_a_role_pages_first_view_stays_within_its_budget(page: Page):
    """≤ 180 kB over the wire with pictures and font; ≤ 28 kB style and ≤ 15 kB script uncompressed."""
    found = weigh(page, ROLE)

    assert {"document", "stylesheet", "script", "font", "image"} <= set(found.kinds)
    assert found.wire <= 180_000
    assert found.kinds["stylesheet"] <= 28_000
    assert found.kinds["script"] <= 15_000

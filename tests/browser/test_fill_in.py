"""The fill-in panel in a real browser: typed once, everywhere at once, and in the next template too."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from roles.fill_in import as_markdown
from tests.browser.conftest import Site, all_told, copied
from tests.browser.test_accessibility import violations

ROLE = "/roles/lead-data-engineer/"
OTHER = "/roles/analytics-engineer/"
LEVEL = "/roles/backend-engineer-python/senior/"


def open_panel(page: Page) -> None:
    page.locator("#fill > summary").click()
    expect(page.locator("link[href*=workbench]").last).to_be_attached()


def test_typing_fills_every_occurrence_and_goes_along_to_the_next_template(page: Page):
    page.goto(ROLE)
    marks = page.locator("#doc mark[data-slot=Company], #doc section mark.slot", has_text="[Company]")
    assert marks.count() > 1
    open_panel(page)

    page.get_by_label("Company", exact=True).press_sequentially("Halden & <b>Frost</b>")

    expect(page.locator("#doc section mark.slot", has_text="[Company]")).to_have_count(0)
    expect(page.locator("#doc section mark.filled").first).to_have_text("Halden & <b>Frost</b>")
    page.goto(OTHER)
    expect(page.locator("#doc section mark.filled").first).to_have_text("Halden & <b>Frost</b>")
    page.locator("#fill > summary").click()
    page.get_by_role("button", name="Clear everything").click()
    expect(page.locator("#doc section mark.filled")).to_have_count(0)
    assert page.evaluate("localStorage.length") == 0


def test_what_is_typed_before_the_script_comes_is_kept_as_well(page: Page):
    waiting = []
    page.route("**/fill_in*.js", lambda route: waiting.append(route))  # a method of a list is refused
    page.goto(ROLE)
    page.evaluate("localStorage.setItem('fill-ins', JSON.stringify({company: 'Frost'}))")
    with page.expect_request("**/fill_in*.js"):
        page.locator("#fill > summary").click()
    page.get_by_label("Company", exact=True).fill("Halden")
    filled = page.locator("#doc section mark.filled").first
    expect(filled).not_to_be_attached()

    waiting.pop().continue_()

    expect(filled).to_have_text("Halden")
    page.unroute_all()
    page.goto(OTHER)
    expect(filled).to_have_text("Halden")


def test_nothing_typed_leaves_the_browser_until_a_download_needs_it(page: Page):
    page.goto(ROLE, wait_until="networkidle")
    open_panel(page)
    posts = []
    page.on("request", lambda request: posts.append(request.post_data or ""))

    page.get_by_label("Company", exact=True).fill("Halden")
    page.get_by_label("Company", exact=True).press("Enter")
    expect(page.locator("#doc section mark.filled").first).to_have_text("Halden")
    all_told(page)
    assert not any("Halden" in post for post in posts)

    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown .md").click()

    text = Path(download.value.path()).read_text()
    assert "Halden" in text
    assert "[Company]" not in text
    assert len([post for post in posts if "Halden" in post]) == 1  # the download's
    expect(page.locator("#doc section mark.filled").first).to_have_text("Halden")


def fill_without_scripting(browser: Browser, site: Site, address: str) -> Page:
    """Return a window without scripting that shows a template with its company filled in."""
    page = browser.new_context(java_script_enabled=False, base_url=site.url).new_page()
    page.goto(address)
    page.locator("#fill > summary").click()
    page.get_by_label("Company", exact=True).fill("Halden & <b>Frost</b>\nWrocław")
    page.get_by_role("button", name="Show it filled in").click()
    return page


def test_without_scripting_the_page_comes_back_filled_in(browser: Browser, site: Site):
    page = fill_without_scripting(browser, site, ROLE)

    expect(page.locator("#doc section mark.filled").first).to_have_text("Halden & <b>Frost</b>\nWrocław")
    expect(page.get_by_label("Company", exact=True)).to_have_value("Halden & <b>Frost</b>\nWrocław")
    page.context.close()


@pytest.mark.parametrize("address", [ROLE, LEVEL])
def test_without_scripting_a_download_holds_what_the_page_shows(browser: Browser, site: Site, address: str):
    page = fill_without_scripting(browser, site, address)

    page.locator("summary", has_text="Download").click()
    page.get_by_label("All sections").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Plain text .txt").click()

    text = Path(download.value.path()).read_text()
    assert "Halden & <b>Frost</b>\nWrocław" in text
    assert "[Company]" not in text
    assert "Mistakes to avoid" in text  # a section that goes along only where all are asked for
    page.context.close()


def test_with_scripting_a_filled_page_downloads_what_its_fields_hold_now(page: Page):
    """Sent by Enter before the script was there: what is cleared afterwards is in no file."""
    page.route("**/site*.js", lambda route: route.abort())
    page.goto(ROLE)
    page.locator("#fill > summary").click()
    page.get_by_label("Company", exact=True).fill("Halden")
    page.unroute("**/site*.js")
    page.locator("#fill form").evaluate("form => form.submit()")
    expect(page.get_by_label("Company", exact=True)).to_have_value("Halden")
    expect(page.locator("link[href*=workbench]").last).to_be_attached()

    page.get_by_role("button", name="Clear everything").click()
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown .md").click()

    assert "Halden" not in Path(download.value.path()).read_text()


def test_clearing_is_said_and_the_open_panel_is_accessible(page: Page):
    page.goto(ROLE)
    open_panel(page)
    page.get_by_label("Company", exact=True).fill("Halden")
    assert violations(page) == []

    page.get_by_role("button", name="Clear everything").click()

    expect(page.locator("#said")).to_have_text("Cleared")
    expect(page.get_by_label("Company", exact=True)).to_be_focused()
    expect(page.locator("#said")).to_have_text("")  # so that it is said a second time too


def test_what_is_filled_in_is_copied_as_rich_text_markdown_and_plain_text(page: Page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)
    open_panel(page)
    page.get_by_label("Company", exact=True).fill("Halden *& <b>Frost</b>\nWrocław")

    page.get_by_role("button", name="Copy template").click()
    expect(page.locator("#said")).to_have_text("Copied")
    html = page.evaluate(
        "navigator.clipboard.read().then(items => items[0].getType('text/html')).then(blob => blob.text())"
    )
    text = page.evaluate("navigator.clipboard.readText()")
    page.locator("summary", has_text="Download").click()
    markdown = copied(page, "Copy as Markdown")

    assert "<h1>Lead Data Engineer</h1>" in html
    assert "Halden *&amp; &lt;b&gt;Frost&lt;/b&gt;<br>Wrocław is looking" in html
    assert "Halden *& <b>Frost</b>\nWrocław is looking" in text
    assert "\n\nTypical duties and responsibilities\n\n- " in text
    assert "Halden \\*&amp; &lt;b>Frost&lt;/b><br>Wrocław is looking" in markdown
    assert "\n\n## Typical duties and responsibilities\n\n- " in markdown
    assert "Fill in the blanks" not in text + markdown


def test_copied_markdown_reads_as_it_was_typed_and_as_in_the_file(page: Page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)
    open_panel(page)
    company = page.get_by_label("Company", exact=True)

    for value in [
        "&copy; &lt;b&gt; [x](https://halden.example/) ~~a~~ | `b` \\ C#",
        "# Head\n - item\n\n1. one\n~~~\n===",
        "===",
        "> a",
        "2) b",
    ]:
        company.fill(value)
        page.locator("summary", has_text="Download").click()  # it closed when the field was entered
        assert f"{as_markdown(value)} is looking" in copied(page, "Copy as Markdown")

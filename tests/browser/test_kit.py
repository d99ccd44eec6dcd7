"""What is taken away: the choice applies to files, copies and print; the kit is copied by itself, too."""

import re
from pathlib import Path

from docx import Document
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import copied

ROLE = "/roles/lead-data-engineer/"
QUESTIONS = "Interview questions, and what good answers show"
SCORECARD = "Scorecard for the interviews"


def choose(page: Page, name: str) -> None:
    page.locator("summary", has_text="Download").click()
    page.get_by_role("radio", name=name).check()


def headings_of(page: Page) -> list[str]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Word .docx").click()
    document = Document(str(Path(download.value.path())))
    return [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 2"]


def test_the_choice_applies_to_copies_print_and_files(page: Page, context: BrowserContext):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)
    assert QUESTIONS not in copied(page, "Copy template")

    choose(page, "With the hiring kit")
    text = copied(page, "Copy template")
    assert QUESTIONS in text
    assert "Criterion | 1 | 2 | 3 | 4 | Notes" in text
    assert "Mistakes to avoid" not in text
    expect(page.locator(".toc .part[href='#scorecard']")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#scorecard")).to_be_visible()
    expect(page.locator("#mistakes")).not_to_be_visible()
    page.emulate_media(media="screen")

    page.locator("summary", has_text="Download").click()
    found = headings_of(page)
    assert {QUESTIONS, SCORECARD} <= set(found)
    assert "Mistakes to avoid" not in found
    page.get_by_role("radio", name="All sections").check()
    assert {SCORECARD, "Mistakes to avoid"} <= set(headings_of(page))
    page.get_by_role("radio", name="The description").check()
    expect(page.locator("#scorecard")).to_contain_class("noprint")
    assert SCORECARD not in headings_of(page)


def test_the_choice_goes_along_with_what_was_filled_in(page: Page):
    page.goto(ROLE)
    page.locator("#fill > summary").click()
    page.get_by_label("Company", exact=True).fill("Halden")
    choose(page, "With the hiring kit")

    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown .md").click()

    text = Path(download.value.path()).read_text()
    assert "Halden" in text
    assert f"## {SCORECARD}" in text


def test_without_scripting_the_choice_is_part_of_the_address(browser, site):
    context = browser.new_context(java_script_enabled=False, base_url=site.url)
    page = context.new_page()
    page.goto(ROLE)
    choose(page, "With the hiring kit")

    assert {QUESTIONS, SCORECARD} <= set(headings_of(page))
    context.close()


def test_questions_and_scorecard_are_copied_by_themselves(page: Page, context: BrowserContext):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)

    questions = copied(page, f"Copy section: {QUESTIONS}")
    copied(page, f"Copy section: {SCORECARD}")
    html = page.evaluate(
        "navigator.clipboard.read().then(items => items[0].getType('text/html')).then(blob => blob.text())"
    )

    assert "When would you not use streaming?\n\nThree cases" in questions
    assert '<table border="1">' in html
    assert html.count("<tr>") == 7


def test_the_scorecard_is_a_table_in_copied_markdown(page: Page, context: BrowserContext):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)
    choose(page, "With the hiring kit")

    markdown = copied(page, "Copy as Markdown")

    assert (
        "| Criterion | 1 | 2 | 3 | 4 | Notes |\n| --- | --- | --- | --- | --- | --- |\n| **Data modelling**" in markdown
    )


def test_the_menu_fits_a_phone_and_works_by_keyboard(page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(ROLE)
    page.locator("summary", has_text="Download").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")

    expect(page.get_by_role("radio", name="With the hiring kit")).to_be_checked()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.keyboard.press("Escape")
    expect(page.locator("summary", has_text="Download")).to_be_focused()


def test_the_meter_is_named_by_its_count_and_not_by_the_link_below_it(page: Page):
    page.goto(ROLE)
    meter, card = page.get_by_role("meter"), page.locator(".card", has=page.get_by_role("meter"))

    expect(meter).to_have_accessible_name(card.locator("#must-haves").inner_text())
    expect(meter).not_to_have_accessible_name(re.compile("Check your own text"))
    card.get_by_role("link", name="Check your own text").click()
    expect(page).to_have_url(re.compile("/check-your-text/$"))

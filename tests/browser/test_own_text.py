"""“Check your own text” in a real browser, by keyboard, on a phone and without scripting."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import all_told
from tests.browser.test_accessibility import violations

PAGE = "/check-your-text/"
TEXT = "Requirements\n- Python\n- SQL\n\nWe are looking for a rockstar.\n\nPay: 5,000 to 6,000 EUR"


@pytest.mark.parametrize("scripting", [True, False])
def test_a_text_is_checked_by_keyboard_and_stays_in_its_field(browser, site, scripting):
    context = browser.new_context(
        java_script_enabled=scripting, base_url=site.url, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(PAGE)
    page.get_by_label("Your job description").focus()
    page.keyboard.insert_text(TEXT)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#result")).to_contain_text("2 things to change")
    expect(page.locator("#result")).to_be_focused()
    expect(page.locator("mark", has_text="rockstar")).to_be_visible()
    expect(page.get_by_label("Your job description")).to_have_value(TEXT)
    assert page.evaluate("document.documentElement.scrollWidth") == 390 if scripting else True
    assert context.cookies() == []
    context.close()


def test_an_error_takes_the_focus_to_the_field(page: Page):
    page.goto(PAGE)
    page.get_by_role("button", name="Check the text").click()

    expect(page.get_by_label("Your job description")).to_be_focused()
    expect(page.get_by_label("Your job description")).to_have_accessible_description(
        "Plain text, Markdown or HTML, up to 50,000 characters. It is sent for this one answer; we do not store it, "
        "and no log holds it. Paste your job description into the field first."
    )
    assert page.title().startswith("Error: ")


def test_the_form_is_sent_at_once_and_is_counted_as_no_lead(page: Page):
    asked = []
    page.on("request", lambda request: asked.append((request.url, request.post_data or "")))
    page.goto(PAGE, wait_until="networkidle")
    page.get_by_label("Your job description").fill(TEXT)
    page.get_by_role("button", name="Check the text").click()
    expect(page.locator("#result")).to_be_visible()
    page.wait_for_load_state("networkidle")
    all_told(page)

    assert any("text=" in body for _url, body in asked)
    assert not any("/forms/ticket/" in url or "what=form" in body for url, body in asked)
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_answer_is_accessible(page: Page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(PAGE)
    page.get_by_label("Your job description").fill(TEXT)
    page.get_by_role("button", name="Check the text").click()
    expect(page.locator("#result")).to_be_visible()

    assert violations(page) == []

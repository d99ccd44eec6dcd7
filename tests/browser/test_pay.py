"""The pay on a role's page in a real browser: seen at once, worked by keyboard, and out of copies and print."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site

ROLE = "/roles/lead-data-engineer/"


def test_the_card_stands_out_and_shows_one_band_and_each_law(page: Page):
    page.goto(ROLE)
    card = page.locator("#pay")

    style = card.evaluate("e => { const s = getComputedStyle(e); return [s.borderTopWidth, s.borderTopStyle] }")
    sizes = [
        float(page.locator(place).first.evaluate("e => getComputedStyle(e).fontSize").removesuffix("px"))
        for place in ("#pay .text p", "#introduction .text p")
    ]
    assert style == ["2px", "solid"]
    assert sizes[0] > sizes[1]
    expect(card.get_by_text("24,000–31,000 PLN")).to_have_count(1)
    assert len(re.findall(r"\d+,\d+–\d+,\d+", card.inner_text())) == 1
    expect(card.locator("summary")).to_have_count(5)


def test_notes_open_by_keyboard_and_the_report_is_one_press_away(page: Page):
    page.goto(ROLE)
    card = page.locator("#pay")
    report = card.get_by_role("link", name="All levels and regions")
    report.focus()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(card.get_by_role("link", name="Labour Code, articles 18(3ca) and 22(1)")).to_be_visible()
    report.press("Enter")
    expect(page).to_have_url(re.compile("/reports/salary-report-2026/$"))


def test_copies_and_print_hold_the_slot_alone(page: Page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ROLE)

    page.get_by_role("button", name="Copy section: Pay").click()
    expect(page.locator("#said")).to_have_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    page.emulate_media(media="print")

    assert text == "Pay\n\n[Pay range] gross a month on an employment contract, reviewed every [spring].\n"
    expect(page.locator("#pay .text")).to_be_visible()
    expect(page.locator("#pay .pay__facts")).to_be_hidden()
    expect(page.locator("#pay")).to_have_css("margin-block-end", "0px")  # no hole below it


def test_without_scripting_on_a_phone_it_is_all_there(browser: Browser, site: Site):
    context = browser.new_context(
        java_script_enabled=False, base_url=site.url, viewport={"width": 390, "height": 800}, color_scheme="dark"
    )
    page = context.new_page()
    page.goto("/pl" + ROLE)

    for law in page.locator("#pay summary").all():  # a name in two lines keeps clear of the line below
        name, row = law.locator("> span").bounding_box(), law.bounding_box()
        assert name["y"] - row["y"] >= 8
        assert row["y"] + row["height"] - name["y"] - name["height"] >= 8

    page.locator("#pay summary", has_text="Niemcy").click()

    expect(page.get_by_text("Ustawa o przejrzystości wynagrodzeń")).to_be_visible()
    expect(page.locator("#pay")).to_contain_text(re.compile("24\\s000–31\\s000\\sPLN"))
    assert page.locator("#pay").bounding_box()["width"] <= 390
    context.close()

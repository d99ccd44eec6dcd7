"""A translator comes from the matrix, writes with the source beside the fields, and says what is up to date."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, all_told


def side_by_side(page: Page, title: str) -> None:
    page.goto("/admin/translations/?language=pl&state=live")
    row = page.locator(".matrix tr").filter(has=page.get_by_role("rowheader", name=title, exact=True))
    row.get_by_role("link", name="Side by side").first.click()  # Polish; German stands after it


@pytest.mark.parametrize(("width", "is_beside"), [(1440, True), (390, False)])
def test_the_source_stands_beside_each_field_or_above_it_on_a_phone(editor: Page, width: int, is_beside: bool):
    said: list[str] = []
    editor.on("console", lambda message: said.append(message.text))
    editor.set_viewport_size({"width": width, "height": 900})
    side_by_side(editor, "Product Designer")

    source = editor.locator(".field-summary .source").first.bounding_box()
    field = editor.locator("[name=summary]").bounding_box()

    assert (source["x"] + source["width"] <= field["x"]) == is_beside
    assert (source["y"] + source["height"] <= field["y"]) != is_beside
    assert editor.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    editor.wait_for_load_state("networkidle")
    all_told(editor)
    assert said == []


def test_what_changed_is_seen_and_said_to_be_up_to_date(editor: Page, site: Site):
    editor.goto("/admin/roles/role/?q=Site+Reliability&language__exact=en")
    editor.locator(".field-title_or_untitled a").first.click()
    editor.locator("[name=summary]").fill("Keeps the promises that the product makes.")
    editor.locator("[name=_publish]").first.click()
    expect(editor.locator(".messagelist")).to_contain_text("Published.")

    side_by_side(editor, "Site Reliability Engineer")
    expect(editor.locator(".field-summary .source ins").first).to_be_visible()
    expect(editor.locator(".field-summary .source__text")).to_have_attribute("lang", "en")
    editor.locator("[name=summary]").fill("Pilnuje obietnic, które składa produkt.")
    editor.locator("[name=up_to_date]").check()
    editor.locator("[name=_continue]").last.click()

    expect(editor.locator(".messagelist")).to_contain_text("Marked as up to date with the English text.")
    assert editor.url.endswith("?beside=en")
    expect(editor.locator(".source ins, .source del")).to_have_count(0)

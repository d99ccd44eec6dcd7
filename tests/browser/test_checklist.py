"""The checklist leads to the field; a warning is waved through with a reason, and comes back when the text changes."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, open_panel
from tests.browser.test_editor import open_section


def test_a_line_leads_to_its_field_and_a_warning_is_waved_through_until_the_text_changes(editor: Page, site: Site):
    editor.goto("/admin/roles/role/?q=penetration")
    editor.locator("#result_list tbody th a").first.click()
    open_panel(editor, "Checklist")
    expect(editor.locator("#panel-checklist")).to_be_visible()
    duties = open_section(editor, "duties").locator("[name$=body]")
    text = duties.input_value()
    duties.fill(text + "\n- Be the ninja whom every client asks for.")
    editor.locator("[name=_continue]").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()
    open_panel(editor, "Checklist")
    editor.evaluate(
        "for (const key of Object.keys(sessionStorage)) if (key !== 'panel') sessionStorage.removeItem(key);"
        "for (const row of document.querySelectorAll('.section__open')) row.open = false"
    )
    line = editor.locator(".checklist__line", has_text="“ninja”")
    expect(line).to_contain_text("Be the ninja whom every client asks for.")
    expect(line).to_contain_text("expert, specialist")
    expect(editor.locator("#checklist-count")).to_contain_text("1 warning is open.")
    expect(duties).to_be_hidden()

    line.get_by_role("link").first.focus()
    editor.keyboard.press("Enter")
    expect(duties).to_be_focused()
    expect(duties).to_be_in_viewport()

    line.get_by_role("link", name="Wave through").focus()
    editor.keyboard.press("Enter")
    dialog = editor.get_by_role("dialog", name="Wave a warning through")
    expect(dialog).to_contain_text("Be the ninja whom every client asks for.")
    dialog.get_by_label("Reason").fill("The name of the client’s own team.")
    dialog.get_by_role("button", name="Wave through").press("Enter")
    expect(dialog).to_be_hidden()
    expect(editor.locator("#checklist-count")).to_be_hidden()
    editor.get_by_text("1 warning waved through").click()
    expect(editor.locator(".checklist__reason")).to_contain_text("The name of the client’s own team.")

    open_section(editor, "duties")
    duties.fill(text + "\n- Be a ninja, day and night.")
    editor.locator("[name=_continue]").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()
    expect(editor.locator(".checklist__line", has_text="Be a ninja, day and night.")).to_be_visible()
    expect(editor.locator("#checklist-count")).to_contain_text("1 warning is open.")

    open_section(editor, "duties")
    duties.fill(text)
    editor.locator("[name=_continue]").last.click()
    expect(editor.locator("#checklist-count")).to_be_hidden()

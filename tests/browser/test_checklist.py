"""The checklist leads to the field; a warning is waved through with a reason, and comes back when the text changes."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, open_panel, sign_in
from tests.browser.test_change_form import form_of
from tests.browser.test_desk import end_sessions, open_form, state
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


def test_a_colleague_sees_what_was_waved_through_after_a_cut_network_and_an_ended_session(
    editor: Page, colleague: Page, site: Site
):
    role = form_of(site, "ux-researcher")
    open_form(editor, role)
    open_panel(editor, "Checklist")
    duties = open_section(editor, "duties").locator("[name$=body]")
    duties.fill(duties.input_value() + "\n- Be the ninja whom every client asks for.")
    editor.get_by_role("button", name="Save draft").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()
    line = editor.locator(".checklist__line", has_text="“ninja”")
    line.get_by_role("link", name="Wave through").click()
    dialog = editor.get_by_role("dialog", name="Wave a warning through")
    dialog.get_by_label("Reason").fill("The name of a team.")
    waved = dialog.get_by_role("button", name="Wave through")

    editor.context.set_offline(True)
    waved.click()
    expect(dialog.locator(".errornote")).to_be_visible()
    editor.context.set_offline(False)
    end_sessions(site)
    waved.click()
    expect(dialog.get_by_label("Reason")).to_have_value("The name of a team.")
    dialog.press("Escape")
    other = sign_in(editor.context.new_page(), site)
    other.close()
    open_section(editor, "duties").locator("[name$=body]").press("End")
    editor.locator("[name=summary]").press_sequentially(" ")
    expect(state(editor)).to_contain_text("Kept")
    line.get_by_role("link", name="Wave through").click()
    dialog.get_by_label("Reason").fill("The name of a team.")
    waved.click()

    expect(dialog).to_be_hidden()
    open_form(sign_in(colleague, site), role)
    open_panel(colleague, "Checklist")
    colleague.get_by_text("1 warning waved through").click()
    expect(colleague.locator(".checklist__reason")).to_contain_text("The name of a team.")
    expect(colleague.locator(".checklist__line", has_text="“ninja”").get_by_role("link", name="Wave")).to_have_count(0)

"""Two browsers on one form, a network that goes, a session that ends: nothing is lost, nothing overwritten unseen."""

import contextlib
import re
import sqlite3

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, open_panel, sign_in

ROLE = "/admin/roles/role/{}/change/"


@pytest.fixture
def role(site: Site) -> str:
    """Return the address of a role's form."""
    with contextlib.closing(sqlite3.connect(site.data / "db.sqlite3")) as database:
        row = "SELECT id FROM roles_role WHERE slug = 'platform-engineer' AND language = 'en'"
        return ROLE.format(database.execute(row).fetchone()[0])


def end_sessions(site: Site) -> None:
    """Delete every session, as a restart with another key would."""
    with contextlib.closing(sqlite3.connect(site.data / "db.sqlite3", timeout=20)) as database, database:
        database.execute("DELETE FROM recruitcms_staffsession")


def open_form(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.get_by_role("tablist")).to_be_visible()
    return page


def write_summary(page: Page, text: str) -> None:
    page.locator("[name=summary]").fill(text)


def state(page: Page):
    return page.locator("#keep-state")


def saved_summary(site: Site, address: str) -> str:
    number = re.search(r"\d+", address)[0]
    with contextlib.closing(sqlite3.connect(site.data / "db.sqlite3")) as database:
        return database.execute("SELECT summary FROM roles_role WHERE id = ?", [number]).fetchone()[0]


def leave(page: Page) -> None:
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto("/admin/")


def test_typed_text_is_kept_by_itself_and_restored_where_one_left_off(editor: Page, role: str, site: Site):
    before = saved_summary(site, role)
    open_form(editor, role)

    write_summary(editor, "Typed, and never saved.")
    expect(state(editor)).to_contain_text("Kept")
    leave(editor)
    open_form(editor, role)
    editor.get_by_role("link", name="Restore it").first.click()

    expect(editor.locator("[name=summary]")).to_have_value("Typed, and never saved.")
    expect(editor.locator(".kept")).to_contain_text("Nobody else sees it until you save")
    assert saved_summary(site, role) == before

    leave(editor)
    open_form(editor, role)
    editor.get_by_role("button", name="Throw it away").first.click()
    expect(editor.locator("[name=summary]")).to_have_value(before)
    expect(editor.get_by_role("link", name="Restore it")).to_have_count(0)


def test_leaving_with_unsaved_text_asks(editor: Page, role: str):
    open_form(editor, role)
    write_summary(editor, "Would be lost.")
    asked = []
    editor.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))

    editor.goto("/admin/")

    assert asked == ["beforeunload"]


def test_without_a_network_the_text_is_kept_in_the_browser_and_sent_when_it_is_back(editor: Page, role: str):
    open_form(editor, role)
    editor.context.set_offline(True)

    write_summary(editor, "Typed on a train.")
    expect(state(editor)).to_have_text("Offline, kept in this browser")
    editor.get_by_role("button", name="Save draft").last.click()
    expect(state(editor)).to_contain_text("nothing was sent")
    expect(editor.locator("[name=summary]")).to_have_value("Typed on a train.")

    editor.context.set_offline(False)
    expect(state(editor)).to_contain_text("Kept")
    editor.get_by_role("button", name="Save draft").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()
    expect(editor.locator("[name=summary]")).to_have_value("Typed on a train.")


def test_a_window_closed_without_a_network_has_its_text_offered_next_time(editor: Page, role: str):
    open_form(editor, role)
    editor.context.set_offline(True)
    write_summary(editor, "Typed in a tunnel.")
    expect(state(editor)).to_have_text("Offline, kept in this browser")
    editor.close(run_before_unload=False)

    editor.context.set_offline(False)
    again = open_form(editor.context.new_page(), role)
    again.get_by_role("button", name="Restore it").click()

    expect(again.locator("[name=summary]")).to_have_value("Typed in a tunnel.")


def test_with_the_session_gone_one_signs_in_in_another_tab_and_goes_on(editor: Page, role: str, site: Site):
    open_form(editor, role)
    end_sessions(site)

    write_summary(editor, "Typed after the session ended.")
    expect(state(editor)).to_contain_text("You are signed out. Your text is kept in this browser.")
    other = editor.context.new_page()
    other.goto("/admin/login/")
    other.get_by_label("Username").fill("editor")
    other.get_by_label("Password").fill(site.password)
    other.get_by_role("button", name="Sign in").click()
    other.close()
    editor.evaluate("dispatchEvent(new Event('focus'))")
    expect(state(editor)).to_contain_text("Kept")
    editor.get_by_role("button", name="Save draft").last.click()

    expect(editor.locator(".messagelist")).to_be_visible()
    assert saved_summary(site, role) == "Typed after the session ended."


def test_two_people_see_each_other_and_choose_between_two_versions(
    editor: Page, colleague: Page, role: str, site: Site
):
    open_form(editor, role)
    open_form(colleague, role)
    expect(colleague.locator("#kept-others")).to_contain_text("Also open")

    write_summary(colleague, "The colleague's summary.")
    colleague.get_by_role("button", name="Save draft").last.click()
    expect(colleague.locator(".messagelist")).to_be_visible()
    editor.evaluate("dispatchEvent(new Event('focus'))")
    expect(editor.locator("#kept-changed")).to_contain_text("saved this at")
    write_summary(editor, "The editor's summary.")
    editor.locator("[name=title_plural]").fill("Platform Engineers of Old")
    editor.get_by_role("button", name="Save draft").last.click()

    expect(editor.get_by_role("heading", level=1)).to_contain_text("Two versions of")
    assert saved_summary(site, role) == "The colleague's summary."
    both = editor.locator(".version").filter(has_text="Summary")
    expect(both).to_contain_text("The editor's summary.")
    both.get_by_label("Yours").check()
    editor.get_by_role("button", name="Save what is chosen").click()

    expect(editor.locator("[name=summary]")).to_have_value("The editor's summary.")
    expect(editor.locator("[name=title_plural]")).to_have_value("Platform Engineers of Old")


def test_two_who_write_one_call_to_action_see_each_other_and_choose(editor: Page, colleague: Page):
    said = []
    editor.on("pageerror", lambda error: said.append(str(error)))
    editor.goto("/admin/recruitcms/calltoaction/")
    editor.locator("#result_list tbody th a").first.click()
    colleague.goto(editor.url)
    heading = editor.locator("[name=heading]")
    expect(colleague.locator("#kept-others")).to_contain_text("Also open: You, in another window")
    heading.fill("The editor's heading")
    expect(state(editor)).to_contain_text("Kept")

    colleague.locator("[name=heading]").fill("The colleague's heading")
    colleague.locator("[name=_continue]").click()
    expect(colleague.locator(".messagelist")).to_be_visible()
    editor.evaluate("dispatchEvent(new Event('focus'))")
    expect(editor.locator("#kept-changed")).to_contain_text("saved this at")
    editor.locator("[name=_continue]").click()
    expect(editor.get_by_role("heading", level=1)).to_contain_text("Two versions of")
    editor.locator(".version").get_by_label("Yours").check()
    editor.get_by_role("button", name="Save what is chosen").click()

    expect(editor.locator(".messagelist")).to_be_visible()
    expect(heading).to_have_value("The editor's heading")
    expect(editor.locator("#kept-here")).to_have_count(0)
    assert said == []


def test_the_preview_follows_what_is_typed_and_nothing_of_it_is_saved(editor: Page, role: str, site: Site):
    said = []
    editor.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    before = saved_summary(site, role)
    open_form(editor, role)
    page = editor.frame_locator(".look__frame")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Platform Engineer")

    editor.locator(".section__open summary").nth(2).click()
    duties = editor.locator("[name=sections-2-body]")
    duties.press("Control+End")
    duties.press_sequentially("\n- Keeps the lamps of [harbour] lit.")

    written = page.get_by_text("Keeps the lamps of")
    expect(written).to_be_visible()
    expect(written.locator("mark.slot")).to_have_text("[harbour]")
    expect(page.locator("#duties h2")).to_be_in_viewport()
    for look, width in [("Phone", 390), ("Print", 794), ("Page", 1180)]:
        editor.get_by_role("button", name=look, exact=True).click()
        expect(page.get_by_text("Keeps the lamps of")).to_be_attached()
        assert editor.locator(".look__frame").evaluate("frame => frame.clientWidth") == width
    assert (saved_summary(site, role), said) == (before, [])


def test_each_of_two_sees_their_own_text_in_the_preview_and_it_outlives_network_and_session(
    editor: Page, colleague: Page, role: str, site: Site
):
    open_form(editor, role)
    open_form(colleague, role)
    mine, theirs = editor.frame_locator(".look__frame"), colleague.frame_locator(".look__frame")
    write_summary(editor, "As the editor has it.")
    write_summary(colleague, "As the colleague has it.")
    expect(mine.get_by_text("As the editor has it.")).to_be_visible()
    expect(theirs.get_by_text("As the colleague has it.")).to_be_visible()
    expect(theirs.get_by_text("As the editor has it.")).to_have_count(0)

    editor.context.set_offline(True)
    write_summary(editor, "Typed in a tunnel.")
    expect(editor.locator(".look__facts")).to_have_text("The preview waits for the server.")
    editor.context.set_offline(False)
    expect(state(editor)).to_contain_text("Kept")
    expect(mine.get_by_text("Typed in a tunnel.")).to_be_visible()

    end_sessions(site)
    write_summary(editor, "Typed without a session.")
    expect(editor.locator(".look__facts")).to_have_text("The preview waits for the server.")
    sign_in(editor.context.new_page(), site).close()
    editor.evaluate("dispatchEvent(new Event('focus'))")
    expect(mine.get_by_text("Typed without a session.")).to_be_visible()


def test_on_a_phone_the_field_stays_in_sight_while_the_preview_follows(editor: Page, role: str):
    editor.set_viewport_size({"width": 390, "height": 800})
    open_form(editor, role)
    page = editor.frame_locator(".look__frame")
    expect(page.locator("#duties")).to_be_attached()
    editor.locator(".section__open summary").nth(2).click()
    duties = editor.locator("[name=sections-2-body]")

    duties.press("Control+End")
    duties.press_sequentially("\n- Waters the [ferns].")
    expect(page.get_by_text("Waters the")).to_be_attached()

    expect(duties).to_be_in_viewport()
    assert editor.locator(".look__frame").evaluate("frame => frame.clientWidth") == 390
    assert editor.locator(".look__frame").evaluate("frame => frame.contentWindow.scrollY") > 200


def test_a_phone_shows_whole_what_kind_of_site_this_is(editor: Page):
    editor.set_viewport_size({"width": 390, "height": 844})
    editor.goto("/admin/")

    badge = editor.locator(".side__top .tag")

    expect(badge).to_have_text("Demonstration site")
    assert badge.evaluate("badge => badge.scrollWidth <= badge.clientWidth")
    expect(editor.get_by_role("link", name="Northbeam")).to_be_visible()


@pytest.mark.parametrize("listed", ["consentevent", "outgoingmail"])
def test_lists_of_mails_and_consents_fit_a_desk(editor: Page, listed: str):
    form = {"name": "Marta", "email": f"{listed}@quillstone.example", "topic": "one", "message": "An SRE."}
    editor.goto("/consultation/")
    form["consent_consultation"] = editor.locator("[name=consent_consultation]").get_attribute("value") or ""
    editor.request.post("/consultation/", form=form, headers={"Sec-Fetch-Site": "same-origin"})

    editor.goto(f"/admin/leads/{listed}/")

    expect(editor.locator("#result_list tbody tr").first).to_be_visible()
    assert editor.locator("#changelist .results").evaluate("list => list.scrollWidth <= list.clientWidth")


def test_the_panel_that_was_open_stands_alone_after_loading_again(editor: Page, role: str):
    open_form(editor, role)
    open_panel(editor, "Publishing")

    editor.reload()

    expect(editor.get_by_role("tabpanel")).to_have_count(1)
    expect(editor.get_by_role("tabpanel", name="Publishing")).to_be_visible()

    editor.goto(f"{role}?from=mail#panel-review")  # as a mail leads to it
    expect(editor.get_by_role("tabpanel", name="Review", exact=True)).to_be_visible()


def test_one_comes_back_to_where_one_was_after_a_save(editor: Page, role: str):
    open_form(editor, role)
    editor.locator(".section__open summary").nth(4).click()
    note = editor.locator("[name=sections-4-note]")
    note.fill("Margin | Two lines.")
    note.scroll_into_view_if_needed()  # Playwright writes where nobody sees it, too

    note.press("Enter")
    expect(editor.locator(".messagelist")).to_be_attached()

    expect(note).to_be_focused()
    expect(note).to_be_in_viewport()
    assert editor.evaluate("scrollY") > 200

"""The form of a role by keyboard, after a reload, and without scripting."""

import contextlib
import sqlite3

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, new_desk
from tests.browser.test_desk import ROLE, leave, open_form, state, write_summary

# Tells of the focused element whether what is painted at its middle is it; of a tall one, at what is in sight of it.
IN_SIGHT = """() => {
  const focused = document.activeElement;
  if (focused === document.body || !focused.closest("#content-main > form")) return null;
  const bar = document.querySelector(".savebar");
  const box = focused.getBoundingClientRect();
  const foot = bar.contains(focused) ? innerHeight : bar.getBoundingClientRect().top;
  const isTall = box.height > foot / 2;
  const y = isTall ? (Math.max(box.top, 0) + Math.min(box.bottom, foot)) / 2 : box.top + box.height / 2;
  const found = document.elementFromPoint(box.left + box.width / 2, y);
  const belongs = found && (focused.contains(found) || found.contains(focused) && !found.contains(bar)
    || [...focused.labels ?? []].some((label) => label.contains(found)));
  return { name: focused.name || focused.id || focused.className, ok: Boolean(belongs), y, foot };
}"""


def form_of(site: Site, slug: str) -> str:
    with contextlib.closing(sqlite3.connect(site.data / "db.sqlite3")) as database:
        row = "SELECT id FROM roles_role WHERE slug = ? AND language = 'en'"
        return ROLE.format(database.execute(row, [slug]).fetchone()[0])


@pytest.fixture
def role(site: Site) -> str:
    """Return the address of a role's form that no other test writes in."""
    return form_of(site, "backend-engineer-python")


def open_text(page: Page):
    """Open the first section and return its text field."""
    page.locator(".section__open summary").first.click()
    return page.locator(".section-row textarea[name$=body]").first


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- One", "- One\n- Two"),
        ("* One", "* One\n* Two"),
        ("Text\n9. One", "Text\n9. One\n10. Two"),
        ("One", "One\nTwo"),
    ],
)
def test_enter_continues_a_list_and_undo_takes_it_back(editor: Page, role: str, before: str, after: str):
    text = open_text(open_form(editor, role))
    text.fill(before)
    text.press("End")

    text.press("Enter")
    editor.keyboard.type("Two")

    expect(text).to_have_value(after)
    for _press in range(9):
        if text.input_value() != before:
            text.press("Control+z")
    expect(text).to_have_value(before)


def test_enter_on_an_item_without_words_ends_the_list(editor: Page, role: str):
    text = open_text(open_form(editor, role))
    text.fill("- One")
    text.press("End")

    text.press("Enter")
    expect(text).to_have_value("- One\n- ")
    text.press("Enter")

    expect(text).to_have_value("- One\n")
    expect(state(editor)).to_contain_text("Kept")


def test_a_field_of_one_line_has_no_lists(editor: Page, role: str):
    open_form(editor, role)
    write_summary(editor, "- One")

    editor.locator("[name=summary]").press("Enter")

    expect(editor.locator("[name=summary]")).to_have_value("- One\n")


def lose_farewells(route) -> None:
    if "_gone" in (route.request.post_data or ""):
        route.abort()
    else:
        route.continue_()


def test_a_window_that_is_loaded_anew_says_nothing_of_another_one(editor: Page, site: Site):
    open_form(editor, form_of(site, "head-of-data"))  # no window of another test was open there a moment ago
    # The word of the old form that it is closed is lost on the way, as it may be.
    editor.route("**/keep/", lose_farewells)
    for _time in range(2):
        with editor.expect_response("**/keep/"):
            editor.reload()
        expect(editor.get_by_role("tablist")).to_be_visible()

        expect(editor.locator("#kept-others")).to_be_hidden()


def test_another_window_is_told_of(editor: Page, role: str):
    open_form(editor, role)

    other = open_form(editor.context.new_page(), role)

    expect(other.locator("#kept-others")).to_contain_text("You, in another window")


def test_what_was_restored_is_said_to_be_kept(editor: Page, role: str):
    open_form(editor, role)
    write_summary(editor, "Typed, and kept.")
    expect(state(editor)).to_contain_text("Kept")
    leave(editor)
    open_form(editor, role)

    expect(editor.locator(".kept")).to_contain_text("Not as saved: ")
    editor.get_by_role("link", name="Restore it").first.click()

    expect(editor.locator("[name=summary]")).to_have_value("Typed, and kept.")
    expect(editor.get_by_role("tablist")).to_be_visible()
    said = state(editor).evaluate("element => new Promise(done => setTimeout(() => done(element.textContent), 200))")
    assert said.startswith("Kept ")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_field_in_which_one_is_is_never_hidden(editor: Page, role: str, width: int):
    editor.set_viewport_size({"width": width, "height": 700})
    open_form(editor, role)
    folded = ".edit__main details:not(.section-row:nth-of-type(n + 5) *)"
    editor.locator(folded).evaluate_all("all => all.forEach((one) => { one.open = true })")
    hidden, seen = [], 0

    for keys in ("Tab", "Shift+Tab"):
        start = ".edit__main :is(input,select,textarea):not([type=hidden])" if keys == "Tab" else ".savebar button"
        editor.locator(start).locator("visible=true").first.focus()
        for _press in range(600):
            editor.keyboard.press(keys)
            found = editor.evaluate(IN_SIGHT)
            if found is None:
                break
            seen += 1
            if not found["ok"]:
                editor.wait_for_timeout(500)  # into the frame of the preview the page scrolls a moment later
                found = editor.evaluate(IN_SIGHT)
            hidden += [] if found["ok"] else [(keys, found)]

    assert seen > 100
    assert hidden == []


def test_a_section_that_is_added_names_its_controls(editor: Page, role: str):
    editor.goto(role)
    for _time in range(2):
        editor.locator("#sections-group .add-row a").click()

    added = editor.locator(".section-row:not(.empty-form)").last
    added.locator("select[name$=kind]").select_option("where")

    group = editor.get_by_role("group", name="Where the role works", exact=True)
    expect(group.last.get_by_role("button", name="Move up")).to_be_visible()
    expect(group.last).to_have_id(added.get_attribute("id"))
    leave(editor)


def test_without_scripting_sections_are_added_and_put_in_order(browser: Browser, site: Site, role: str):
    page = new_desk(browser, site, java_script_enabled=False)
    page.goto(role)
    rows = page.locator(".section-row.has_original")
    before = rows.count()

    page.get_by_role("button", name="Save, and add another: section").click()
    added = page.locator(".section-row:not(.has_original,.empty-form)")
    added.locator("[name$=body]").fill("Written without scripting.")
    added.locator("[name$=position]").fill("0")
    rows.first.locator("[name$=position]").fill("1")
    page.get_by_role("button", name="Save draft").last.click()

    expect(rows).to_have_count(before + 1)
    expect(rows.first.locator("[name$=body]")).to_have_value("Written without scripting.")
    rows.first.locator("summary").click()
    rows.first.get_by_label("Remove this section when saving").check()
    page.get_by_role("button", name="Save draft").last.click()
    expect(rows).to_have_count(before)
    page.context.close()

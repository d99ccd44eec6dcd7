"""Levels in a real browser: the switch, the values, the marks and the copy; and an editor who writes one."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import new_desk

ROLE = "/roles/backend-engineer-python/"
SENIOR = f"{ROLE}senior/"


def switch(page: Page):
    return page.get_by_role("navigation", name="Levels of this role")


def test_the_switch_changes_the_address_the_title_and_the_marked_lines(page: Page):
    page.goto(ROLE)
    expect(page.locator("[data-changed]")).to_have_count(0)

    switch(page).get_by_role("link", name="Senior").click()

    expect(page).to_have_url(re.compile(f"{SENIOR}$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Senior Python Backend Engineer")
    expect(switch(page).locator("[aria-current=page]")).to_have_text("Senior")
    marked = page.locator("#duties li[data-changed]")
    expect(marked.first).to_contain_text("several teams depend on")
    expect(page.locator("#duties li", has_text="charge nobody twice")).not_to_have_attribute("data-changed", "")
    bar = marked.first.evaluate("element => getComputedStyle(element, '::after').borderInlineStartWidth")
    assert bar == "3px"
    expect(page.get_by_text("Marked at the side: what differs from “Python Backend Engineer”")).to_be_visible()


def test_the_switch_is_worked_by_keyboard_and_by_thumb(page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(ROLE)
    heights = [link.bounding_box()["height"] for link in switch(page).get_by_role("link").all()]
    assert min(heights) >= 44
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    switch(page).get_by_role("link", name="Junior").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"{ROLE}mid/$"))


def test_what_was_filled_in_is_there_at_the_next_level_and_in_the_other_language(page: Page):
    page.goto(ROLE)
    page.locator("#fill > summary").click()
    page.get_by_label("Company", exact=True).fill("Halden")
    expect(page.locator("#introduction mark.filled").first).to_have_text("Halden")  # the panel's script is there

    switch(page).get_by_role("link", name="Senior").click()

    expect(page.locator("#introduction mark.filled").first).to_have_text("Halden")
    page.locator("nav.langs a[lang=pl]").first.click()
    expect(page).to_have_url(re.compile(r"/pl/roles/backend-engineer-python/senior/$"))
    expect(page.locator("#introduction mark.filled").first).to_have_text("Halden")
    page.evaluate("localStorage.clear()")


def test_the_copy_of_a_level_has_its_title_and_no_mark(page: Page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(SENIOR)

    page.get_by_role("button", name="Copy template").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()

    read = """async (type) => (await (await navigator.clipboard.read())[0].getType(type)).text()"""
    html, text = page.evaluate(read, "text/html"), page.evaluate(read, "text/plain")
    for copied in (html, text):
        assert "Senior Python Backend Engineer" in copied
        assert "several teams depend on" in copied
        assert "hanged:" not in copied
        assert "data-changed" not in copied
    assert text.startswith("Senior Python Backend Engineer\n")


def test_what_is_shared_is_the_level_that_is_open(page: Page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(SENIOR)
    page.evaluate("delete Navigator.prototype.share")

    page.locator("summary", has_text="Share").click()
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_text("Link copied").first).to_be_visible()

    assert page.evaluate("navigator.clipboard.readText()").endswith(SENIOR)


def test_marks_are_not_printed(page: Page):
    page.goto(SENIOR)
    page.emulate_media(media="print")

    shown = page.locator("#duties li[data-changed]").first
    assert shown.evaluate("element => getComputedStyle(element, '::after').display") == "none"
    expect(page.locator(".levels")).to_be_hidden()
    expect(shown.locator(".vh")).to_be_hidden()


def test_without_scripting_the_switch_and_the_panel_work(browser, site):
    context = browser.new_context(java_script_enabled=False, base_url=site.url)
    page = context.new_page()
    page.goto(ROLE)
    switch(page).get_by_role("link", name="Senior").click()
    page.locator("#fill > summary").click()
    page.get_by_label("Company", exact=True).fill("Halden")
    page.get_by_role("button", name="Show it filled in").click()

    expect(page).to_have_url(re.compile(f"{SENIOR}#doc$"))
    expect(page.locator("#introduction mark.filled").first).to_have_text("Halden")
    expect(page.locator("#duties li[data-changed]").first).to_be_visible()
    context.close()


def test_an_editor_writes_a_section_for_a_level_and_sees_its_page(editor: Page):
    editor.goto("/admin/roles/role/?q=Product+Designer&language__exact=en")
    editor.get_by_role("link", name="Product Designer", exact=True).click()
    rows = editor.locator(".section-row:not(.empty-form)")
    expect(editor.get_by_role("button", name="Publish now").first).to_be_visible()
    before = rows.count()
    what = rows.filter(has=editor.locator("select[name$=kind]:has(option[value=what][selected])")).first
    what.locator("summary").click()

    what.get_by_role("button", name="Senior").click()

    expect(rows).to_have_count(before + 1)
    own = rows.filter(has=editor.locator("select[name$=kind]:has(option[value=what][selected])")).nth(1)
    expect(own.locator(".source__name").first).to_have_text("All levels")
    body = own.locator("[name$=body]")
    expect(body).to_be_visible()
    body.fill("They ask why.")
    frame = editor.frame_locator(".look__frame")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Senior Product Designer")
    expect(frame.locator("#what [data-changed]")).to_contain_text("They ask why.")
    frame.get_by_role("link", name="All levels", exact=True).click()
    expect(frame.locator("#what")).not_to_contain_text("They ask why.")


def test_without_scripting_an_editor_writes_a_section_for_a_level(browser, site):
    page = new_desk(browser, site, java_script_enabled=False)
    page.goto("/admin/roles/role/?q=Lead+Data+Engineer&language__exact=en")
    page.get_by_role("link", name="Lead Data Engineer", exact=True).click()
    where = page.locator(".section-row").filter(
        has=page.locator("select[name$=kind]:has(option[value=where][selected])")
    )
    where.first.locator("summary").click()
    where.first.get_by_role("button", name="Company of over 100 people").click()

    expect(page).to_have_url(re.compile(r"\?written=\d+#id_sections-\d+-body$"))
    expect(page.locator(":target")).to_be_visible()
    expect(where).to_have_count(2)

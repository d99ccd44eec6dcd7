"""An editor writes a page in the admin, previews it, publishes it, and changes it without visitors noticing."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site


def choose(page: Page, field: str, option: str) -> None:
    page.locator(f"select[name={field}]").select_option(label=option)


def open_section(page: Page, kind: str):
    """Open the panel of a section of the form and return it."""
    panel = page.locator(".inline-related:not(.empty-form)").filter(
        has=page.locator(f"select[name$=kind]:has(option[value={kind}][selected])")
    )
    details = panel.locator("details").first
    if details.count() and not details.evaluate("element => element.open"):
        details.locator("summary").first.click()
    return panel


def test_a_role_from_the_first_word_to_a_second_edition(editor: Page, browser: Browser, site: Site):
    visitor = browser.new_context(base_url=site.url).new_page()

    editor.goto("/admin/roles/role/add/")
    editor.locator("[name=title]").fill("Compiler Engineer")
    editor.locator("[name=title_plural]").fill("Compiler Engineers")
    choose(editor, "category", "Engineering")
    choose(editor, "author", "Emre Kowal-Lund")
    editor.locator("[name=summary]").fill("Turns what people meant into what machines do.")
    introduction = open_section(editor, "introduction")
    introduction.locator("[name$=body]").fill("[Company] writes a compiler for [railway signals].")
    editor.locator("[name=_continue]").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()
    with editor.expect_popup() as opened:
        editor.locator("[name=_preview]").click()
    preview = opened.value
    expect(preview.get_by_role("heading", level=1)).to_contain_text("Compiler Engineer")
    expect(preview.locator("mark.slot").first).to_have_text("[Company]")
    expect(preview.get_by_text("Preview of the draft")).to_be_visible()
    assert preview.locator("meta[name=robots]").get_attribute("content") == "noindex"
    assert visitor.goto("/roles/compiler-engineer/").status == 404

    editor.locator("[name=_publish]").first.click()
    expect(editor.locator(".messagelist")).to_contain_text("Published.")

    visitor.goto("/roles/")
    expect(visitor.locator(".role").first).to_contain_text("Compiler Engineer")
    visitor.goto("/roles/compiler-engineer/")
    expect(visitor.locator("#introduction")).to_contain_text("[railway signals]")

    introduction = open_section(editor, "introduction")
    introduction.locator("[name$=body]").fill("[Company] writes a compiler for [satellites].")
    editor.locator("[name=_continue]").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()
    visitor.reload()
    expect(visitor.locator("#introduction")).to_contain_text("[railway signals]")

    editor.locator("[name=_publish]").first.click()
    expect(editor.locator(".messagelist")).to_contain_text("Published.")
    visitor.reload()
    expect(visitor.locator("#introduction")).to_contain_text("[satellites]")


def test_publishing_an_unfinished_role_is_refused_by_the_field_and_nothing_is_lost(editor: Page):
    editor.goto("/admin/roles/role/add/")
    editor.locator("[name=title]").fill("Half a Role")
    choose(editor, "category", "Engineering")
    choose(editor, "author", "Emre Kowal-Lund")

    editor.locator("[name=_publish]").first.click()

    said = editor.locator(".messagelist")
    expect(said).to_contain_text("Saved as a draft, but not published")
    expect(said).to_contain_text("Summary: Write a summary")
    expect(said).to_contain_text("Text: Write at least one section.")
    expect(editor.locator("[name=title]")).to_have_value("Half a Role")


def test_sections_are_moved_by_the_keyboard(editor: Page):
    editor.goto("/admin/roles/role/?q=platform")
    editor.locator("#result_list tbody th a").first.click()
    names = editor.locator(".inline-related:not(.empty-form) select[name$=kind]")
    before = [names.nth(number).input_value() for number in range(3)]

    editor.get_by_role("button", name="Move down").first.focus()
    editor.keyboard.press("Enter")
    editor.locator("[name=_continue]").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()

    after = [names.nth(number).input_value() for number in range(3)]
    assert after == [before[1], before[0], before[2]]


def test_the_console_of_the_admin_stays_empty(editor: Page):
    said = []
    editor.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    editor.on("pageerror", lambda error: said.append(str(error)))

    for address in (
        "",
        "roles/role/",
        "roles/role/add/",
        "recruitcms/sitesettings/1/change/",
        "leads/submission/",
        "leads/outgoingmail/files/",
    ):
        assert editor.goto(f"/admin/{address}", wait_until="networkidle").status == 200

    assert said == []

"""Many roles at once, without a script: an action, a spreadsheet there and back, a variant."""

import csv
import io

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, new_desk


def test_library_work_needs_no_script(browser: Browser, site: Site):
    page = new_desk(browser, site, java_script_enabled=False)
    page.goto("/admin/roles/role/")

    page.locator(".action-select").nth(0).check()
    page.locator(".action-select").nth(1).check()
    page.locator("select[name=action]").select_option(label="Move to a category…")
    page.locator(".actions button").click()
    page.get_by_label("Category").select_option(label="Leadership (English)")
    page.get_by_role("button", name="Show what will change").click()
    page.get_by_role("button", name="Change 2 pages").click()
    expect(page.locator(".messagelist")).to_contain_text("2 pages changed")
    page.get_by_role("link", name="Look, or undo it").click()
    page.get_by_role("button", name="Undo this change").click()
    expect(page.locator(".messagelist")).to_contain_text("Undone.")

    page.goto("/admin/roles/role/sheet/?q=Android")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"), newline="")))
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, list(rows[0]))
    writer.writeheader()
    writer.writerow(rows[0] | {"summary": "Writes Kotlin, and a spreadsheet."})
    page.get_by_label("Spreadsheet").set_input_files(
        {"name": "roles.csv", "mimeType": "text/csv", "buffer": sheet.getvalue().encode()}
    )
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator("ins")).to_have_text("Writes Kotlin, and a spreadsheet.")
    page.get_by_role("button", name="Apply 1 change").click()
    page.get_by_role("button", name="Undo this change").click()
    expect(page.locator(".messagelist")).to_contain_text("Undone.")

    page.goto(f"/admin/roles/role/{rows[0]['id']}/change/")
    page.get_by_role("link", name="New variant").click()
    page.get_by_label("Title:", exact=True).fill("IOS Engineer")
    page.get_by_label("Title in the plural").fill("IOS Engineers")
    page.get_by_label("Other words to replace").fill("Kotlin → Swift")
    page.get_by_role("button", name="Show the changes").click()
    page.get_by_role("button", name="Make the variant as a draft").click()
    expect(page.locator(".messagelist")).to_contain_text("This is a draft made from “Android Engineer”")
    expect(page.locator("[name=title]")).to_have_value("IOS Engineer")

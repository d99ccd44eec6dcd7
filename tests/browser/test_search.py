"""The library answers while the visitor types."""

import re

from playwright.sync_api import Page, expect


def test_results_come_while_typing_and_are_announced(page: Page, site):
    page.goto(f"{site.url}/roles/")
    field = page.locator("#q")
    field.focus()
    field.press_sequentially("machine lear", delay=40)

    expect(page.locator(".roles li").first.locator("h3")).to_have_text(re.compile("Machine Learning"))
    expect(page.locator("#said")).to_have_text(re.compile(r"^\d+ templates? for “machine lear”$"))
    expect(page.locator(".roles mark").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/roles/\?q=machine\+lear$"))
    expect(field).to_be_focused()


def test_what_is_typed_before_the_script_comes_is_looked_for_as_well(page: Page, site):
    waiting = []
    page.route("**/search*.js", lambda route: waiting.append(route))
    page.goto(f"{site.url}/roles/")
    with page.expect_request("**/search*.js"):
        page.locator("#q").focus()
    page.locator("#q").fill("security")
    expect(page.locator("#q")).to_have_value("security")

    waiting.pop().continue_()

    expect(page.locator(".roles mark").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/roles/\?q=security$"))


def test_back_returns_to_the_results(page: Page, site):
    page.goto(f"{site.url}/roles/")
    page.locator("#q").press_sequentially("security", delay=40)
    expect(page.locator(".roles mark").first).to_be_visible()
    first = page.locator(".roles h3 a").first
    title = first.inner_text()
    first.click()
    expect(page.locator("h1")).to_contain_text(title)
    page.go_back()

    expect(page.locator("#q")).to_have_value("security")
    expect(page.locator(".roles h3 a").first).to_have_text(title)


def test_nothing_found_is_said_and_emptying_the_field_lists_everything(page: Page, site):
    page.goto(f"{site.url}/roles/")
    field = page.locator("#q")
    field.press_sequentially("zzzqqq", delay=40)
    expect(page.locator("#said")).to_have_text("Nothing for “zzzqqq”")
    field.fill("")

    expect(page.locator("#said")).to_have_text(re.compile(r"^\d+ templates$"))
    expect(page).to_have_url(re.compile(r"/roles/$"))

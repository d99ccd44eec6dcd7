"""Saved templates in a real browser: kept there, listed there, and told to nobody."""

import json

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, all_told

ROLES = ["lead-data-engineer", "analytics-engineer", "platform-engineer"]


def save(page: Page, *slugs: str) -> None:
    for slug in slugs:
        page.goto(f"/roles/{slug}/")
        page.locator("[data-save]").click()
        expect(page.locator("[data-save]")).to_have_text("Saved")


def kept(page: Page) -> list:
    return json.loads(page.evaluate("localStorage.getItem('saved-templates')") or "[]")


def titles(page: Page):
    return page.locator("#saved li h2")


def test_what_is_saved_is_listed_newest_first_removed_and_never_sent(page: Page):
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    save(page, *ROLES)
    ids = [one["id"] for one in kept(page)]
    assert [one["path"] for one in kept(page)] == [f"/roles/{slug}/" for slug in ROLES]
    sent = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))

    page.goto("/roles/")
    page.get_by_role("contentinfo").get_by_role("link", name="Saved templates").click()

    expect(titles(page)).to_have_text(["Platform Engineer", "Analytics Engineer", "Lead Data Engineer"])
    page.get_by_role("button", name="Remove Analytics Engineer").click()
    expect(titles(page)).to_have_text(["Platform Engineer", "Lead Data Engineer"])
    expect(page.get_by_role("button", name="Remove Lead Data Engineer")).to_be_focused()
    expect(page.locator("#said")).to_have_text("Removed: Analytics Engineer")
    expect(page.locator("#said")).to_have_text("")  # said once
    page.get_by_role("button", name="Remove all").click()
    expect(titles(page)).to_have_count(2)
    page.get_by_role("button", name="Press again to remove all").click()
    expect(page.get_by_role("heading", name="Nothing saved yet")).to_be_visible()
    expect(page.get_by_role("link", name="Browse all templates")).to_be_focused()
    expect(page.locator("#said")).to_have_text("All removed")
    assert page.evaluate("localStorage.length") == 0
    all_told(page)
    assert any("/saved/" in request for request in sent)
    assert not [request for request in sent for key in ids if key in request]
    assert errors == []


def test_a_link_brings_the_list_to_another_browser_by_what_is_not_sent(page: Page, browser: Browser, site: Site):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    save(page, *ROLES[:2])
    page.goto("/saved/")
    page.get_by_role("button", name="Copy a link to this list").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{site.url}/saved/#")

    other = browser.new_context(base_url=site.url).new_page()
    sent = []
    other.on("request", lambda request: sent.append(f"{request.url.split('#')[0]} {request.post_data or ''}"))
    other.goto(link)

    expect(titles(other)).to_have_text(["Lead Data Engineer", "Analytics Engineer"])
    expect(other.get_by_role("heading", name="A list that somebody sent you")).to_be_visible()
    assert kept(other) == []
    other.get_by_role("button", name="Keep these").click()
    expect(other.get_by_role("button", name="Remove Analytics Engineer")).to_be_visible()
    assert {one["path"] for one in kept(other)} == {f"/roles/{slug}/" for slug in ROLES[:2]}
    all_told(other)
    assert any("/saved/" in request for request in sent)
    assert not [request for request in sent for one in kept(other) if one["id"] in request]
    other.context.close()


def test_entries_of_before_get_their_names(page: Page):
    save(page, ROLES[0])
    old = [kept(page)[0]["id"], "00000000-0000-4000-8000-000000000000"]
    page.evaluate("old => localStorage.setItem('saved-templates', JSON.stringify(old))", old)
    page.goto(f"/roles/{ROLES[0]}/")
    expect(page.locator("[data-save]")).to_have_text("Saved")

    page.goto("/saved/")

    expect(titles(page)).to_have_text(["Lead Data Engineer"])
    expect(page.locator("[data-part=elsewhere]")).to_contain_text("not online any more: 1")
    assert kept(page)[0] == {"id": old[0], "path": f"/roles/{ROLES[0]}/", "title": "Lead Data Engineer"}
    page.goto(f"/roles/{ROLES[0]}/")
    page.locator("[data-save]").click()
    expect(page.locator("[data-save]")).to_have_text("Save")
    assert [one["id"] for one in kept(page)] == old[1:]


def test_what_others_put_into_the_storage_is_only_text(page: Page):
    page.goto("/saved/")
    entry = {"id": "x", "path": "javascript:alert(1)", "title": "<img src=x onerror=alert(1)>"}
    page.evaluate("list => localStorage.setItem('saved-templates', list)", json.dumps([entry, entry | {"path": "/"}]))

    page.reload()

    expect(titles(page)).to_have_text(["<img src=x onerror=alert(1)>"])
    expect(page.locator("#saved a[href^=javascript]")).to_have_count(0)


def test_without_scripting_the_page_says_what_it_needs(browser: Browser, site: Site):
    context = browser.new_context(java_script_enabled=False, base_url=site.url)
    page = context.new_page()

    page.goto("/saved/")

    expect(page.locator("noscript .notice")).to_be_visible()
    assert "This page needs JavaScript." in page.locator("noscript .notice").inner_text()
    expect(page.locator("#saved")).to_be_hidden()
    context.close()


def test_share_hands_title_text_and_address_to_the_device(page: Page, site: Site):
    page.add_init_script("navigator.share = async (what) => { window.shared = what; }")
    page.goto(f"/roles/{ROLES[0]}/")

    page.locator("summary", has_text="Share").click()

    shared = page.evaluate("window.shared")
    assert shared["title"].startswith("Lead Data Engineer")
    assert shared["text"]
    assert shared["url"] == f"{site.url}/roles/{ROLES[0]}/"
    expect(page.locator("details.menu[open]")).to_have_count(0)


def test_where_the_device_has_no_sharing_the_menu_opens(page: Page):
    page.add_init_script("delete Navigator.prototype.share")
    page.goto(f"/roles/{ROLES[0]}/")

    page.locator("summary", has_text="Share").click()

    expect(page.get_by_role("main").get_by_role("link", name="LinkedIn")).to_be_visible()

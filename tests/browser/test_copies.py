"""Copies in the browser of what the server never heard of: whose they are, how long they last, what ends them."""

import contextlib
import sqlite3
import subprocess
import sys

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import ROOT, Site, all_told, new_desk, sign_in
from tests.browser.test_change_form import form_of
from tests.browser.test_desk import end_sessions, leave, open_form, saved_summary, state, write_summary

COPIES = "Object.keys(localStorage).filter((name) => name.startsWith('typed ')).length"
QUESTION = (
    "This browser has text of yours that is not saved. If you sign out, it is thrown away. Sign out all the same?"
)
PASSWORD = "correct horse battery"
GUNDA = """
from django.contrib.auth.models import Group, User
User.objects.create_user("gunda", password="correct horse battery", is_staff=True).groups.add(
    Group.objects.get(name="Editors"))
"""


@pytest.fixture(scope="module", autouse=True)
def gunda(site: Site) -> None:
    """Another member of staff."""
    shell = [sys.executable, "manage.py", "shell", "-c", GUNDA]
    subprocess.run(shell, cwd=ROOT, env=site.environment, check=True, capture_output=True)


@pytest.fixture
def role(site: Site) -> str:
    """Return the address of a role's form that no other test writes in."""
    return form_of(site, "delivery-manager")


def answer_all(page: Page) -> list[str]:
    """Say yes to whatever the browser asks from now on. Return what it asks."""
    questions: list[str] = []

    def answer(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.accept()

    page.on("dialog", answer)
    return questions


def type_offline(page: Page, address: str, text: str = "Only in this browser.") -> None:
    """Leave text in the browser that the server never heard of, in a form that stays open."""
    open_form(page, address)
    page.context.set_offline(True)
    write_summary(page, text)
    expect(state(page)).to_have_text("Offline, kept in this browser")


def copy_unsaved(page: Page, address: str, days: float = 0) -> None:
    """Leave text in the browser that the server never heard of, typed so many days ago by whoever is signed in."""
    type_offline(page, address)
    age = f"""() => {{ const name = Object.keys(localStorage).find((name) => name.startsWith('typed '));
        const copy = JSON.parse(localStorage.getItem(name));
        return [name, JSON.stringify({{ ...copy, at: copy.at - {days} * 86400000 }})]; }}"""
    name, text = page.evaluate(age)
    page.route("**/keep/", lambda route: route.abort())
    page.context.set_offline(False)
    leave(page)
    page.evaluate("([name, text]) => localStorage.setItem(name, text)", [name, text])
    page.unroute("**/keep/")


def press_sign_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()


def is_signed_out(page: Page) -> None:
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def typed_by(site: Site, name: str) -> str:
    """Return all that the server keeps of what somebody typed and did not save."""
    wanted = "SELECT typed FROM recruitcms_openform JOIN auth_user ON user_id = auth_user.id WHERE username = ?"
    with contextlib.closing(sqlite3.connect(site.data / "db.sqlite3")) as database:
        return " ".join(text for (text,) in database.execute(wanted, [name]))


# --- signing out ---


def test_signing_out_warns_of_unsaved_text_and_then_throws_it_away(editor: Page, role: str, site: Site):
    copy_unsaved(editor, role)
    asked, sent = [], []
    editor.on("request", lambda request: sent.append(request.url) if "/logout/" in request.url else None)

    editor.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    with editor.expect_event("dialog"):
        press_sign_out(editor)
    all_told(editor)
    tried, stayed, kept = list(sent), editor.url, editor.evaluate(COPIES)
    editor.once("dialog", lambda dialog: dialog.accept())
    press_sign_out(editor)

    is_signed_out(editor)
    assert asked == [QUESTION]
    assert (tried, stayed, kept) == ([], f"{site.url}/admin/", 1)
    assert len(sent) == 1
    assert editor.evaluate(COPIES) == 0


def test_what_was_typed_a_moment_ago_is_kept_on_the_server_before_one_is_signed_out(
    editor: Page, role: str, site: Site
):
    asked = answer_all(editor)
    open_form(editor, role)
    write_summary(editor, "Typed, and out of the door.")

    press_sign_out(editor)
    is_signed_out(editor)
    copies = editor.evaluate(COPIES)
    open_form(sign_in(editor, site), role)
    editor.get_by_role("link", name="Restore it").first.click()

    expect(editor.locator("[name=summary]")).to_have_value("Typed, and out of the door.")
    assert copies == 0
    assert QUESTION not in asked


def test_a_copy_of_what_was_saved_asks_nothing(editor: Page, role: str):
    asked = answer_all(editor)
    open_form(editor, role)
    editor.get_by_role("button", name="Save draft").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()

    press_sign_out(editor)

    is_signed_out(editor)
    assert asked == []
    assert editor.evaluate(COPIES) == 0


# --- for thirty days ---


@pytest.mark.parametrize(("days", "offered"), [(29.9, 1), (30.1, 0)])
def test_a_copy_ends_after_thirty_days(editor: Page, role: str, days: float, offered: int):
    copy_unsaved(editor, role, days)

    open_form(editor, role)

    expect(editor.locator("#kept-here")).to_have_count(offered)
    assert editor.evaluate(COPIES) == offered


# --- another person in the same browser ---


def test_another_person_in_the_same_browser_sees_nothing_of_it(editor: Page, role: str, site: Site):
    copy_unsaved(editor, role)
    asked = answer_all(editor)
    end_sessions(site)

    open_form(sign_in(editor, site, "gunda", PASSWORD), role)

    expect(editor.locator("#keep-state")).to_be_visible()
    with editor.expect_response("**/keep/"):
        editor.evaluate("dispatchEvent(new Event('focus'))")
    expect(editor.locator("#kept-here")).to_have_count(0)
    expect(editor.locator("[name=summary]")).not_to_have_value("Only in this browser.")
    press_sign_out(editor)
    is_signed_out(editor)
    assert (asked, editor.evaluate(COPIES)) == ([], 1)  # it is not hers to throw away

    open_form(sign_in(editor, site), role)
    editor.get_by_role("button", name="Restore it").click()
    expect(editor.locator("[name=summary]")).to_have_value("Only in this browser.")
    assert "Only+in+this+browser" not in typed_by(site, "gunda")


def test_a_form_left_open_saves_nothing_as_somebody_else(editor: Page, role: str, site: Site):
    before = saved_summary(site, role)
    open_form(editor, role)
    other = editor.context.new_page()
    end_sessions(site)
    sign_in(other, site, "gunda", PASSWORD)

    write_summary(editor, "Mine, not hers.")
    expect(state(editor)).to_contain_text("Somebody else is signed in in this browser now.")
    editor.get_by_role("button", name="Save draft").last.click()
    expect(editor.get_by_role("heading", level=1)).to_be_visible()
    assert saved_summary(site, role) == before
    assert "Mine%2C+not+hers" not in typed_by(site, "gunda")

    open_form(sign_in_again(editor, site), role)
    editor.get_by_role("button", name="Restore it").click()
    expect(editor.locator("[name=summary]")).to_have_value("Mine, not hers.")


def sign_in_again(page: Page, site: Site) -> Page:
    page.context.clear_cookies()
    return sign_in(page, site)


# --- a session that ends, a network that goes ---


def test_saving_after_the_session_ended_loses_nothing(editor: Page, role: str, site: Site):
    open_form(editor, role)
    write_summary(editor, "Saved too late.")
    end_sessions(site)

    editor.get_by_role("button", name="Save draft").last.click()
    editor.get_by_label("Username").fill("editor")
    editor.get_by_label("Password").fill(site.password)
    editor.get_by_role("button", name="Sign in").click()
    editor.get_by_role("button", name="Restore it").click()
    expect(editor.locator("[name=summary]")).to_have_value("Saved too late.")
    editor.get_by_role("button", name="Save draft").last.click()

    expect(editor.locator(".messagelist")).to_be_visible()
    assert saved_summary(site, role) == "Saved too late."


def test_a_new_section_typed_without_a_network_is_saved_once_it_is_back(editor: Page, role: str):
    open_form(editor, role)
    editor.context.set_offline(True)
    editor.get_by_text("Add section").click()
    added = editor.locator(".section-row:not(.has_original,.empty-form)")
    added.locator("[name$=kind]").select_option("other")
    added.locator("[name$=heading]").fill("Written in a tunnel")
    added.locator("[name$=body]").fill("Every word of it.")
    expect(state(editor)).to_have_text("Offline, kept in this browser")

    editor.context.set_offline(False)
    expect(state(editor)).to_contain_text("Kept")
    editor.get_by_role("button", name="Save draft").last.click()

    expect(editor.locator(".messagelist")).to_be_visible()
    saved = editor.locator(".section-row.has_original").filter(has=editor.locator("[value='Written in a tunnel']"))
    expect(saved.locator("[name$=body]")).to_have_value("Every word of it.")


def test_two_windows_of_two_people_without_a_network_lose_neither_text(
    editor: Page, browser: Browser, role: str, site: Site
):
    colleague = new_desk(browser, site, "gunda", PASSWORD)
    type_offline(editor, role, "The editor's, in a tunnel.")
    open_form(colleague, role)
    write_summary(colleague, "Gunda's, at her desk.")
    colleague.get_by_role("button", name="Save draft").last.click()
    expect(colleague.locator(".messagelist")).to_be_visible()

    editor.context.set_offline(False)
    expect(editor.locator("#kept-changed")).to_contain_text("gunda saved this at")
    editor.get_by_role("button", name="Save draft").last.click()

    both = editor.locator(".version").filter(has_text="Summary")
    expect(both).to_contain_text("The editor's, in a tunnel.")
    expect(both).to_contain_text("Gunda's, at her desk.")
    assert saved_summary(site, role) == "Gunda's, at her desk."
    colleague.context.close()


# --- more than the server takes, or the browser keeps ---

A_MEGABYTE = "x" * (1024 * 1024)


def write_long(page: Page, megabytes: int) -> None:
    """Put so much text into the first section, as one paste would."""
    fill = "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', { bubbles: true })) }"
    page.locator("[name=sections-0-body]").evaluate(fill, A_MEGABYTE * megabytes)


def test_a_form_that_is_too_long_is_not_sent_and_stays_as_it_is(editor: Page, role: str, site: Site):
    before = saved_summary(site, role)
    open_form(editor, role)
    write_summary(editor, "With twenty megabytes below.")
    write_long(editor, 20)

    expect(state(editor)).to_contain_text("This is more than the server takes at once (8.0")
    expect(state(editor)).to_contain_text("only this window has it, so leave it open.")
    editor.get_by_role("button", name="Save draft").last.click()
    editor.get_by_role("button", name="Save and preview").click()
    expect(editor.locator("[name=summary]")).to_have_value("With twenty megabytes below.")
    assert editor.locator("[name=sections-0-body]").evaluate("field => field.value.length") == 20 * len(A_MEGABYTE)
    assert saved_summary(site, role) == before

    write_long(editor, 1)  # shorter, as it was told
    expect(state(editor)).to_contain_text("Kept")
    editor.get_by_role("button", name="Save draft").last.click()
    expect(editor.locator(".messagelist")).to_be_visible()
    assert saved_summary(site, role) == "With twenty megabytes below."


def test_what_a_browser_cannot_keep_without_a_network_it_does_not_claim_to(editor: Page, role: str):
    open_form(editor, role)
    editor.context.set_offline(True)

    write_long(editor, 6)

    expect(state(editor)).to_have_text(
        "Neither the server nor this browser could keep this text. Copy it somewhere safe."
    )
    editor.get_by_role("button", name="Save draft").last.click()
    expect(state(editor)).to_contain_text("Neither the server nor this browser")
    editor.context.set_offline(False)
    expect(state(editor)).to_contain_text("Kept")


def test_without_scripting_a_form_that_is_too_long_is_still_there_one_page_back(
    browser: Browser, role: str, site: Site
):
    page = new_desk(browser, site, java_script_enabled=False)
    page.goto(role)
    page.locator("[name=sections-0-body]").evaluate("(field, text) => { field.value = text }", A_MEGABYTE * 9)

    page.get_by_role("button", name="Save draft").last.click()
    expect(page.get_by_text("Your text is not lost")).to_be_visible()
    page.go_back()

    assert page.locator("[name=sections-0-body]").evaluate("field => field.value.length") == 9 * len(A_MEGABYTE)
    page.context.close()

"""One editor publishes twice; another compares the two in a browser of their own, and brings the first one back."""

import subprocess
import sys

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ROOT, Site, new_desk, open_panel

COLLEAGUE = """
from django.contrib.auth.models import Group, User
user, _made = User.objects.get_or_create(username="colleague", defaults={"is_staff": True})
user.set_password("correct horse battery")
user.save()
user.groups.add(Group.objects.get(name="Editors"))
"""


def publish(page: Page, note: str) -> None:
    open_panel(page, "Publishing")
    page.locator("[name=revision_note]").fill(note)
    page.locator("[name=_publish]").first.click()
    expect(page.locator(".messagelist")).to_contain_text("Published.")


def test_what_one_editor_published_another_compares_and_restores(browser: Browser, site: Site):
    shell = [sys.executable, "manage.py", "shell", "-c", COLLEAGUE]
    subprocess.run(shell, cwd=ROOT, env=site.environment, check=True, capture_output=True)
    one, other = (
        new_desk(browser, site),
        new_desk(browser, site, "colleague", "correct horse battery"),
    )
    one.goto("/admin/recruitcms/page/add/")
    one.locator("[name=title]").fill("How we answer")
    one.locator("[name=summary]").fill("In short.")
    one.locator("[name=body]").fill("We answer within [one] day.")
    publish(one, "First words")
    form = one.url
    one.locator("[name=body]").fill("We answer within [two] days, always.")
    publish(one, "After the move")

    other.goto(form)
    other.get_by_role("link", name="History").click()
    expect(other.get_by_text("Text: 3 words added, 2 words removed")).to_be_visible()
    other.get_by_label("From revision 1").check()
    other.get_by_label("To revision 2").check()
    other.get_by_role("button", name="Compare side by side").click()
    expect(other.locator("del").first).to_contain_text("[one] day.")
    expect(other.locator("ins").first).to_contain_text("[two] days, always.")
    other.get_by_role("link", name="Restore revision 1").click()
    expect(other.get_by_text("The draft as it is now is revision 2")).to_be_visible()
    other.get_by_role("button", name="Restore revision 1").click()

    expect(other.locator("[name=body]")).to_have_value("We answer within [one] day.")
    one.reload()
    expect(one.locator("[name=body]")).to_have_value("We answer within [one] day.")
    visitor = browser.new_context(base_url=site.url).new_page()
    visitor.goto("/how-we-answer/")
    expect(visitor.get_by_text("We answer within [two] days, always.")).to_be_visible()


def test_the_button_says_when_it_publishes(browser: Browser, site: Site):
    editor = new_desk(browser, site)
    editor.goto("/admin/recruitcms/page/add/")
    button = editor.locator("[name=_schedule]")
    expect(button).to_have_text("Publish at this time")

    open_panel(editor, "Publishing")
    editor.locator("#id_publish_at_0").fill("2031-11-03")
    editor.locator("#id_publish_at_1").fill("09:00")

    expect(button).to_have_text("Publish on 3 Nov 2031 at 09:00, Warsaw time")

"""A text goes from its writer through a guest's and a reviewer's hands to the publisher's."""

import subprocess
import sys

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ROOT, Site, new_desk, open_panel

PASSWORD = "correct horse battery"
STAFF = """
from django.contrib.auth.models import Group, User
for name, group in (("wanda", "Writers"), ("rafal", "Reviewers"), ("paula", "Publishers")):
    user = User.objects.create_user(name, f"{name}@northbeam.example", "correct horse battery", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
"""


@pytest.fixture(scope="module", autouse=True)
def staff(site: Site) -> None:
    shell = [sys.executable, "manage.py", "shell", "-c", STAFF]
    subprocess.run(shell, cwd=ROOT, env=site.environment, check=True, capture_output=True)


def press(page: Page, name: str, said: str) -> None:
    open_panel(page, "Review")
    page.locator(f"#panel-review [name={name}]").click()
    expect(page.locator(".messagelist")).to_contain_text(said)


def test_a_text_is_asked_for_commented_on_approved_and_published(browser: Browser, site: Site):
    writer = new_desk(browser, site, "wanda", PASSWORD)
    writer.goto("/admin/recruitcms/page/add/")
    writer.locator("[name=title]").fill("How we work")
    writer.locator("[name=summary]").fill("In short.")
    writer.locator("[name=body]").fill("### First call\n\nWe listen.\n\n### Second call\n\nWe ask.")
    writer.locator("[name=_continue]").last.click()
    expect(writer.locator("[name=_publish]")).to_have_count(0)
    panel = writer.locator("#panel-review")
    open_panel(writer, "Review")
    panel.get_by_text("Links for people without an account").click()
    panel.locator("[name=link_name]").fill("Anna Nowak")
    press(writer, "_make_link", "The link for Anna Nowak")
    link = panel.get_by_label("Link for Anna Nowak", exact=True).input_value()
    open_panel(writer, "Review")
    panel.locator("[name=reviewer]").select_option(label="rafal")
    panel.locator("[name=review_note]").fill("Is it clear?")
    press(writer, "_ask_review", "a review is asked for")
    document = writer.url.split("#")[0]

    guest = browser.new_context(base_url=site.url, java_script_enabled=False).new_page()
    guest.goto(link)
    guest.get_by_label("About which part?").select_option(label="Second call")
    guest.get_by_label("Your comment").fill("What do you ask?")
    guest.get_by_role("button", name="Send the comment").click()
    expect(guest.get_by_text("Your comment is with the team.")).to_be_visible()
    guest.get_by_role("button", name="I approve this text").click()
    expect(guest.get_by_text("You approved this text on")).to_be_visible()
    assert guest.context.cookies() == []

    site.wait_for_mail("rafal@northbeam.example", "Please review “How we work”")
    reviewer = new_desk(browser, site, "rafal", PASSWORD)
    reviewer.get_by_role("link", name="How we work").first.click()
    panel = reviewer.locator("#panel-review")
    expect(panel).to_contain_text("What do you ask?")
    expect(panel).to_contain_text("Anna Nowak approved the text on")
    open_panel(reviewer, "Review")
    panel.locator("[name=review_note]").fill("Answer her, please.")
    press(reviewer, "_request_changes", "Changes are requested.")
    site.wait_for_mail("wanda@northbeam.example", "Changes requested")

    writer.goto(document)
    writer.locator("[name=body]").fill("### First call\n\nWe listen.\n\n### Second call\n\nWe ask what you pay.")
    expect(writer.locator("#panel-review")).to_contain_text("Answer her, please.")
    press(writer, "_ask_review", "a review is asked for")
    expect(writer.locator("#panel-review")).to_contain_text("The text has changed since.")
    reviewer.goto(document)
    press(reviewer, "_approve", "The text is approved")

    site.wait_for_mail("paula@northbeam.example", "Ready to publish: “How we work”")
    publisher = new_desk(browser, site, "paula", PASSWORD)
    publisher.goto(document)
    expect(publisher.locator("#panel-review")).to_contain_text("rafal approved the text on")
    publisher.locator("[name=_publish]").click()
    expect(publisher.locator(".messagelist")).to_contain_text("Published.")

    visitor = browser.new_context(base_url=site.url).new_page()
    visitor.goto("/how-we-work/")
    expect(visitor.get_by_text("We ask what you pay.")).to_be_visible()

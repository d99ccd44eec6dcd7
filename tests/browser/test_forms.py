"""Sending a form in a real browser: pressed twice, gone back to, and while many others do (REL-3, SEC-26, SEC-27)."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site

REPORT = "/reports/salary-report-2026/"


@pytest.fixture
def visitor(browser: Browser, base_url: str, request: pytest.FixtureRequest):
    """Return a maker of pages, each of a network of its own, with scripting or without."""
    contexts = []

    def make(network: str, script: bool = True) -> Page:
        headers = {"X-Forwarded-For": network}
        context = browser.new_context(java_script_enabled=script, base_url=base_url, extra_http_headers=headers)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def write_enquiry(page: Page, address: str, message: str = "Two data engineers in Poznań.") -> None:
    page.goto("/consultation/")
    page.get_by_label("Your name").fill("Marta Zielik")
    page.get_by_label("Work e-mail").fill(address)
    page.get_by_label("Hire a team").check()
    page.get_by_label("About the role").fill(message)
    page.locator("main input[type=checkbox]").first.check()


def press(page: Page, **how) -> None:
    page.get_by_role("button", name="Request a call").click(**how)


def make_busy(page: Page) -> None:
    """Send as many forms from this network as go without work."""
    box = page.locator("[name=consent_consultation]").get_attribute("value")
    for number in range(12):
        form = {"name": "Somebody", "email": f"busy{number}@quillstone.example", "topic": "one", "message": "One."}
        form["consent_consultation"] = str(box)
        page.request.post("/consultation/", form=form, headers={"Sec-Fetch-Site": "same-origin"})


def test_a_double_click_sends_one_form_and_says_that_it_is_sending(visitor, site: Site):
    page = visitor("203.0.113.1")
    write_enquiry(page, "double@quillstone.example")

    press(page, click_count=2, no_wait_after=True)
    expect(page.get_by_role("button", name="Sending…")).to_be_visible()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert site.submissions("double@quillstone.example") == [("consultation", "new")]


def test_a_double_click_without_script_sends_one_form(visitor, site: Site):
    page = visitor("203.0.113.2", script=False)
    write_enquiry(page, "double-plain@quillstone.example")

    press(page, click_count=2)

    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert site.submissions("double-plain@quillstone.example") == [("consultation", "new")]


@pytest.mark.parametrize("script", [True, False])
def test_back_and_sent_again_is_one_form(visitor, site: Site, script: bool):
    address = f"back-{script}@quillstone.example".lower()
    page = visitor("203.0.113.3", script)
    write_enquiry(page, address)
    press(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")

    page.go_back()
    if page.get_by_label("Work e-mail").input_value() != address:  # a browser that kept nothing of the page
        write_enquiry(page, address)
    press(page)

    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert site.submissions(address) == [("consultation", "new")]


def test_in_a_busy_network_the_browser_does_its_work_unseen(visitor, site: Site):
    page = visitor("203.0.113.4")
    page.goto("/consultation/")
    make_busy(page)

    write_enquiry(page, "worked@quillstone.example")
    press(page)

    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert site.submissions("worked@quillstone.example") == [("consultation", "new")]


def test_in_a_busy_network_a_form_without_script_is_held_and_the_page_says_so(visitor, site: Site):
    page = visitor("203.0.113.5", script=False)
    page.goto("/consultation/")
    make_busy(page)

    write_enquiry(page, "plain@quillstone.example")
    press(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("We have your form, and a person looks at it first")
    assert site.submissions("plain@quillstone.example") == [("consultation", "held")]


def test_a_form_sent_as_soon_as_it_is_filled_in_is_not_taken_for_a_programs(visitor, site: Site):
    """The script waits for the time that a person takes at least: autofill is quick."""
    page = visitor("203.0.113.6")
    write_enquiry(page, "quick@quillstone.example")

    page.get_by_label("Your name").press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert site.submissions("quick@quillstone.example") == [("consultation", "new")]


def test_a_form_that_took_its_time_is_sent(visitor, site: Site):
    """By then the wait is over, and the form goes with the very press."""
    page = visitor("203.0.113.8")
    write_enquiry(page, "slow@quillstone.example")
    expect(page.locator("main [name=ticket]")).not_to_have_value("")

    press(page)

    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert site.submissions("slow@quillstone.example") == [("consultation", "new")]


def test_the_exchange_takes_the_letter_and_its_second_button_does_not(visitor, site: Site):
    page = visitor("203.0.113.7")
    page.goto(REPORT)
    page.get_by_label("First name").fill("Marta")
    page.get_by_label("Work e-mail").fill("exchange@quillstone.example")
    page.locator("[name=consent_report]").check()

    page.get_by_role("button", name="Subscribe, and send me the report").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick the box for the letter")
    page.get_by_role("button", name="Just send me the report").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")
    assert site.submissions("exchange@quillstone.example") == [("report", "new")]


# --- the forms behind a mail's links: a press, and nothing to wait for ---


def own_page(page: Page, site: Site, address: str, kind: str) -> None:
    """Open a page from the mail that answers an enquiry: /u/ to withdraw, /p/ for all that is held."""
    write_enquiry(page, address)
    press(page)
    mail = site.wait_for_mail(address, "We have your message").get_body(("plain",)).get_content()
    page.goto(re.search(rf"http://\S+/{kind}/\S+", mail)[0])


def test_the_button_of_a_mails_page_keeps_its_words_and_waits_for_no_ticket(visitor, site: Site):
    page = visitor("203.0.113.9")
    own_page(page, site, "withdraws@quillstone.example", "u")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("addEventListener('submit', (event) => event.preventDefault())")  # stay, to look at the button

    page.locator("main").get_by_role("button").click()

    expect(page.locator("main").get_by_role("button")).to_have_text("Withdraw and delete")
    assert [url for url in asked if "/forms/ticket/" in url] == []


def test_a_copy_of_ones_data_can_be_taken_twice(visitor, site: Site):
    page = visitor("203.0.113.10")
    own_page(page, site, "copies@quillstone.example", "p")

    for _time in range(2):
        with page.expect_download() as taken:
            page.get_by_role("button", name="Download my data").click()
        assert taken.value.suggested_filename.endswith(".json")


def test_fields_side_by_side_stay_alike_when_one_has_an_error(visitor):
    page = visitor("203.0.113.90", script=False)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/consultation/")

    press(page)

    boxes = [page.locator(f".enquiry [name={name}]").bounding_box() for name in ("name", "company")]
    assert all(boxes)
    for side in ("y", "height"):
        assert abs(boxes[0][side] - boxes[1][side]) < 1

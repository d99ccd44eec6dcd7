"""Programs that check mails open every link, and run scripts. Nothing that they do changes anything (EML-5)."""

import contextlib
import html
import re
import sqlite3
import time
import urllib.error
import urllib.request
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.conftest import Site

# The worker writes the first every round; windows of the desk that other tests left open say that they are there.
SIGNS_OF_LIFE = {"leads_outboxstate", "recruitcms_openform"}
OPEN_SECONDS = 30  # longer than any script of a page waits
AGENTS = [
    "",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
    "Microsoft Office Existence Discovery",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "curl/8.5.0",
    "python-requests/2.32.3",
]


def ask_for_the_report(page: Page, address: str) -> None:
    page.goto("/roles/lead-data-engineer/")
    form = page.locator(".report form")
    form.get_by_label("Work e-mail").fill(address)
    form.locator("input[type=checkbox]").first.check()
    form.get_by_role("button", name="Just send me the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")


def enquire(page: Page, address: str) -> None:
    """Send an enquiry, and ask for the letter with it."""
    page.goto("/consultation/")
    page.get_by_label("Your name").fill("Marta Zielik")
    page.get_by_label("Work e-mail").fill(address)
    page.get_by_label("Hire a team").check()
    page.get_by_label("About the role").fill("A data engineer in Poznań.")
    for name in ("consent_consultation", "consent_letter"):
        page.locator(f"main input[name={name}]").check()
    page.get_by_role("button", name="Request a call").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you.")


def confirm(page: Page, mail: EmailMessage) -> None:
    page.goto(next(url for url in urls_of(mail) if "/c/" in url))
    page.locator("main").get_by_role("button").click()
    expect(page.locator("main .tag--ok")).to_be_visible()


def urls_of(mail: EmailMessage) -> set[str]:
    """Return every address of a mail: in the text, in any attribute of the HTML, in the headers."""
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    text = html.unescape("\n".join([*parts, *(str(value).replace("\n", "") for value in mail.values())]))
    return {url.rstrip(".,)") for url in re.findall(r"https?://[^\s\"'<>]+", text)}


@pytest.fixture(autouse=True)
def own_network(page: Page) -> None:
    """Send these forms from a network of their own, so that no other test's count against them."""
    page.context.set_extra_http_headers({"X-Forwarded-For": "198.51.100.77"})


@pytest.fixture
def mails(page: Page, site: Site) -> list[EmailMessage]:
    """One mail of every kind, and for each purpose a confirmation that nobody has answered yet.

    Of the two to the team, whose only link is to the admin, one.
    """
    taken, waiting = "taken@scan.example", "waiting@scan.example"
    enquirer, asking = "enquirer@scan.example", "asking@scan.example"
    for address in (taken, waiting):
        ask_for_the_report(page, address)
    confirm(page, site.wait_for_mail(taken, "onfirm"))
    for address in (enquirer, asking):
        enquire(page, address)
    confirm(page, site.wait_for_mail(enquirer, "onfirm"))
    awaited = [(taken, "Your report"), (enquirer, "You are on the list"), (asking, "We have your message")]
    for address, subject in [*awaited, (waiting, "onfirm"), (asking, "onfirm"), ("hello@", "New enquiry")]:
        site.wait_for_mail(address, subject)
    wait_until_quiet(site)
    return [mail for mail in site.mails() if "scan.example" in mail["To"]] + [site.wait_for_mail("hello@", "New enq")]


def wait_until_quiet(site: Site) -> None:
    """Return once the worker has said of every mail that it left."""
    ends = time.monotonic() + 20
    while "sending" in column(site, "leads_outgoingmail", "state"):
        assert time.monotonic() < ends, "the outbox does not empty"
        time.sleep(0.1)


def column(site: Site, table: str, name: str) -> list[str]:
    with contextlib.closing(connect(site)) as connection:
        return [value for (value,) in connection.execute(f"SELECT {name} FROM {table}")]


def connect(site: Site) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{site.data / 'db.sqlite3'}?mode=ro", uri=True)


def dump(site: Site) -> dict[str, list[tuple]]:
    """Return all rows of all tables."""
    with contextlib.closing(connect(site)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}


def fetch(url: str, method: str, agent: str) -> int:
    """Follow a link as a program does that reads no scripts. Return the status."""
    request = urllib.request.Request(url, method=method, headers={"User-Agent": agent})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            response.read()
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_no_link_of_any_mail_changes_anything_when_it_is_opened(mails, site: Site, browser: Browser, page: Page):
    urls = sorted(set().union(*map(urls_of, mails)))
    before = dump(site)

    statuses = {fetch(url, method, agent) for url in urls for method in ("GET", "HEAD") for agent in AGENTS}
    scanner = browser.new_context(user_agent=AGENTS[1], accept_downloads=True)
    tabs = []
    for url in urls:
        tabs.append(scanner.new_page())
        with contextlib.suppress(Error):  # a tab cannot show what is downloaded
            tabs[-1].goto(url)
    tabs[0].wait_for_timeout(OPEN_SECONDS * 1000)
    scanner.close()

    kinds = {kind for url in urls for kind in ("/c/", "/d/", "/u/", "/p/", "/admin/") if kind in url}
    assert (kinds, statuses) == ({"/c/", "/d/", "/u/", "/p/", "/admin/"}, {200})
    assert len([url for url in urls if "/c/" in url]) == 4
    changed = {table for table, rows in dump(site).items() if rows != before[table]}
    assert changed - SIGNS_OF_LIFE == set()

    # What would have shown: the one press that a person makes.
    confirm(page, site.wait_for_mail("waiting@scan.example", "onfirm"))
    assert "leads_consentevent" in [table for table, rows in dump(site).items() if rows != before[table]]


def test_a_download_by_the_button_of_our_page_is_counted(page: Page, site: Site):
    """The other half of "a mail's link is not counted"."""
    ask_for_the_report(page, "presses@scan.example")
    confirm(page, site.wait_for_mail("presses@scan.example", "onfirm"))
    before = sum(column(site, "leads_edition", "downloads"))

    with page.expect_download() as download:
        page.locator("main a[href*='/d/']").first.click()

    assert download.value.path().read_bytes().startswith(b"%PDF-")
    assert sum(column(site, "leads_edition", "downloads")) == before + 1

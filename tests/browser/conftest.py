"""The real server (gunicorn, production settings, its own data) and a real browser."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

ROOT = Path(__file__).parent.parent.parent
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# A closed network must not make the browser wait for its maker's services.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
# A script within a page; says whether it ran.
SMUGGLED = """() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    return 'ran' in window;
}"""
expect.set_options(timeout=20_000)  # the machine may be busy; what is waited for is the same


def find_browser() -> str | None:
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or (MAC if Path(MAC).exists() else None)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    browser = find_browser()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))  # one server for all of them
            if not browser and not os.environ.get("REQUIRE_BROWSER"):
                item.add_marker(pytest.mark.skip(reason="no Chromium or Chrome on this machine (set CHROMIUM)"))


@dataclass
class Site:
    """A running site: its address, its folder, and the password of its first account."""

    url: str
    data: Path
    password: str
    environment: dict[str, str]

    def mails(self) -> list[EmailMessage]:
        """Return the mails that were written, oldest first."""
        files = sorted((self.data / "mail").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]  # type: ignore[misc]

    def submissions(self, address: str) -> list[tuple[str, str]]:
        """Return what was kept of an address's forms, oldest first: [(kind, state), …]."""
        wanted = "SELECT kind, state FROM leads_submission JOIN leads_lead ON lead_id = leads_lead.id WHERE email = ?"
        with closing(sqlite3.connect(self.data / "db.sqlite3")) as database:
            return database.execute(f"{wanted} ORDER BY leads_submission.id", [address]).fetchall()

    def wait_for_mail(self, address: str, subject: str, seconds: float = 20) -> EmailMessage:
        """Return the newest mail to an address with these words in its subject, as soon as the worker has sent it."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for mail in reversed(self.mails()):
                if address in str(mail["To"]) and subject in str(mail["Subject"]):
                    return mail
            time.sleep(0.1)
        raise AssertionError(
            f"no mail to {address} about {subject!r}: {[str(mail['Subject']) for mail in self.mails()]}"
        )


@contextmanager
def held_port() -> Iterator[int]:
    """Yield a free port that nobody else is given for as long as this lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site"), "127.0.0.1") as running:
        yield running


@contextmanager
def running_site(data: Path, host: str, **more: str) -> Iterator[Site]:
    """Prepare a site as `make run` does, serve it with gunicorn, and end it cleanly."""
    if not find_browser():
        pytest.fail("REQUIRE_BROWSER is set, and no Chromium or Chrome was found")
    unwanted = {"DJANGO_SETTINGS_MODULE", "DEBUG", "MAIL_URL", "DATABASE_URL", "CACHE_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    with held_port() as port:  # preparing takes long enough for somebody else to be given a port that is merely free
        url = f"http://{host}:{port}"
        environment = kept | {"DATA_DIR": str(data), "SITE_URL": url, "PORT": str(port)}
        # Each test that sends many forms does so from a network of its own.
        environment |= {"TRUSTED_PROXIES": "127.0.0.1", "FORMS_IN_ALL": "1000", "FORMS_PER_NETWORK": "12"} | more
        python = [sys.executable, "manage.py", "prepare"]
        subprocess.run(python, cwd=ROOT, env=environment, check=True, capture_output=True)
    gunicorn = [sys.executable, "-m", "gunicorn", "recruitcms.wsgi", "--config", "deploy/gunicorn.conf.py"]
    with (data / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*gunicorn, "--bind", url.removeprefix("http://")], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        wait_until_up(url, server)
        yield Site(url, data, (data / "first-password").read_text().split()[1], environment)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def wait_until_up(url: str, server: subprocess.Popen[bytes]) -> None:
    for _attempt in range(300):
        try:
            urllib.request.urlopen(url, timeout=5)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not come up")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    return browser_type_launch_args | {"executable_path": find_browser(), "args": FLAGS}


@pytest.fixture(scope="session")
def base_url(site: Site) -> str:
    return site.url


def sign_in(page: Page, site: Site, name: str = "editor", password: str = "") -> Page:
    """Sign a window in, as the first account unless another is named, at the width of a desk."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{site.url}/admin/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password or site.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(site.url + "/admin/")
    return page


def new_desk(browser: Browser, site: Site, name: str = "editor", password: str = "", **options: Any) -> Page:
    """Return a window of another browser, signed in."""
    return sign_in(browser.new_context(base_url=site.url, **options).new_page(), site, name, password)


def open_panel(page: Page, name: str) -> None:
    """Show one of the panels beside a document's form."""
    page.get_by_role("tab", name=name, exact=True).click()


def all_told(page: Page) -> None:
    """Wait until `page.on` has been told of all that a page has asked for and said by now.

    Both are told of in the order in which they happen, so this asks for one thing more, and waits until it is told.
    """
    with page.expect_response("**/robots.txt"):
        page.evaluate("() => { fetch('/robots.txt'); }")
    page.evaluate("0")


@dataclass
class Weight:
    """What a page's first view weighed: over the wire, and by kind of file (unpacked). And which files there were."""

    wire: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    files: set[str] = field(default_factory=set)


def weigh(page: Page, address: str) -> Weight:
    """Open a page, and weigh what was answered once it asks for nothing more.

    Not while it is answered: to read a body takes a moment, in which the page is idle.
    """
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # playwright cannot call a built-in
    page.goto(address, wait_until="networkidle")
    found = Weight()
    for answer in answers:
        if answer.status == 200:
            size = len(answer.body())
            found.kinds[answer.request.resource_type] += size
            found.wire += int(answer.headers.get("content-length", size))
            found.files.add(re.sub(r"\.[0-9a-f]{12}\.", ".", answer.url.rpartition("/")[2]))
    return found


@pytest.fixture
def editor(page: Page, site: Site) -> Page:
    """A window in which the editor is signed in."""
    return sign_in(page, site)


@pytest.fixture
def colleague(browser: Browser, site: Site) -> Iterator[Page]:
    """The same account in another browser."""
    page = new_desk(browser, site)
    yield page
    page.context.close()


CLIPBOARD = """async (isIt) => {
  for (let tries = 0; tries < 400; tries += 1) {
    const text = await navigator.clipboard.readText();
    if (text && (text === 'before') === isIt) return text;
    await new Promise((done) => { setTimeout(done, 50); });
  }
}"""


def copied(page: Page, button: str) -> str:
    """Press a button, and return what is in the clipboard once it is no longer what was there before."""
    page.evaluate("navigator.clipboard.writeText('before')")
    page.evaluate(CLIPBOARD, True)
    page.get_by_role("button", name=button).click()
    return page.evaluate(CLIPBOARD, False)

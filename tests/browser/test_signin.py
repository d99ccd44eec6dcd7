"""Staff sign in with a passkey, by the keyboard alone; Chromium's virtual authenticator is the finger (SEC-9)."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import ROOT, Site, all_told, running_site
from tests.browser.test_accessibility import violations

# What the browser answers when its window is closed.
CANCELLED = "() => { navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"


@pytest.fixture(scope="module")
def strict_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that asks for a second factor, by a name that passkeys may have."""
    with running_site(tmp_path_factory.mktemp("strict"), "localhost", SECOND_FACTOR="1") as running:
        yield running


@pytest.fixture
def keyboard_page(browser: Browser, strict_site: Site) -> Iterator[Page]:
    context = browser.new_context(base_url=strict_site.url)
    page = context.new_page()
    with_finger(page)
    yield page
    context.close()


def with_finger(page: Page) -> None:
    """Give a window an authenticator that is always touched by its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    key |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": key})


def tab_to(page: Page, name: str) -> None:
    """Press Tab until a button or a link of this name has the focus."""
    wanted = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).first
    for _press in range(60):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {name!r}")


def press(page: Page, name: str) -> None:
    tab_to(page, name)
    page.keyboard.press("Enter")


def by_password(page: Page, site: Site) -> None:
    page.goto("/admin/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("editor")
    page.keyboard.press("Tab")
    page.keyboard.type(site.password)
    page.keyboard.press("Enter")


def test_a_passkey_is_set_up_and_signs_in_by_itself_without_a_mouse(keyboard_page: Page, strict_site: Site):
    page = keyboard_page
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    by_password(page, strict_site)
    expect(page).to_have_url(f"{strict_site.url}/admin/account/set-up/")
    press(page, "Set up a passkey")
    tab_to(page, "Make the passkey")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Office laptop")
    press(page, "Make the passkey")

    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    with page.expect_download() as file:
        press(page, "Save as a file")
    assert set(codes) < set(file.value.path().read_text().split())
    press(page, "I have kept them")
    expect(page).to_have_url(f"{strict_site.url}/admin/")

    press(page, "Log out")
    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    press(page, "Sign in again")
    press(page, "Use a passkey")
    expect(page).to_have_url(f"{strict_site.url}/admin/")
    page.goto("/admin/account/")
    expect(page.get_by_text("Office laptop").first).to_be_visible()
    expect(page.get_by_text("last used").first).to_be_visible()

    press(page, "Log out")
    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    by_password(page, strict_site)
    expect(page).to_have_url(f"{strict_site.url}/admin/login/second/")
    press(page, "Use your passkey")
    expect(page).to_have_url(f"{strict_site.url}/admin/")
    page.wait_for_load_state("networkidle")
    all_told(page)
    assert [words for words in said if "Content Security Policy" in words] == []


def test_whoever_cancels_is_told_and_can_try_again(browser: Browser, strict_site: Site):
    page = browser.new_context(base_url=strict_site.url).new_page()
    page.goto("/admin/login/")
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")  # and no authenticator: the browser has nothing to offer
    page.evaluate(CANCELLED)

    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("alert").filter(has_text="did not work, or it was cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_focused()
    page.context.close()


@pytest.fixture(params=[("light", 390), ("light", 1440), ("dark", 390), ("dark", 1440)], ids=lambda p: f"{p[0]}-{p[1]}")
def looks(request: pytest.FixtureRequest, browser: Browser, strict_site: Site) -> Iterator[BrowserContext]:
    scheme, width = request.param
    context = browser.new_context(
        base_url=strict_site.url, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
    )
    yield context
    context.close()


def test_axe_finds_nothing_on_the_pages_of_signing_in(looks: BrowserContext):
    page = looks.new_page()
    found = {}
    for address in ("login/", "forgotten/", "forgotten/sent/", "p/MQ.no-such-token/"):
        page.goto(f"/admin/{address}")
        found[address] = violations(page)
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    found["refused"] = violations(page)

    assert found == {address: [] for address in found}


def test_axe_finds_nothing_on_the_way_to_the_desk(looks: BrowserContext, strict_site: Site):
    """Each look sets the second factor up anew, after a reset."""
    reset = [sys.executable, "manage.py", "reset_factors", "editor"]
    subprocess.run(reset, cwd=ROOT, env=strict_site.environment, check=True, capture_output=True)
    page = looks.new_page()
    with_finger(page)
    by_password(page, strict_site)
    page.wait_for_url("**/set-up/")
    found = {"set-up": violations(page)}
    for address in ("app/", "passkeys/add/"):
        page.goto(f"/admin/account/{address}")
        found[address] = violations(page)
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/recovery-codes/")
    found["codes"] = violations(page)
    page.get_by_role("button", name="I have kept them").click()
    page.wait_for_url("**/admin/")
    for address in ("", "recovery-codes/", "recovery-codes/new/", "again/", "again/passkey/"):
        page.goto(f"/admin/account/{address}")
        found[f"account/{address}"] = violations(page)

    assert found == {address: [] for address in found}


def test_on_a_phone_the_badge_of_a_demonstration_is_whole(browser: Browser, strict_site: Site):
    page = browser.new_page(base_url=strict_site.url, viewport={"width": 390, "height": 844})
    page.goto("/admin/login/")
    badge = page.locator(".side .tag")

    expect(badge).to_have_text("Demonstration site")
    assert badge.evaluate("element => element.scrollWidth <= element.clientWidth")
    page.close()

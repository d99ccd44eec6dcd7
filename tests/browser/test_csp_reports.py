"""A browser refuses what the policy refuses, and says so (SEC-1); by https and the Reporting API: test_topology.py."""

import re
import urllib.request

from playwright.sync_api import Page

from tests.browser.conftest import SMUGGLED, Site


def counted(site: Site) -> float:
    """Return how many reports about scripts the site has counted."""
    with urllib.request.urlopen(f"{site.url}/metrics", timeout=20) as answer:
        found = re.search(r'recruitcms_csp_reports_total\{directive="script-src-elem"\} (\S+)', answer.read().decode())
    return float(found[1]) if found else 0


def test_a_script_within_a_page_is_refused_and_reported(page: Page, site: Site):
    """SEC-1"""
    before = counted(site)
    page.goto("/roles/?q=private+words")

    with page.expect_request("**/csp-reports/") as sent:
        assert page.evaluate(SMUGGLED) is False

    assert sent.value.response().status == 204
    assert counted(site) == before + 1
    log = (site.data / "server.log").read_text()
    assert "A browser refused inline by script-src-elem on /roles/\n" in log
    assert "private" not in log

"""What browsers refused by the policy is counted, and logged once, with nobody in it (SEC-1, SEC-18, SEC-22)."""

import json
import logging
from typing import Any

import pytest
from django.test import Client

from recruitcms import csp_reports, metrics
from recruitcms.logs import RedactingFormatter

ADDRESS = "/csp-reports/"
PAGE = "http://testserver/roles/"
FOREIGN = "https://evil.example"


def send(sent: Any, kind: str = csp_reports.BY_URI, **headers: str) -> int:
    """Send a report as a browser does, or bytes as they are; return the status of the answer."""
    body = sent if isinstance(sent, bytes) else json.dumps(sent)
    return Client(headers=headers).post(ADDRESS, body, content_type=kind).status_code


def by_uri(**more: Any) -> dict[str, Any]:
    """Return a report of the older way, as Firefox writes it."""
    refused = {"document-uri": PAGE, "blocked-uri": f"{FOREIGN}/x.js?id=7", "effective-directive": "script-src-elem"}
    return {"csp-report": refused | {name.replace("_", "-"): value for name, value in more.items()}}


def by_api(**more: Any) -> dict[str, Any]:
    """Return one report of the Reporting API, as Chromium writes it."""
    body = {"documentURL": PAGE, "blockedURL": "inline", "effectiveDirective": "script-src-elem", "sourceFile": PAGE}
    return {"type": "csp-violation", "age": 12, "url": PAGE, "user_agent": "Mozilla/5.0", "body": body | more}


def counts() -> dict[str, float]:
    """Return how many were counted: {directive: number}."""
    samples = [sample for family in metrics.CSP_REPORTS.collect() for sample in family.samples]
    return {sample.labels["directive"]: sample.value for sample in samples if sample.name.endswith("_total")}


@pytest.fixture
def counted():
    """Say what was counted since the test began."""
    before = counts()
    return lambda: {name: n - before.get(name, 0) for name, n in counts().items() if n != before.get(name, 0)}


@pytest.fixture
def logged(caplog):
    """Say what was logged, as it is written."""
    line = RedactingFormatter("{message}", style="{")
    caplog.set_level(logging.INFO)
    return lambda: [line.format(record) for record in caplog.records if record.name.startswith("recruitcms")]


# --- what is sent with pages ---


@pytest.mark.django_db
def test_every_policy_says_where_to_report(client):
    """SEC-1"""
    for path in ("/", "/admin/login/", "/nothing/here/"):
        answer = client.get(path)
        assert "report-uri /csp-reports/" in answer["Content-Security-Policy"].split("; ")
        assert answer["Reporting-Endpoints"] == 'csp="/csp-reports/"'


def test_by_http_a_browser_is_not_sent_the_way_that_needs_https(client):
    assert "report-to" not in client.get("/robots.txt")["Content-Security-Policy"]


# --- what comes back ---


def test_a_report_of_either_kind_is_counted_and_logged_without_asking_the_database(counted, logged):
    """No database is there in this test: asking it would be an error."""
    assert send(by_uri()) == 204
    assert (
        send([by_api(), by_api(effectiveDirective="img-src", blockedURL=f"{FOREIGN}:8443")], csp_reports.BY_API) == 204
    )

    assert counted() == {"script-src-elem": 2, "img-src": 1}
    assert logged() == [
        "A browser refused https://evil.example by script-src-elem on /roles/",
        "A browser refused inline by script-src-elem on /roles/",
        "A browser refused https://evil.example:8443 by img-src on /roles/",
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},  # of a frame that the policy keeps from being one
        {},
    ],
)
def test_a_report_is_taken_wherever_a_browser_says_that_it_comes_from(counted, headers):
    """SEC-13: it has no authority, and needs none."""
    assert send(by_uri(), **headers) == 204
    assert counted() == {"script-src-elem": 1}


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/json", ""])
def test_what_another_sites_page_could_send_is_no_report(counted, kind):
    """SEC-13"""
    assert send(json.dumps(by_uri()).encode(), kind) == 204
    assert counted() == {}


SENSELESS = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 8_000,
    b"9" * 8_000,
    b'"csp-report"',
    b"null",
    {},
    {"csp-report": None},
    {"csp-report": [1]},
    {"csp-report": {"document-uri": 7, "blocked-uri": {}, "effective-directive": []}},
    by_uri(document_uri=""),
    by_uri(document_uri="about"),
    by_uri(document_uri="https://[::1"),
    by_uri(document_uri=f"{FOREIGN}/roles/"),
    by_uri(blocked_uri="https://evil.example:port/"),
    by_uri(blocked_uri="https://"),
]


@pytest.mark.parametrize("sent", SENSELESS, ids=lambda sent: str(sent)[:60])
@pytest.mark.parametrize("kind", [csp_reports.BY_URI, csp_reports.BY_API])
def test_what_makes_no_sense_is_answered_alike_and_dropped(counted, logged, sent, kind):
    assert send(sent, kind) == 204
    assert (counted(), logged()) == ({}, [])


@pytest.mark.parametrize(
    "noise",
    [
        {"blocked_uri": "chrome-extension"},
        {"blocked_uri": "chrome-extension://abcdef/x.js"},
        {"blocked_uri": "moz-extension://abcdef"},
        {"blocked_uri": "safari-web-extension://abcdef"},
        {"blocked_uri": "about"},
        {"blocked_uri": "about:blank"},
        {"blocked_uri": "data"},
        {"blocked_uri": "data:image/png;base64,AAAA"},
        {"blocked_uri": "inline", "source_file": "moz-extension"},
        {"blocked_uri": "inline", "source_file": "chrome-extension://abcdef/x.js"},
        {"blocked_uri": "inline", "source_file": "user-script"},
    ],
    ids=str,
)
def test_what_visitors_have_added_to_their_browsers_is_dropped(counted, logged, noise):
    assert send(by_uri(**noise)) == 204
    assert (counted(), logged()) == ({}, [])


# --- what the log is told ---


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/roles/?q=salary+of+marta#part", "/roles/"),
        ("/c/SECRETTOKEN/", "/c/[redacted]/"),
        ("/pl/u/SECRETTOKEN/?x=1", "/pl/u/[redacted]/"),
        ("/admin/p/MQ.SECRETTOKEN/", "/admin/p/[redacted]/"),
        ("/admin/leads/lead/4711/change/", "/admin/leads/lead/*/change/"),
        ("/people/marta@quillstone.example/", "/people/[address]/"),
        ("/people/marta%40quillstone.example/", "/people/[address]/"),
        ("/a\r\nCRITICAL\x1b[2J\u2028x/", "/a%0D%0ACRITICAL%1B%5B2J%E2%80%A8x/"),
        ("/\ud800/", "/%3F/"),
        ("/" + "a" * 500, "/" + "a" * 99),
    ],
)
def test_a_page_is_named_without_query_token_number_or_address(logged, path, shown):
    """SEC-22"""
    send(by_uri(document_uri=f"http://testserver{path}"))

    [line] = logged()
    # urlsplit itself leaves line breaks out
    assert line.removeprefix(f"A browser refused {FOREIGN} by script-src-elem on ") == shown.replace("%0D%0A", "")


@pytest.mark.parametrize(
    ("blocked", "shown"),
    [
        ("", "inline"),
        ("eval", "eval"),
        ("https://marta:secret@evil.example/path?token=1#x", "https://evil.example"),
        ("http://192.168.1.20/portal", "http://[address]"),
        ("http://[2001:db8::1]:8080/", "http://[address]:8080"),
        ("https://evil\u202egnp.example/", "https://[address]"),
        ("https://" + "a" * 300 + ".example/", "https://[address]"),
        ("wss://evil.example/live", "wss://evil.example"),
    ],
)
def test_what_was_refused_is_named_by_its_origin(logged, blocked, shown):
    """SEC-22"""
    send(by_uri(blocked_uri=blocked))

    assert logged() == [f"A browser refused {shown} by script-src-elem on /roles/"]


def test_the_same_is_logged_once_an_hour(counted, logged):
    for number in range(3):
        send(by_uri(document_uri=f"http://testserver/c/token-{number}/?q={number}"))
    assert len(logged()) == 1

    csp_reports.lines.began -= 3601
    send(by_uri(document_uri="http://testserver/c/token-9/"))

    assert len(logged()) == 2
    assert counted() == {"script-src-elem": 4}


# --- a flood ---


def test_made_up_directives_make_no_new_series(counted):
    """SEC-20: whatever is sent, memory does not grow with it."""
    for number in range(5):
        send(by_uri(effective_directive=f"made-up-{number}"))
    send(by_uri(effective_directive=None, violated_directive="style-src 'self'"))

    assert counted() == {"other": 5, "style-src": 1}


def test_a_network_is_heard_some_times_a_minute_and_others_still_are(counted):
    """SEC-18"""
    for _number in range(30):
        assert send(by_uri()) == 204
    assert counted() == {"script-src-elem": 20}

    Client(REMOTE_ADDR="203.0.113.9").post(ADDRESS, json.dumps(by_uri()), content_type=csp_reports.BY_URI)
    assert counted() == {"script-src-elem": 21}

    csp_reports.by_network.began -= 61
    send(by_uri())
    assert counted() == {"script-src-elem": 22}


def test_many_networks_together_fill_neither_memory_nor_the_log(counted, logged):
    """SEC-18, SEC-22"""
    for number in range(400):
        report = json.dumps(by_uri(document_uri=f"http://testserver/made-up-{number}/"))
        client = Client(REMOTE_ADDR=f"2001:db8:0:{number:x}::1")
        assert client.post(ADDRESS, report, content_type=csp_reports.BY_URI).status_code == 204

    assert counted() == {"script-src-elem": 300}
    assert len(csp_reports.by_network.counts) == 300
    assert len(logged()) == len(csp_reports.lines.counts) == 50


def test_of_many_reports_in_one_request_the_first_are_read(counted):
    send([{**by_api(), "body": {"documentURL": PAGE, "blockedURL": "inline"}}] * 100, csp_reports.BY_API)

    assert counted() == {"other": csp_reports.AT_ONCE}


@pytest.mark.django_db
def test_what_is_larger_than_reports_are_is_not_read(counted):
    """SEC-24"""
    assert send(by_uri(script_sample="x" * csp_reports.MAX_BYTES)) == 413
    assert counted() == {}

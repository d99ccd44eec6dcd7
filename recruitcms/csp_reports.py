"""What browsers refused by our Content-Security-Policy, as they report it (SEC-1).

Anybody can send anything here. So nothing is kept but counts for /metrics and, once an hour, a line of the log for what
was refused where: no query, no token, no number of a record, nobody's address. The limits are each process's own and in
its memory: a flood reaches neither the database nor the cache.
"""

import json
import logging
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from csp.utils import DEFAULT_DIRECTIVES
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import validate_host
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from recruitcms import metrics
from recruitcms.logs import redacted
from recruitcms.networks import network_of

log = logging.getLogger(__name__)

MAX_BYTES = 32 * 1024
AT_ONCE = 20  # reports that one request may bring; a browser gathers them for a minute
LONGEST = 100  # letters of a path that are logged
BY_URI, BY_API = "application/csp-report", "application/reports+json"
WORDS = {"inline", "eval", "wasm-eval", "self"}  # what browsers say in place of an address
WEB = {"http", "https", "ws", "wss"}
NAME = re.compile(r"(?=.{1,100}$)(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*")  # of a host; an IP address is none
NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")

for directive in [*DEFAULT_DIRECTIVES, "other"]:
    metrics.CSP_REPORTS.labels(directive)  # there from the start, for the alarm


class Limit:
    """How often each of many may do something, and all of them together, within so many seconds.

    What is remembered is bounded by `in_all`, and forgotten when the seconds are over.
    """

    def __init__(self, each: int, in_all: int, seconds: float) -> None:
        self.each, self.in_all, self.seconds = each, in_all, seconds
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget who did what."""
        self.counts: Counter[Any] = Counter()
        self.began = time.monotonic()

    def allows(self, who: Any) -> bool:
        """Count one more, and tell whether it is within the limit; what is beyond is not counted."""
        with self.lock:
            if time.monotonic() - self.began > self.seconds:
                self.clear()
            if self.counts[who] >= self.each or self.counts.total() >= self.in_all:
                return False
            self.counts[who] += 1
            return True


by_network = Limit(each=20, in_all=300, seconds=60)
lines = Limit(each=1, in_all=50, seconds=3600)


@dataclass(frozen=True)
class Refusal:
    """Which directive refused what, and on which page: nothing in it is a visitor's."""

    directive: str
    source: str
    page: str


@csrf_exempt
@require_POST
def csp_reports(request: HttpRequest) -> HttpResponse:
    """Count and log what a browser refused. The answer is the same whatever becomes of it."""
    if by_network.allows(network_of(request)):
        for refusal in filter(None, map(read, reports_in(request))):
            metrics.CSP_REPORTS.labels(refusal.directive).inc()
            if lines.allows(refusal):
                log.warning("A browser refused %s by %s on %s", refusal.source, refusal.directive, refusal.page)
    return HttpResponse(status=204)


# Browsers report without an Origin, or with one of `null`. Another site's page may not send these types without asking.
csp_reports.cross_origin_ok = True  # type: ignore[attr-defined]
csp_reports.max_bytes = MAX_BYTES  # type: ignore[attr-defined]


def reports_in(request: HttpRequest) -> list[Any]:
    """Return what a request reports, as it came: the older way one, by the Reporting API several; [] if neither."""
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        return []
    if request.content_type == BY_URI and isinstance(sent, dict):
        return [sent.get("csp-report")]
    if request.content_type == BY_API and isinstance(sent, list):
        return [
            one.get("body") for one in sent[:AT_ONCE] if isinstance(one, dict) and one.get("type") == "csp-violation"
        ]
    return []


def read(report: Any) -> Refusal | None:
    """Return what a report says, or None where it makes no sense, is not about a page of ours, or is an extension's."""
    if not isinstance(report, dict):
        return None

    def said(*names: str) -> str:
        return next((report[name] for name in names if isinstance(report.get(name), str)), "")

    directive = said("effectiveDirective", "effective-directive", "violated-directive").partition(" ")[0]
    script = said("sourceFile", "source-file")
    try:
        page = _page(said("documentURL", "document-uri"))
        source = _source(said("blockedURL", "blocked-uri"))
        is_ours = not script or urlsplit(script).scheme in WEB
    except ValueError:
        return None
    known = directive if directive in DEFAULT_DIRECTIVES else "other"
    return Refusal(known, source, page) if page and source and is_ours else None


def _page(url: str) -> str:
    """Return the path of a page of ours as it may stand in a log; "" for any other. ValueError: it is no address."""
    parts = urlsplit(url)
    if parts.scheme not in WEB or not validate_host(parts.hostname or "", settings.ALLOWED_HOSTS):
        return ""
    return NUMBER.sub("*", redacted(quote(parts.path or "/", safe="/%", errors="replace")))[:LONGEST]


def _source(blocked: str) -> str:
    """Return what was refused: a word, or an origin; "" for what no page of ours names (extensions, data:, about:).

    ValueError: it is no address. CSP 2 says nothing where what was refused stands in the page.
    """
    if not blocked or blocked in WORDS:
        return blocked or "inline"
    parts = urlsplit(blocked)
    if parts.scheme not in WEB or not parts.hostname:
        return ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname if NAME.fullmatch(parts.hostname) else '[address]'}{port}"

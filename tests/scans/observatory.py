"""What MDN's HTTP Observatory checks, by its published rules: a page begins with 100, each test adds or takes points.

What adds counts only where no more than ten were taken. Below 100 is no A+. Its server is not asked: it could not reach
a topology on loopback.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup

from tests.scans.findings import Finding
from tests.topology import Reply, Topology

PAGES = ["/", "/roles/", "/roles/lead-data-engineer/", "/reports/salary-report-2026/", "/consultation/", "/pl/"]
PAGES += ["/admin/login/", "/nothing-of-this-name/", "/c/no-such-token/"]
SIX_MONTHS = 15_768_000  # seconds
PRIVATE = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
NONE = "'none'"


@dataclass(frozen=True)
class Result:
    """What one test of one page gives: points, and why."""

    test: str
    points: int
    words: str


def policy_of(reply: Reply) -> dict[str, list[str]]:
    """Return the Content-Security-Policy: {directive: [source, …]}."""
    parts = [part.split() for part in reply.headers.get("content-security-policy", "").split(";")]
    return {part[0]: part[1:] for part in parts if part}


def csp(topology: Topology, reply: Reply) -> Result:
    policy = policy_of(reply)
    if not policy:
        return Result("csp", -25, "there is none")
    scripts = policy.get("script-src", policy.get("default-src", ["*"]))
    styles = policy.get("style-src", policy.get("default-src", ["*"]))
    objects = policy.get("object-src", policy.get("default-src", ["*"]))
    wide = {"*", "http:", "https:", "data:", "blob:", "'unsafe-inline'", "'unsafe-eval'"}
    if wide & {*scripts, *objects} or any(source.startswith("http://") for source in scripts):
        return Result("csp", -20, f"scripts from {scripts}, objects from {objects}")
    if "'unsafe-inline'" in styles:
        return Result("csp", 0, "styles within pages")
    if policy.get("default-src") == [NONE]:
        return Result("csp", 10, "nothing unsafe, and nothing that is not named")
    return Result("csp", 5, "nothing unsafe")


def cookies(topology: Topology, reply: Reply) -> Result:
    if not reply.cookies:
        return Result("cookies", 0, "none")
    for cookie in reply.cookies:
        marks = {part.strip().lower() for part in cookie.split(";")[1:]}
        if "secure" not in marks:
            return Result("cookies", -40, "one that goes over http as well")
        if "httponly" not in marks:
            return Result("cookies", -30, "one that scripts read")
        if not marks & {"samesite=lax", "samesite=strict"}:
            return Result("cookies", -20, "one that other sites' requests carry")
    return Result("cookies", 5, "Secure, HttpOnly and SameSite")


def cors(topology: Topology, reply: Reply) -> Result:
    foreign = topology.get("/", Origin="https://evil.example").headers
    allowed = reply.headers.get("access-control-allow-origin", foreign.get("access-control-allow-origin"))
    return Result("cors", 0, "none") if allowed is None else Result("cors", -50, f"open to {allowed}")


def redirection(topology: Topology, reply: Reply) -> Result:
    answer = topology.by_http("/roles/")
    target = urlsplit(answer.headers.get("location", ""))
    if answer.status == 301 and target.scheme == "https" and target.netloc == urlsplit(topology.url).netloc:
        return Result("redirection", 0, "http leads to https of the same name first")
    return Result("redirection", -20, f"http is answered with {answer.status}")


def referrer_policy(topology: Topology, reply: Reply) -> Result:
    words = reply.headers.get("referrer-policy", "")
    return Result("referrer-policy", 5 if words in PRIVATE else -5, words or "none")


def strict_transport_security(topology: Topology, reply: Reply) -> Result:
    words = reply.headers.get("strict-transport-security", "")
    age = re.search(r"max-age=(\d+)", words)
    if not age:
        return Result("strict-transport-security", -20, "there is none")
    return Result("strict-transport-security", 0 if int(age[1]) >= SIX_MONTHS else -10, words)


def scripts(topology: Topology, reply: Reply) -> Result:
    """Subresource integrity matters for scripts of others; here there are none, and none within pages."""
    here = urlsplit(topology.url).netloc
    for script in BeautifulSoup(reply.body, "html.parser").select("script"):
        if script.get("type") == "application/ld+json":
            continue
        if not script.get("src"):
            return Result("scripts", -20, "one stands in the page")
        if urlsplit(urljoin(topology.url, str(script["src"]))).netloc != here:
            return Result("scripts", -50 if not script.get("integrity") else 5, f"{script['src']} is another's")
    return Result("scripts", 0, "all of them our own files")


def content_type_options(topology: Topology, reply: Reply) -> Result:
    words = reply.headers.get("x-content-type-options", "")
    return Result("x-content-type-options", 0 if words == "nosniff" else -5, words or "none")


def frames(topology: Topology, reply: Reply) -> Result:
    if policy_of(reply).get("frame-ancestors") == [NONE]:
        return Result("x-frame-options", 5, "by frame-ancestors")
    words = reply.headers.get("x-frame-options", "")
    return Result("x-frame-options", 0 if words in {"DENY", "SAMEORIGIN"} else -20, words or "none")


def cross_origin_resource_policy(topology: Topology, reply: Reply) -> Result:
    words = reply.headers.get("cross-origin-resource-policy", "")
    points = {"same-origin": 10, "same-site": 10, "cross-origin": 0, "": 0}
    return Result("cross-origin-resource-policy", points.get(words, -5), words or "none")


TESTS: list[Callable[[Topology, Reply], Result]] = [
    csp,
    cookies,
    cors,
    redirection,
    referrer_policy,
    strict_transport_security,
    scripts,
    content_type_options,
    frames,
    cross_origin_resource_policy,
]


def score(results: list[Result]) -> int:
    """Return the points of a page: what adds counts only from 90 on."""
    kept = 100 + sum(result.points for result in results if result.points < 0)
    return max(0, kept + (sum(result.points for result in results if result.points > 0) if kept >= 90 else 0))


def scan(topology: Topology) -> tuple[list[Finding], dict[str, int]]:
    """Return what took points on which page, and the points of each page."""
    found, points = [], {}
    for path in PAGES:
        reply = topology.get(path)
        results = [test(topology, reply) for test in TESTS]
        points[path] = score(results)
        found += [Finding("observatory", one.test, path, one.words) for one in results if one.points < 0]
    return found, points

"""Visitors: they fill in the real forms as a browser does, and write down what they were answered."""

import http.client
import itertools
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

REPORT, CONSULTATION = "/reports/salary-report-2026/", "/consultation/"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
PATIENCE = 60  # seconds; longer than any wait that the site allows itself
NO_ANSWER, NO_SERVER = 0, -1  # the connection broke; there was none

numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """What a request got: an HTTP status, NO_ANSWER or NO_SERVER."""

    status: int
    seconds: float
    email: str = ""
    retry_after: str = ""
    body: str = ""


class FormReader(HTMLParser):
    """Reads the hidden fields and boxes of the posted form at a path: {name: value}."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.fields: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            action = urlsplit(values.get("action") or self.path).path
            self._inside = values.get("method", "").lower() == "post" and action == self.path
        if tag == "input" and self._inside and values.get("type") in {"hidden", "checkbox"} and values.get("name"):
            self.fields[values["name"]] = values.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


def request(url: str, path: str, form: dict[str, str] | None = None, network: str = "10.0.0.1") -> Answer:
    """Get a page of the site at `url`, or post a form to it as a browser would, from a network address."""
    parts = urlsplit(url)
    headers = {"User-Agent": BROWSER, "X-Forwarded-For": network, "Accept": "text/html"}
    if form is not None:
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": url, "Referer": f"{url}{path}"}
        headers |= {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE)
    began = time.monotonic()
    try:
        connection.connect()
    except OSError:
        return Answer(NO_SERVER, time.monotonic() - began)
    try:
        connection.request("GET" if form is None else "POST", path, urlencode(form) if form else None, headers)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return Answer(NO_ANSWER, time.monotonic() - began)
    finally:
        connection.close()
    waited = response.headers.get("Retry-After", "")
    return Answer(response.status, time.monotonic() - began, retry_after=waited, body=body)


class Visitors:
    """People who fill in the forms of one site, each with an address and a network of their own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.forms = {path: self._read(path) for path in (REPORT, CONSULTATION)}

    def _read(self, path: str) -> dict[str, str]:
        reader = FormReader(path)
        reader.feed(request(self.url, path).body)
        if not any(name.startswith("consent_") for name in reader.fields):
            raise LookupError(f"there is no form at {path}")
        return reader.fields

    def fields(self, path: str, number: int, email: str) -> dict[str, str]:
        """Return what a visitor fills in, with the form's hidden fields; every other one wants the letter too."""
        filled = self.forms[path] | {"name": "Marta", "email": email}
        if path == CONSULTATION:
            filled |= {"company": "Quillstone", "topic": "one", "message": f"A developer, please. ({number})"}
        if number % 4 < 2:
            filled.pop("consent_letter", None)
            filled["alone"] = "1"  # the report's second button
        return filled

    def post(self, path: str) -> Answer:
        """Send one form from a new person."""
        number = next(numbers)
        email = f"visitor{number}-{secrets.token_hex(3)}@company{number}.example"
        answer = request(self.url, path, self.fields(path, number, email), network_of(number))
        return Answer(answer.status, answer.seconds, email, answer.retry_after, answer.body)

    def post_many(self, count: int, paths: tuple[str, ...], threads: int = 4, ready: Callable = bool) -> list[Answer]:
        """Send so many forms by several threads, to the paths in turn. `ready` is called before each."""
        turn = threading.Lock()
        turns = itertools.cycle(paths)

        def send(_number: int) -> Answer:
            ready()
            with turn:
                path = next(turns)
            return self.post(path)

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(send, range(count)))


def network_of(number: int) -> str:
    """Return a private address that is far from the one before, so that limits by network count nothing."""
    spread = number * 7919 % 2**24
    return f"10.{spread >> 16}.{spread >> 8 & 255}.{spread & 255}"

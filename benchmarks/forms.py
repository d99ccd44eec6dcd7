"""Requests for the salary report, sent to our form and to Wagtail's: each from another address, each one counted."""

import re
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.load import Load, run_wrk

CONNECTIONS = 4  # more would be told to wait: of four threads one is for readers (REL-11)
REPORT = "/reports/salary-report-2026/"
# Another address with each request, and another network, as of another visitor: a limit would answer otherwise.
SCRIPT = """
local count, start = 0, os.time() % 100000 * 10000
request = function()
   count = count + 1
   local number = start + count
   wrk.headers["X-Forwarded-For"] = "10." .. math.floor(number / 65536) % 256 .. "." ..
       math.floor(number / 256) % 256 .. "." .. number % 256
   return wrk.format("POST", nil, nil, "BODY&email=visitor-" .. number .. "%40x.example")
end
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
HEADERS
"""


@dataclass(frozen=True)
class Form:
    """What a browser that has the page sends, but for the address."""

    url: str
    fields: dict[str, str]
    headers: dict[str, str]

    def press(self, seconds: float) -> Load:
        """Send it for some seconds. RuntimeError: an answer was an error."""
        headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in self.headers.items())
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(SCRIPT.replace("BODY", urlencode(self.fields)).replace("HEADERS", headers))
            script.flush()
            return run_wrk(self.url, seconds, "-s", script.name, connections=CONNECTIONS)


def our_form(url: str) -> Form:
    """Return our form, with the wording that it shows and the box of its gate ticked."""
    with urllib.request.urlopen(url + REPORT, timeout=30) as answer:
        page = answer.read().decode()
    wordings = dict(re.findall(r'name="(consent_\w+)" value="(\w+)"', page))
    fields = {"name": "Marta", "page": "", "cta": "", "referrer": "", "website": "", "gate": _value("gate", page)}
    return Form(url + REPORT, fields | wordings, {"Sec-Fetch-Site": "same-origin"})


def wagtail_form(url: str) -> Form:
    """Return Wagtail's form, with the token and the cookie that belong to it."""
    with urllib.request.urlopen(f"{url}/report/", timeout=30) as answer:
        page, cookie = answer.read().decode(), answer.headers["Set-Cookie"].split(";")[0]
    return Form(
        f"{url}/report/",
        {"agree": "on", "csrfmiddlewaretoken": _value("csrfmiddlewaretoken", page)},
        {"Cookie": cookie},
    )


def _value(name: str, page: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def rows_in(database_url: str, table: str) -> int:
    """Return how many rows a table has."""
    if database_url.startswith("sqlite"):
        import sqlite3

        with sqlite3.connect(Path(database_url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    import psycopg

    with psycopg.connect(database_url) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # type: ignore[index,arg-type]

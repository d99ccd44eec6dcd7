"""Requests for the salary report, sent to our form and to Wagtail's: each from another address, each one counted."""

import re
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from benchmarks.load import Load, fetch, run_wrk

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
    page = fetch(url + REPORT, "identity")[2].decode()
    wordings = dict(re.findall(r'name="(consent_\w+)" value="(\w+)"', page))
    fields = {"name": "Marta", "page": "", "cta": "", "referrer": "", "website": "", "gate": _value("gate", page)}
    return Form(url + REPORT, fields | wordings, {"Sec-Fetch-Site": "same-origin"})


def wagtail_form(url: str) -> Form:
    """Return Wagtail's form, with the token and the cookie that belong to it."""
    _status, headers, body = fetch(f"{url}/report/", "identity")
    token = _value("csrfmiddlewaretoken", body.decode())
    return Form(
        f"{url}/report/",
        {"agree": "on", "csrfmiddlewaretoken": token},
        {"Cookie": headers["Set-Cookie"].split(";")[0]},
    )


def _value(name: str, page: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def kept_by(database_url: str, counting: str) -> int:
    """Return what a query counts in a database: how many forms a side has kept."""
    connection: Any
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(Path(database_url.removeprefix("sqlite:///")))
    else:
        connection = psycopg.connect(database_url)
    with closing(connection):
        return connection.execute(counting).fetchone()[0]


# What proves a form was kept: with us a mail is owed and the ledger has its entry.
OURS = """SELECT count(*) FROM leads_submission s JOIN leads_outgoingmail m ON m.submission_id = s.id
WHERE m.kind = 'confirm' AND EXISTS (SELECT 1 FROM leads_consentpayload p WHERE p.form = s.public_id)"""
WAGTAILS = "SELECT count(*) FROM wagtailforms_formsubmission"

"""Scenario g: everybody presses twice, and some browsers send again what they had no answer to."""

import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from tests.faults.site import Bench
from tests.faults.visitors import CONSULTATION, REPORT, Answer, Visitors, network_of, request

FORMS = 60
TIMES = 4  # that each form arrives, all at once
OLD_ENOUGH = 2.0  # seconds from a ticket to sending it: the site holds what is quicker than a person


def double_click(bench: Bench) -> None:
    """REL-3: however often a form arrives at the same moment, it is one submission with one answer.

    Half of the forms have a ticket, as scripts fetch it; the other half are sent as without scripting.
    """
    with bench.site() as (site, _sink):
        site.start_web()
        visitors = Visitors(site.url)
        forms = [_form(visitors, number) for number in range(FORMS)]
        time.sleep(OLD_ENOUGH)
        with ThreadPoolExecutor(2 * TIMES) as pool:
            sent = [
                pool.submit(_post, visitors, number, form) for number, form in enumerate(forms) for _ in range(TIMES)
            ]
        answers = [one.result() for one in sent]
        kept = len(site.database.rows("SELECT id FROM leads_submission"))
        other = sum(answer.status != 303 for answer in answers)
        bench.figures.promise(f"{FORMS} forms sent {TIMES} times each: kept {kept}", f"REL-3: {FORMS}", kept == FORMS)
        bench.figures.promise(f"other answers than 303: {other}", "REL-3: none", other == 0)
        bench.check_kept(site, answers)
        bench.check_ledger(site)


def _path(number: int) -> str:
    return (REPORT, CONSULTATION)[number // 2 % 2]


def _form(visitors: Visitors, number: int) -> dict[str, str]:
    """Return a filled-in form; every other one with a ticket."""
    email = f"twice{number}-{secrets.token_hex(3)}@company{number}.example"
    form = visitors.fields(_path(number), number, email)
    if number % 2:
        form["ticket"] = json.loads(request(visitors.url, "/forms/ticket/").body)["ticket"]
    return form


def _post(visitors: Visitors, number: int, form: dict[str, str]) -> Answer:
    answer = request(visitors.url, _path(number), form, network_of(number))
    return Answer(answer.status, answer.seconds, form["email"], answer.retry_after, answer.body)

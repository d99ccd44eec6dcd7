"""Can somebody learn from the form whether we know an address? (EML-10) `make enumeration` tries, and says.

A real server; posts for addresses that are new, pending, confirmed and suppressed, in random order, one after another
on one connection. Status, headers and body must be the same; and from the times nobody may tell two groups apart: AUC
is the share of pairs that the slower answer would sort rightly, 0.5 for guessing. Ends with 1 outside 0.45 to 0.55.
"""

import http.client
import ipaddress
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).parent.parent
GROUPS = ("new", "pending", "confirmed", "suppressed")
LOW, HIGH = 0.45, 0.55
WARM_UP = 100
RESAMPLES = 1000
VARYING = {"date"}  # headers that may differ
TAKEN = (303, "/reports/salary-report-2026/sent/")  # a form that is refused or held would prove nothing


def main() -> int:
    """Measure, print the table, and return the exit code."""
    options = ArgumentParser(description=__doc__)
    options.add_argument("--each", type=int, default=1000, help="addresses in each group")
    options.add_argument("--seed", type=int, default=secrets.randbits(32))
    options.add_argument("--port", type=int, default=8765)
    chosen = options.parse_args()
    dice = random.Random(chosen.seed)  # noqa: S311  (an order to be repeated, nothing secret)
    say(f"Seed {chosen.seed}, {chosen.each} addresses in each group.")
    with tempfile.TemporaryDirectory(prefix="recruitcms-enumeration-") as folder:
        url = f"http://127.0.0.1:{chosen.port}"
        os.environ.update(DATA_DIR=folder, SITE_URL=url, PORT=str(chosen.port), EMBEDDED_WORKER="0")
        os.environ.update(TRUSTED_PROXIES="127.0.0.0/8", FORMS_IN_ALL="1000000", DEBUG="0", DATABASE_URL="")
        manage("prepare")
        addresses = {group: [f"{secrets.token_hex(8)}@x.example" for _ in range(chosen.each)] for group in GROUPS}
        form = seed(addresses)
        with Server(url):
            answers, times = measure(url, form, addresses, dice)
    return report(answers, times, dice)


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def manage(*words: str) -> None:
    command = [sys.executable, "manage.py", *words]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


class Server:
    """The real web server, for the length of a `with` block."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "recruitcms.wsgi", "--config", "deploy/gunicorn.conf.py"]
        command += ["--bind", urlsplit(self.url).netloc]
        self.process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603
        for _attempt in range(100):
            try:
                connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=5)
                connection.request("GET", "/")
                connection.getresponse().read()
            except ConnectionError:
                time.sleep(0.1)
            else:
                return
        self.process.kill()
        raise RuntimeError("the server did not come up")

    def __exit__(self, *raised: object) -> None:
        self.process.terminate()
        self.process.wait(30)


# --- who is known ---


def seed(addresses: dict[str, list[str]]) -> dict[str, str]:
    """Make the people of each group, and as many others as they are. Return the fields of the form that is posted."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "recruitcms.settings"
    django.setup()
    from django.db import connection, transaction

    from leads.models import ConsentText

    makers: dict[str, Callable[[str], Any]] = {"pending": pending, "confirmed": confirmed, "suppressed": suppressed}
    with transaction.atomic():
        for group, make in makers.items():
            for address in addresses[group]:
                make(address)
    text = ConsentText.current("report", "en")
    connection.close()
    if text is None:
        raise RuntimeError("the demonstration has no wording for the report")
    return {"name": "Marta", "consent_report": text.sha256, "alone": "1", "page": "", "cta": "", "referrer": ""}


def pending(address: str) -> Any:
    """Make somebody who asked for the report and has not confirmed."""
    from leads import ledger, suppression, tokens
    from leads.models import ConsentEvent, ConsentText, Lead, Report, Submission

    known_as = suppression.address_hash(address)
    lead = Lead.objects.create(
        email=address, email_normal=address, name="Marta", language="en", suppression_hmac=known_as
    )
    report = Report.objects.get(language="en")
    submission = Submission.objects.create(kind="report", lead=lead, report=report, language="en", name="Marta")
    text = ConsentText.current("report", "en")
    if text:
        how = ConsentEvent.State.REQUESTED, ConsentEvent.Method.WEB_FORM
        ledger.append(tokens.subject_ref(address), text, *how, origin=ledger.Origin(form=submission.public_id))
    return submission


def confirmed(address: str) -> Any:
    """Make somebody who confirmed, and had the report."""
    from leads import confirmation

    submission = pending(address)
    confirmation.confirm(submission)
    return submission


def suppressed(address: str) -> None:
    """Make somebody who withdrew and complained."""
    from leads import suppression, withdrawal
    from leads.models import ConsentEvent

    submission = confirmed(address)
    withdrawal.withdraw(submission.lead, "report", ConsentEvent.Method.ONE_CLICK)
    suppression.suppress(address, suppression.ALL, suppression.Reason.COMPLAINT)


# --- what the server answers, and how soon ---

Answer = tuple[int, tuple[tuple[str, str], ...], bytes]


def measure(
    url: str, form: dict[str, str], addresses: dict[str, list[str]], dice: random.Random
) -> tuple[dict[str, set[Answer]], dict[str, list[float]]]:
    """Post for every address once. Return by group the answers, and the times in milliseconds."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    for number in range(WARM_UP):
        post(connection, url, form, f"warm-up-{number}@x.example", dice)
    answers: dict[str, set[Answer]] = {group: set() for group in GROUPS}
    times: dict[str, list[float]] = {group: [] for group in GROUPS}
    for row in zip(*addresses.values(), strict=True):  # one of each, in another order each time: drift hits all alike
        for group, address in dice.sample(list(zip(addresses, row, strict=True)), len(GROUPS)):
            answer, took = post(connection, url, form, address, dice)
            answers[group].add(answer)
            times[group].append(took)
    return answers, times


def post(
    connection: http.client.HTTPConnection, url: str, form: dict[str, str], address: str, dice: random.Random
) -> tuple[Answer, float]:
    """Send the report's form as a browser without script does, each time from another network.

    Return the answer, and how long it took in milliseconds.
    """
    body = urlencode(form | {"email": address})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "Origin": url,
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "X-Forwarded-For": str(ipaddress.IPv4Address(0x0B000000 + dice.getrandbits(24))),
    }
    begun = time.perf_counter()
    connection.request("POST", "/reports/salary-report-2026/", body, headers)
    response = connection.getresponse()
    content = response.read()
    took = (time.perf_counter() - begun) * 1000
    kept = tuple(sorted((name, value) for name, value in response.getheaders() if name.lower() not in VARYING))
    return (response.status, kept, content), took


# --- what can be told from it ---


def report(answers: dict[str, set[Answer]], times: dict[str, list[float]], dice: random.Random) -> int:
    """Print what was found. Return 1 where the groups can be told apart, or the form was refused."""
    different = set().union(*answers.values())
    led_to = sorted({(status, dict(headers).get("Location", "")) for status, headers, _body in different})
    say(f"Answers: {'all the same' if len(different) == 1 else f'{len(different)} different ones'}, {led_to[:3]}.")
    for group, took in times.items():
        ordered = sorted(took)
        say(f"{group:>10}: median {ordered[len(took) // 2]:6.2f} ms, 95 % {ordered[len(took) * 95 // 100]:6.2f} ms")
    told_apart = len(different) > 1 or led_to != [TAKEN]
    for one, other in combinations(GROUPS, 2):
        found, low, high = auc_with_interval(times[one], times[other], dice)
        told_apart |= not LOW <= found <= HIGH
        say(f"{one:>10} against {other:<10}: AUC {found:.3f} (95 % interval {low:.3f} to {high:.3f})")
    say("The groups can be told apart." if told_apart else "The groups cannot be told apart.")
    return int(told_apart)


def auc(one: list[float], other: list[float]) -> float:
    """Return the share of pairs in which the second is larger; a tie counts half."""
    ordered = sorted(one)
    below = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in other)
    return below / 2 / (len(one) * len(other))


def auc_with_interval(one: list[float], other: list[float], dice: random.Random) -> tuple[float, float, float]:
    """Return the AUC with its 95 % bootstrap interval."""
    drawn = sorted(
        auc(dice.choices(one, k=len(one)), dice.choices(other, k=len(other))) for _number in range(RESAMPLES)
    )
    return auc(one, other), drawn[RESAMPLES * 25 // 1000], drawn[RESAMPLES * 975 // 1000 - 1]


if __name__ == "__main__":
    sys.exit(main())

"""Scenario i: web processes and workers are told to stop while they are at work, as every upgrade does."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.faults.sink import Sink
from tests.faults.site import Bench, Site
from tests.faults.visitors import CONSULTATION, NO_ANSWER, NO_SERVER, REPORT, Answer, Visitors, request

STOPS = 4
READERS, SENDERS = 4, 4
BUSY = 1.0  # seconds of traffic before each stop
PROMPT = 20  # seconds within which all must have ended: what gunicorn and systemd grant


def graceful_stop(bench: Bench) -> None:
    """REL-10: on SIGTERM two web processes answer what they have in hand, and two workers finish the mail in hand."""
    with bench.site() as (site, sink):
        site.processes = 2
        answers: list[Answer] = []
        ended: list[float] = []
        visitors: Visitors | None = None
        for _stop in range(STOPS):
            site.start_web()
            site.start_worker()
            site.start_worker()
            visitors = visitors or Visitors(site.url)
            answers += _stop_under_traffic(site, sink, visitors, ended)
        statuses = Counter(answer.status for answer in answers)
        bench.figures.tell(f"{STOPS} stops, {len(answers)} requests: {dict(sorted(statuses.items()))}")
        in_hand = [answer for answer in answers if answer.status != NO_SERVER]
        cut = [answer for answer in in_hand if answer.status == NO_ANSWER]
        bench.figures.promise(f"connected and not answered {len(cut)} of {len(in_hand)}", "REL-10: 0", not cut)
        bench.figures.promise(f"slowest stop {max(ended):.1f} s", f"within {PROMPT} s", max(ended) < PROMPT)
        bench.check_kept(site, [answer for answer in answers if answer.email])
        twice = sink.repeated().total()
        bench.figures.promise(f"{len(sink.deliveries)} mails, sent twice {twice}", "REL-10: 0", not twice)
        held = [state for state in site.mails().values() if state == "sending"]
        bench.figures.promise(f"mails left in hand {len(held)}", "REL-10: 0", not held)
        bench.check_ledger(site)


def _stop_under_traffic(site: Site, sink: Sink, visitors: Visitors, ended: list[float]) -> list[Answer]:
    """Send and read for a moment, tell everything to stop, and go on until nobody listens. Return the answers."""
    over, answers = threading.Event(), []

    def visit(number: int) -> None:
        while not over.is_set():
            if number < READERS:
                answer = request(site.url, "/roles/", network=f"10.2.0.{number}")
            else:
                answer = visitors.post(REPORT if number % 2 else CONSULTATION)
            answers.append(answer)
            if answer.status == NO_SERVER:
                return

    with ThreadPoolExecutor(READERS + SENDERS) as pool:
        running = [pool.submit(visit, number) for number in range(READERS + SENDERS)]
        time.sleep(BUSY)
        sink.wait_for(len(sink.deliveries) + 2, PROMPT)  # the workers are at it
        began = time.monotonic()
        assert site.web
        site.up.clear()
        site.web.terminate()
        site.stop_workers()
        site.web.wait(60)
        ended.append(time.monotonic() - began)
        time.sleep(0.2)
        over.set()
        for one in running:
            one.result()
    return answers

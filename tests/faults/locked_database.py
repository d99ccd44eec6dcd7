"""Scenario e: somebody holds the database's lock."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.faults.figures import milliseconds, percentile
from tests.faults.site import Bench, Site
from tests.faults.visitors import CONSULTATION, REPORT, Answer, Visitors, request

HELD = 30  # seconds
POSTING = 12  # visitors who send forms at once: more than the server has threads
BURST = 40  # forms at once when the lock is gone: the limit that keeps room for readers refuses none of them
PAUSE = 0.5  # seconds between two pages that are read
READ = ("/", "/roles/", REPORT, CONSULTATION)
SOON = 5.0  # seconds within which a page is to be answered meanwhile
LONGEST = 27.0  # seconds within which a form is to be answered, one way or the other


def locked_database(bench: Bench) -> None:
    """REL-7, REL-11, REL-2: while another holds the lock, forms wait or get a clear 503, none is kept by half.

    SQLite: another process holds BEGIN IMMEDIATE. PostgreSQL: another holds the ledger's advisory lock. More visitors
    send forms than the server has threads, and pages are still answered.
    """
    with bench.site() as (site, _sink):
        site.start_web()
        visitors = Visitors(site.url)
        posts, pages = _while_held(site, visitors)
        after = visitors.post_many(BURST, (REPORT, CONSULTATION), threads=BURST)
        _check(bench, posts, pages)
        healed = sum(answer.status == 303 for answer in after)
        bench.figures.promise(
            f"afterwards {BURST} posts at once, taken {healed}", "REL-7: by itself", healed == len(after)
        )
        bench.check_kept(site, [*posts, *after])
        bench.check_ledger(site)


def _while_held(site: Site, visitors: Visitors) -> tuple[list[Answer], list[Answer]]:
    """Send forms and read pages while the lock is held. Return the answers, those that came after it included."""
    over = threading.Event()
    with ThreadPoolExecutor(POSTING + 1) as pool:
        with site.database.held():
            reading = pool.submit(_again, over, lambda: _read(site, over))
            posting = [pool.submit(_again, over, lambda: visitors.post(REPORT)) for _number in range(POSTING)]
            over.wait(HELD)
            over.set()
        posts = [answer for visitor in posting for answer in visitor.result()]
        return posts, reading.result()


def _again(over: threading.Event, act: Callable[[], Answer]) -> list[Answer]:
    answers = []
    while not over.is_set():
        answers.append(act())
    return answers


def _read(site: Site, over: threading.Event) -> Answer:
    over.wait(PAUSE)
    return request(site.url, random.choice(READ))


def _check(bench: Bench, posts: list[Answer], pages: list[Answer]) -> None:
    promise = bench.figures.promise
    statuses = Counter(answer.status for answer in posts)
    promise(f"posts in {HELD} s: {dict(statuses)}", "REL-7: 303 or 503", set(statuses) <= {303, 503})
    slowest = max(answer.seconds for answer in posts)
    promise(f"slowest answer to a post {slowest:.1f} s", f"REL-11: {LONGEST:.0f} s", slowest <= LONGEST)
    read = sum(page.status == 200 for page in pages)
    p99 = percentile([page.seconds for page in pages], 99)
    good = read == len(pages) and p99 <= SOON
    promise(f"pages read {read} of {len(pages)}, p99 {milliseconds(p99)}", f"REL-11: all, in {SOON:.0f} s", good)

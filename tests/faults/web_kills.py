"""Scenario a: the web server is killed while visitors send forms."""

import random
import threading
from collections import Counter

from tests.faults.figures import milliseconds, percentile
from tests.faults.site import Bench, Site
from tests.faults.visitors import CONSULTATION, NO_ANSWER, NO_SERVER, REPORT, Answer, Visitors

THREADS = 6
POSTS_A_KILL = 120
FEWEST_KILLS = 6
LATEST = 0.2  # seconds after the post that a kill waits for


def web_kills(bench: Bench) -> None:
    """REL-1: a form that was answered with success is kept for good, with its consent and the mail that is owed.

    gunicorn's master and its two web processes are killed at random instants and started again, while several threads
    send forms, and two workers side by side send what is owed.
    """
    with bench.site() as (site, sink):
        site.processes = 2
        site.start_web()
        site.start_worker()
        site.start_worker()
        answers, restarts = _post_and_kill(site, bench.posts)
        statuses = Counter(answer.status for answer in answers)
        broken = statuses[NO_ANSWER] + statuses[NO_SERVER]
        bench.figures.tell(f"{len(answers)} posts, {len(restarts)} kills, {broken} connections broken")
        bench.figures.tell(f"the server was back after {milliseconds(percentile(restarts, 50))} (p50)")
        odd = {status: count for status, count in statuses.items() if status not in {NO_ANSWER, NO_SERVER, 303}}
        bench.figures.promise(f"other answers than 303: {odd or 'none'}", "REL-1: none", not odd)
        bench.check_kept(site, answers)
        site.stop_workers()
        twice = sink.repeated().total()
        bench.figures.promise(f"{len(sink.deliveries)} mails by two workers, twice {twice}", "EML-12: 0", not twice)
        bench.check_ledger(site)


def _post_and_kill(site: Site, posts: int) -> tuple[list[Answer], list[float]]:
    """Send forms by several threads; kill after posts that are drawn by lot. Return the answers and restart times."""
    visitors = Visitors(site.url)
    kills = sorted(random.sample(range(1, posts), max(FEWEST_KILLS, posts // POSTS_A_KILL)))
    begun, told = [0], threading.Condition()

    def ready() -> None:
        if not site.up.wait(60):
            raise RuntimeError("the server stayed down")
        with told:
            begun[0] += 1
            told.notify_all()

    restarts: list[float] = []

    def murder() -> None:
        for after in kills:
            with told:
                told.wait_for(lambda after=after: begun[0] >= after)
            threading.Event().wait(random.uniform(0, LATEST))
            site.kill_web()
            restarts.append(site.start_web())

    murderer = threading.Thread(target=murder)
    murderer.start()
    answers = visitors.post_many(posts, (REPORT, CONSULTATION), THREADS, ready)
    murderer.join()
    return answers, restarts

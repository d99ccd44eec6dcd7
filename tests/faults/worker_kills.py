"""Scenario b: workers are killed while they send."""

import random
import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial

from tests.faults.figures import at_most
from tests.faults.sink import Sink
from tests.faults.site import LEASE, Bench, Site, kill, wait_until
from tests.faults.visitors import CONSULTATION, Visitors

KILLS = 12  # two workers at once; every other pair just after the mail server took a mail
STARTING = 20  # seconds that a worker may take until its first mail
FEWEST_BETWEEN = 5  # mails that are sent before the next kill


def worker_kills(bench: Bench) -> None:
    """REL-5, EML-12, EML-13: a worker killed at any instant loses no mail, and repeats one only with its Message-ID.

    It may repeat a mail that was killed between the mail server's "taken" and the commit; no more than one for each
    worker killed.
    """
    with bench.site() as (site, sink):
        site.processes = 2
        site.start_web()
        Visitors(site.url).post_many(bench.posts * 2 // 5, (CONSULTATION,))  # every two owe five
        owed = len(site.mails())
        began = time.monotonic()
        killed = _kill_workers(site, sink)
        site.start_worker()
        site.start_worker()
        drained = site.wait_until_sent(LEASE + 30 + owed * 0.2)
        bench.figures.tell(f"{owed} mails owed, {killed} workers killed, {time.monotonic() - began:.0f} s in all")
        site.stop_workers()
        _check(bench, site, sink, owed, killed, drained)


def _check(bench: Bench, site: Site, sink: Sink, owed: int, killed: int, drained: bool) -> None:
    came = {delivery.message_id for delivery in sink.deliveries}
    mails = site.mails()
    lost = len(mails.keys() - came)
    bench.figures.promise(f"lost {at_most(lost, owed)}", "REL-5: 0", not lost)
    bench.figures.promise(f"still owed after the lease: {'none' if drained else 'some'}", "EML-13: none", drained)
    repeated = sink.repeated().total()
    bench.figures.promise(
        f"sent twice {repeated} ({1000 * repeated / owed:.1f} in 1,000)",
        "REL-5: one a kill at most",
        repeated <= killed,
    )
    strange = len(came - mails.keys())
    bench.figures.promise(f"with another Message-ID {strange}", "REL-5: 0", not strange)
    bench.check_ledger(site)


def _kill_workers(site: Site, sink: Sink) -> int:
    """Kill workers until KILLS are dead, starting others. Return how many were killed."""
    killed = 0
    while killed < KILLS:
        crew = [site.start_worker() for _number in range(2)]
        enough = len(sink.deliveries) + FEWEST_BETWEEN
        if not sink.wait_for(enough, STARTING):
            break  # all is sent: there is nothing left to be killed over
        (_just_after_a_mail if killed % 4 < 2 else _at_random)(sink, partial(_slay, crew))
        killed += len(crew)
        site.workers.clear()
    return killed


def _slay(crew: list[subprocess.Popen[bytes]]) -> None:
    for worker in crew:
        kill(worker)


def _at_random(sink: Sink, slay: Callable[[], object]) -> None:
    threading.Event().wait(random.uniform(0, 0.5))
    slay()


def _just_after_a_mail(sink: Sink, slay: Callable[[], object]) -> None:
    """Kill in the one window in which a mail is sent and not yet written down as sent."""
    done = threading.Event()

    def now() -> None:
        sink.after_taking = None
        slay()
        done.set()

    sink.after_taking = now
    wait_until(done.is_set, STARTING)

"""Scenario j: everything is lost, and comes back from a backup that was made while visitors wrote."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.site import Bench, Site
from tests.faults.visitors import CONSULTATION, REPORT, Answer, Visitors, request

BEFORE, AFTER = 40, 20  # forms before the backup, and after it
ERASE = "from leads import erasure; from leads.models import Lead; erasure.erase(Lead.objects.get(email={email!r}))"
SAID = 6  # lines of figures at the beginning of what a restore says
PAGES = ("/", "/roles/", REPORT, "/people/")


def restore_drill(bench: Bench) -> None:
    """REL-9, CON-21: what was acknowledged before the backup began is there, who was erased since is not.

    What is lost is the time since the backup (RPO), which the operator chooses; how long it takes (RTO) is measured.
    The journal of erasures is kept elsewhere, as the documentation asks, and survives.
    """
    with bench.site() as (site, _sink):
        site.start_web()
        visitors = Visitors(site.url)
        early = visitors.post_many(BEFORE, (REPORT, CONSULTATION))
        archive = site.data.parent / "site.tar.gz"
        with _writing(visitors) as during:
            seconds, said = _timed(site, "backup", str(archive))
        bench.figures.tell(f"backup in {seconds:.1f} s while {len(during)} forms came: {said[0].split(': ', 1)[1]}")
        refused = [answer for answer in during if answer.status != 303]
        bench.figures.promise(f"forms refused meanwhile {len(refused)} of {len(during)}", "REL-9: 0", not refused)
        late = visitors.post_many(AFTER, (REPORT, CONSULTATION))
        erased = early[0].email
        done = site.manage("shell", "-c", ERASE.format(email=erased))
        assert done.returncode == 0, done.stderr[-500:]
        site.kill_web()

        _destroy(bench, site)
        began = time.monotonic()
        _seconds, said = _timed(site, "restore", str(archive))
        site.start_web()
        bench.figures.tell(
            f"RTO {time.monotonic() - began:.1f} s, from nothing to the first page. {'; '.join(said[:SAID])}"
        )
        _check(bench, site, early, during + late, erased)


@contextmanager
def _writing(visitors: Visitors) -> Iterator[list[Answer]]:
    """Let visitors send forms as long as the block lasts."""
    answers: list[Answer] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            answers.append(visitors.post(REPORT))

    writers = [threading.Thread(target=write) for _number in range(3)]
    for writer in writers:
        writer.start()
    try:
        time.sleep(0.5)
        yield answers
        time.sleep(0.5)
    finally:
        over.set()
        for writer in writers:
            writer.join()


def _timed(site: Site, *words: str) -> tuple[float, list[str]]:
    """Run a command that must succeed. Return how many seconds it took, and the lines that it said."""
    began = time.monotonic()
    done = site.manage(*words)
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed: {done.stderr.strip()[-500:]}")
    return time.monotonic() - began, [line.strip() for line in done.stdout.splitlines()]


def _destroy(bench: Bench, site: Site) -> None:
    """Lose the machine: all but the journal of erasures and, as in every other place, the collected static files."""
    journal = (site.data / "erasures.jsonl").read_bytes()
    static = site.data.parent / "static"
    shutil.move(site.data / "static", static)
    shutil.rmtree(site.data)
    site.data.mkdir()
    shutil.move(static, site.data / "static")
    (site.data / "erasures.jsonl").write_bytes(journal)
    site.database = bench.server.empty(site.data)


def _check(bench: Bench, site: Site, early: list[Answer], later: list[Answer], erased: str) -> None:
    kept = site.addresses()
    acknowledged = [answer.email for answer in early if answer.status == 303 and answer.email != erased]
    lost = [email for email in acknowledged if email not in kept]
    bench.figures.promise(
        f"RPO: acknowledged before the backup and lost {len(lost)} of {len(acknowledged)}", "REL-9: 0", not lost
    )
    gone = [answer for answer in later if answer.status == 303 and answer.email not in kept]
    bench.figures.tell(f"acknowledged later, lost with the time since the backup: {len(gone)} of {len(later)}")
    half = site.half_kept()
    bench.figures.promise(f"half-written {half} of {len(kept)}", "I9: 0", not half)
    found = site.manage("erasure", "verify", erased)
    bench.figures.promise(f"who was erased since: {_last(found.stdout)}", "CON-21: 0 places", found.returncode == 0)
    bench.check_ledger(site)
    bad = [path for path in PAGES if request(site.url, path).status != 200]
    bench.figures.promise(f"pages that fail: {bad or 'none'}", "REL-9: none", not bad)
    pictures = [path for path in (site.data / "media").rglob("*") if path.is_file()]
    bench.figures.promise(f"{len(pictures)} pictures", "REL-9: there", bool(pictures))
    held = sum(state == "dead" for state in site.mails().values())
    owed = sum(state == "pending" for state in site.mails().values())
    bench.figures.promise(f"mails held {held}, sent without being asked {owed}", "EML-12: 0", not owed)


def _last(said: str) -> str:
    return said.strip().splitlines()[-1] if said.strip() else "nothing said"

"""Scenario d: the disk is full."""

import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.databases import LeftOutError
from tests.faults.figures import milliseconds, percentile
from tests.faults.sink import Sink
from tests.faults.site import LEASE, Bench, Site, wait_until
from tests.faults.visitors import CONSULTATION, REPORT, Answer, Visitors, request

SIZE = "64m"
POSTS = 120
CHUNK = 64 * 1024
READ = ("/", "/roles/", REPORT, CONSULTATION)


def full_disk(bench: Bench) -> None:
    """REL-7: on a full disk a form gets a clear 503 and is not kept by half; pages are read; it recovers by itself.

    DATA_DIR (SQLite) or the tables (PostgreSQL) are on a small file system that is filled to the last byte, with the
    worker running.
    """
    with small_disk() as disk:
        place, small = (disk, None) if bench.server.name == "sqlite" else (None, tables_in(disk))
        with bench.site(place, small) as (site, sink):
            site.start_web()
            site.start_worker()
            visitors = Visitors(site.url)
            before = visitors.post_many(20, (REPORT, CONSULTATION))
            sink.wait_for(1, 20)  # the worker works
            fill(disk)
            during = visitors.post_many(POSTS, (REPORT, CONSULTATION))
            pages = [request(site.url, path) for path in READ * 5]
            _check_full(bench, site, before, during, pages)
            (disk / "filler").unlink()
            after = _check_recovery(bench, visitors)
            bench.check_kept(site, [*before, *during, *after])
            _check_mails(bench, site, sink)
            bench.check_ledger(site)
            if small:
                site.close()
                bench.server.drop(site.database)


def _check_mails(bench: Bench, site: Site, sink: Sink) -> None:
    sent = site.wait_until_sent(3 * LEASE + 90)
    lost = len(site.mails().keys() - {delivery.message_id for delivery in sink.deliveries})
    figure = f"mails lost {lost}, sent twice {sink.repeated().total()}"
    bench.figures.promise(figure, "REL-5: 0 lost", sent and not lost)


def _check_full(bench: Bench, site: Site, before: list[Answer], during: list[Answer], pages: list[Answer]) -> None:
    promise = bench.figures.promise
    statuses = Counter(answer.status for answer in during)
    as_promised = set(statuses) <= {303, 503} and statuses[503] > 0
    promise(f"posts while full: {dict(statuses)}", "REL-7: 303 or 503, some 503", as_promised)
    refused = [answer for answer in during if answer.status == 503]
    clear = sum(bool(answer.retry_after) and "Please try again in a minute" in answer.body for answer in refused)
    promise(f"503 that says so clearly: {clear} of {len(refused)}", "REL-7: all", clear == len(refused))
    read = sum(page.status == 200 for page in pages)
    slowest = milliseconds(percentile([page.seconds for page in pages], 99))
    promise(f"pages read while full: {read} of {len(pages)}, p99 {slowest}", "REL-7: all", read == len(pages))
    bench.check_kept(site, [*before, *during])
    bench.check_ledger(site)


def _check_recovery(bench: Bench, visitors: Visitors) -> list[Answer]:
    """Send forms, once space is free again, until they are taken. Return the answers."""
    after: list[Answer] = []

    def taken() -> bool:
        after.append(visitors.post(REPORT))
        return after[-1].status == 303

    healed = wait_until(taken, 30)
    bench.figures.promise(f"taken again at attempt {len(after)} after space was freed", "REL-7: by itself", healed)
    return after


@contextmanager
def small_disk() -> Iterator[Path]:
    """Mount a small file system in memory. Raises LeftOutError where that is not allowed."""
    disk = Path(tempfile.mkdtemp(prefix="recruitcms-faults-disk-"))
    disk.chmod(0o755)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        disk.rmdir()
        raise LeftOutError(f"no small disk can be mounted here ({mounted.stderr.strip()})")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


def tables_in(disk: Path) -> Path:
    folder = disk / "tables"
    folder.mkdir()
    return folder


def fill(disk: Path) -> None:
    """Write a file until not one byte more goes onto the disk."""
    handle = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
    for size in (CHUNK, 1):
        try:
            while True:
                os.write(handle, b"\0" * size)
        except OSError:
            continue
    os.close(handle)

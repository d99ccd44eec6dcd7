"""Scenario k: a new release takes the place of the one before it, which serves until the last moment."""

import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import nginx
from tests.faults.databases import LeftOutError, free_port
from tests.faults.sink import Sink
from tests.faults.site import ROOT, Bench, Site, kill
from tests.faults.visitors import CONSULTATION, REPORT, Answer, Visitors, request

READERS, SENDERS = 3, 2
BETWEEN = 2.0  # seconds of traffic between two steps
PAGES = ("/", "/roles/", "/roles/lead-data-engineer/", REPORT)


def upgrade_drill(bench: Bench) -> None:
    """REL-10: while the database is migrated under the old release, and its processes are replaced one by one, every
    page and form is answered.

    The release before is the last commit before the newest migration. nginx stands in front, as deploy/ sets it up.
    """
    if nginx.missing():
        raise LeftOutError(nginx.missing())
    bench.folder.chmod(0o711)  # nginx's workers are another user's, and look into their folder of kept answers
    folder = bench.folder / f"upgrade-{bench.server.name}"
    old = _release_before(folder / "old")
    if _lend_way_of_stopping(old):
        bench.figures.tell("the release before breaks off who connects while it stops: it is lent DrainingWorker")
    data = folder / "data"
    data.mkdir()
    with ExitStack() as stack:
        site = Site(data, bench.server.empty(data), bench.folder / "log", root=old)
        ports = [free_port(), free_port()]
        sink = Sink(site.smtp_port)
        sink.start()
        stack.callback(sink.close)
        stack.callback(site.close)
        stack.enter_context(_environment(FORMS_PER_NETWORK="100000"))
        front, _bare = stack.enter_context(nginx.serve(folder, ports))
        site.port = front  # the address that visitors know
        done = site.manage("migrate", "--verbosity", "0")
        done = done if done.returncode else site.manage("demo")
        done = done if done.returncode else site.manage("collectstatic", "--no-input", "--verbosity", "0")
        if done.returncode:
            raise RuntimeError(f"the release before could not be prepared: {done.stderr[-500:]}")
        _upgrade(bench, site, sink, ports, stack)


def _release_before(folder: Path) -> Path:
    """Unpack the last commit before the newest migration into a folder. Raises LeftOutError where there is none."""
    added = ("log", "-1", "--no-merges", "--diff-filter=A", "--format=%H", "--", "*/migrations/0*.py")
    commit = _git(*added).strip()
    if not commit:
        raise LeftOutError("the history holds no migration")
    packed = _git_bytes("archive", "--format=tar", f"{commit}^")
    folder.mkdir(parents=True)
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=packed, check=True)
    return folder


def _lend_way_of_stopping(old: Path) -> bool:
    """Let a release of before `DrainingWorker` stop as today's does. Return whether it had to be lent that."""
    config, today = old / "deploy" / "gunicorn.conf.py", (ROOT / "deploy" / "gunicorn.conf.py").read_text()
    if "class DrainingWorker" in config.read_text():
        return False
    worker = today[today.index("class DrainingWorker") : today.index("logger_class =")]
    imported = "from gunicorn.workers.gthread import ThreadWorker\n"
    config.write_text(f"{config.read_text()}\n\n{imported}\n\n{worker}worker_class = DrainingWorker\n")
    return True


def _git(*words: str) -> str:
    return _git_bytes(*words).decode()


def _git_bytes(*words: str) -> bytes:
    if not shutil.which("git"):
        raise LeftOutError("there is no git on this machine")
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise LeftOutError(f"git does not know the release before ({done.stderr.decode().strip()[:80]})")
    return done.stdout


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def _upgrade(bench: Bench, site: Site, sink: Sink, ports: list[int], stack: ExitStack) -> None:
    webs = [site.start_web_at(port) for port in ports]
    stack.callback(lambda: [kill(web) for web in webs])
    worker = site.start_worker()
    before = site.manage("showmigrations", "--plan").stdout.count("[X]")
    with _traffic(site) as answers:
        site.root = ROOT
        began = time.monotonic()
        migrated = site.manage("migrate", "--verbosity", "0")
        assert migrated.returncode == 0, migrated.stderr[-500:]
        bench.figures.tell(f"migrated in {time.monotonic() - began:.1f} s under the old release")
        collected = site.manage("collectstatic", "--no-input", "--verbosity", "0")
        assert collected.returncode == 0, collected.stderr[-500:]
        time.sleep(BETWEEN)
        for number, port in enumerate(ports):
            webs[number].terminate()
            webs[number].wait(60)
            webs[number] = site.start_web_at(port)
            time.sleep(BETWEEN)
        worker.terminate()
        worker.wait(60)
        site.start_worker()
        time.sleep(BETWEEN)
    after = site.manage("showmigrations", "--plan").stdout.count("[X]")
    bench.figures.promise(f"{after - before} migrations", "at least 1", after > before)
    _check(bench, site, sink, answers)


@contextmanager
def _traffic(site: Site) -> Iterator[list[Answer]]:
    """Let visitors read and send through nginx as long as the block lasts."""
    visitors = Visitors(site.url)
    answers: list[Answer] = []
    over = threading.Event()

    def visit(number: int) -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            if number < READERS:
                answers.append(request(site.url, f"{PAGES[turn % len(PAGES)]}?page=1"))
            else:
                answers.append(visitors.post(REPORT if turn % 2 else CONSULTATION))

    people = [threading.Thread(target=visit, args=[number]) for number in range(READERS + SENDERS)]
    for one in people:
        one.start()
    try:
        time.sleep(BETWEEN)
        yield answers
    finally:
        over.set()
        for one in people:
            one.join()


def _check(bench: Bench, site: Site, sink: Sink, answers: list[Answer]) -> None:
    forms = [answer for answer in answers if answer.email]
    failed = Counter(answer.status for answer in answers if answer.status not in {200, 303})
    words = f"failed {failed.total()} of {len(answers)} requests, {len(forms)} of them forms {dict(failed) or ''}"
    bench.figures.promise(words.strip(), "REL-10: 0", not failed)
    bench.check_kept(site, forms)
    drained = site.wait_until_sent(120)
    twice = sink.repeated().total()
    bench.figures.promise(f"mails: all sent {'yes' if drained else 'no'}, twice {twice}", "EML-12: 0", not twice)
    bench.check_ledger(site)

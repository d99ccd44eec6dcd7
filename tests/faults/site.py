"""A site under test: its folder, its database, the real server and real workers, to be killed at will."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.databases import Database, free_port
from tests.faults.figures import Figures
from tests.faults.sink import Sink
from tests.faults.visitors import NO_ANSWER, NO_SERVER, Answer, request

ROOT = Path(__file__).parent.parent.parent
LEASE, TIMEOUT = 10, 1  # seconds: short, since the suite waits for them
UNWANTED = {"DJANGO_SETTINGS_MODULE", "DEBUG", "MAIL_URL", "DATABASE_URL", "CACHE_URL", "PYTHONPATH"}
LIMITS = {"TRUSTED_PROXIES": "127.0.0.0/8", "FORM_MAILS_AN_HOUR": "100000", "FORMS_IN_ALL": "100000"}
KEPT = """
SELECT l.email, s.kind,
    (SELECT count(*) FROM leads_consentpayload p JOIN leads_consentevent e ON e.seq = p.event_id
     WHERE p.form = s.public_id),
    (SELECT count(*) FROM leads_outgoingmail m WHERE m.submission_id = s.id)
FROM leads_submission s JOIN leads_lead l ON l.id = s.lead_id
"""
OWED_AT_LEAST = {"report": 1, "consultation": 2}  # mails; and an entry of the ledger each


@dataclass
class Site:
    """A prepared site. Nothing runs until it is started; `close` kills what still runs."""

    data: Path
    database: Database
    log: Path
    smtp_port: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    shift: float = 0.0  # how wrong the clock is, in seconds
    processes: int = 1  # of the web server
    root: Path = ROOT  # where the code is: another release's, for an upgrade
    up: threading.Event = field(default_factory=threading.Event)
    web: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        mail = {"MAIL_URL": f"smtp://127.0.0.1:{self.smtp_port}", "EMBEDDED_WORKER": "0"}
        waits = {"MAIL_LEASE_SECONDS": str(LEASE), "MAIL_TIMEOUT_SECONDS": str(TIMEOUT)}
        clock = {"FAULTS_CLOCK_SHIFT": str(self.shift), "PYTHONPATH": str(Path(__file__).parent / "clock")}
        place = {"DATA_DIR": str(self.data), "DATABASE_URL": self.database.url, "SITE_URL": self.url}
        web = {"PORT": str(self.port), "WEB_PROCESSES": str(self.processes)}
        return kept | LIMITS | mail | waits | place | web | (clock if self.shift else {})

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py to its end."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *words],
                cwd=self.root,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_web(self) -> float:
        """Start gunicorn. Return how many seconds it took until a page was answered."""
        began = time.monotonic()
        self.web = self.start_web_at(self.port)
        self.up.set()
        return time.monotonic() - began

    def start_web_at(self, port: int) -> subprocess.Popen[bytes]:
        """Start gunicorn at a port, and wait until it answers a page."""
        began = time.monotonic()
        gunicorn = ["-m", "gunicorn", "recruitcms.wsgi", "--config", "deploy/gunicorn.conf.py"]
        web = self._start(*gunicorn, "--bind", f"127.0.0.1:{port}")
        while request(f"http://127.0.0.1:{port}", "/robots.txt").status != 200:
            if web.poll() is not None or time.monotonic() - began > 60:
                kill(web)
                raise RuntimeError("the server did not come up")
            time.sleep(0.05)
        return web

    def kill_web(self) -> None:
        """Kill gunicorn's master and workers at once (they are one process group)."""
        self.up.clear()
        if self.web:
            kill(self.web)

    def start_worker(self) -> subprocess.Popen[bytes]:
        self.workers.append(self._start("manage.py", "worker"))
        return self.workers[-1]

    def stop_workers(self) -> None:
        """Ask the workers to finish the mail in hand and end."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.terminate()
        for worker in self.workers:
            worker.wait(60)
        self.workers.clear()

    def close(self) -> None:
        for process in filter(None, [self.web, *self.workers]):
            kill(process)

    # --- what it kept ---

    def half_kept(self) -> int:
        """Return how many submissions lack their entry in the ledger or a mail that is owed (I9)."""
        rows = self.database.rows(KEPT)
        return sum(events < 1 or mails < OWED_AT_LEAST[kind] for _email, kind, events, mails in rows)

    def addresses(self) -> set[str]:
        """Return the addresses whose submissions are kept."""
        return {email for email, *_rest in self.database.rows(KEPT)}

    def mails(self) -> dict[str, str]:
        """Return the owed mails and what became of them: {message id: state}."""
        return dict(self.database.rows("SELECT message_id, state FROM leads_outgoingmail"))

    def wait_until_sent(self, seconds: float) -> bool:
        """Wait until no mail is owed any more. Return whether that came true."""
        return wait_until(lambda: not {"pending", "sending"} & set(self.mails().values()), seconds)

    def ledger_is_whole(self) -> tuple[bool, str]:
        """Prove the ledger. Return whether it is whole, and what was said."""
        proof = self.manage("ledger", "verify")
        said = (proof.stdout + proof.stderr).strip().splitlines()
        return proof.returncode == 0, said[-1] if said else "nothing said"


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that we started, with its children (it leads a process group of its own), and wait.

    For the children too: until one has let go of its memory its connections are open, and take what nobody reads.
    """
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    wait_until(lambda: not is_there(process.pid), 10)


def is_there(group: int) -> bool:
    """Tell whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true: Any, seconds: float) -> bool:
    """Ask again and again whether something is true, for so long at most. Return whether it became true."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if true():
            return True
        time.sleep(0.2)
    return bool(true())


@dataclass
class Bench:
    """What the scenarios work with: where sites come from, and where figures go."""

    server: Any
    figures: Figures
    posts: int
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="recruitcms-faults-")))
    model: Site | None = None

    def prepare(self) -> None:
        """Make the site that all others are copies of: the demonstration content, as `make run` makes it."""
        data = self.folder / "model" / "data"
        data.mkdir(parents=True)
        self.model = Site(data, self.server.empty(data), self.folder / "log")
        done = self.model.manage("prepare")
        if done.returncode:
            raise RuntimeError(f"prepare failed: {done.stderr[-2000:]}")

    def copy(self, place: Path | None = None, small: Path | None = None) -> Site:
        """Return a new site. `place` is where its DATA_DIR goes, `small` where a server keeps its tables."""
        assert self.model
        data = (place or Path(tempfile.mkdtemp(dir=self.folder))) / "data"
        shutil.copytree(self.model.data, data)
        return Site(data, self.server.copy(self.model.database, data, small), self.folder / "log")

    @contextmanager
    def site(self, place: Path | None = None, small: Path | None = None) -> Iterator[tuple[Site, Sink]]:
        """Give a new site with its mail server, and end both."""
        site = self.copy(place, small)
        sink = Sink(site.smtp_port)
        sink.start()
        try:
            yield site, sink
        finally:
            site.close()
            sink.close()

    def check_kept(self, site: Site, answers: list[Answer]) -> None:
        """Count what was acknowledged and is not there, and what is there by half (REL-1, REL-7, I9)."""
        kept = site.addresses()
        acknowledged = [answer.email for answer in answers if answer.status == 303]
        lost = sum(email not in kept for email in acknowledged)
        self.figures.promise(f"acknowledged and lost {lost} of {len(acknowledged)}", "REL-1: 0", not lost)
        refused = [answer.email for answer in answers if answer.status not in {NO_ANSWER, NO_SERVER, 303}]
        ghosts = sum(email in kept for email in refused)
        self.figures.promise(f"refused and yet kept {ghosts} of {len(refused)}", "REL-7: 0", not ghosts)
        half = site.half_kept()
        self.figures.promise(f"half-written {half} of {len(kept)}", "I9: 0", not half)

    def check_ledger(self, site: Site) -> None:
        """Prove the ledger (CON-19)."""
        whole, said = site.ledger_is_whole()
        self.figures.promise(f"ledger verify: {said}", "CON-19: whole", whole)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

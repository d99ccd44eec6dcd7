"""Servers to be measured: started, asked what they cost, and ended."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.load import Load
from tests.faults.databases import free_port

ROOT = Path(__file__).parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PROCESSES, THREADS = 2, 4


@dataclass
class Server:
    """A web server of our own making on a port of this machine. `paths` are what is asked of it, by name."""

    name: str
    words: list[str]
    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    seconds: float = 0.0  # from the start to the first answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def launch(self, **more: Any) -> None:
        """Start without waiting. `more` is what else Popen is told."""
        words = [word.replace("{port}", str(self.port)) for word in self.words]
        environment = dict(os.environ) | self.environment
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True, **more
            )

    def start(self, path: str) -> None:
        """Start, and wait until a page is answered. RuntimeError: it was not."""
        began = time.monotonic()
        self.launch()
        while True:
            try:
                with urllib.request.urlopen(self.url + path, timeout=30):
                    break
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                if not self.is_running or time.monotonic() - began > 60:
                    raise RuntimeError(f"{self.name} did not come up: {error}") from error
                time.sleep(0.02)
        self.seconds = time.monotonic() - began

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(30)

    def _processes(self) -> list[int]:
        assert self.process
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and _group_of(folder) == self.process.pid:
                found.append(int(folder.name))
        return found

    def cpu_seconds(self) -> float:
        """Return how long its processes have computed since they started."""
        total = 0
        for pid in self._processes():
            parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(parts[11]) + int(parts[12])
        return total / TICKS

    def measured(self, load: Callable[[], Load]) -> Load:
        """Return what a load measured, with what this server computed for one request."""
        before = self.cpu_seconds()
        found = load()
        return replace(found, cpu=(self.cpu_seconds() - before) * 1000 / found.requests)

    def memory(self) -> float:
        """Return the memory of its processes but the first, which only watches, in megabytes; shared pages by share."""
        total = 0
        for pid in self._processes():
            if self.process and pid != self.process.pid:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024


def _group_of(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[2])
    except (OSError, ValueError, IndexError):
        return 0


def gunicorn(python: Path | str, application: str, *more: str) -> list[str]:
    """Return the words that start gunicorn as all sides of the comparison do."""
    words = [str(python), "-m", "gunicorn", application, "--bind", "127.0.0.1:{port}", "--workers", str(PROCESSES)]
    return [*words, "--worker-class", "gthread", "--threads", str(THREADS), *more]


def here(application: str, *more: str) -> list[str]:
    """Return the same with this Python."""
    return gunicorn(sys.executable, application, *more)

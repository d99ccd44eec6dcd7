"""A Redis for tests: one of our own, on a free port, that keeps nothing; to be killed and started again.

`TEST_REDIS_URL` names another server instead, whose database is emptied first. It is not killed: tests about a Redis
that goes away are skipped there.
"""

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.databases import free_port

NAMED = os.environ.get("TEST_REDIS_URL", "")


def missing() -> str:
    """Return why no Redis can be used here; "" where one can."""
    if NAMED or shutil.which("redis-server"):
        return ""
    return "no Redis: neither TEST_REDIS_URL nor redis-server"


@dataclass
class RedisServer:
    """A server of our own, or the one that is named."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="recruitcms-redis-")))

    @property
    def url(self) -> str:
        return NAMED or f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        import redis

        if not NAMED:
            keep_nothing = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--dir", str(self.folder)]
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(
                    ["redis-server", "--port", str(self.port), *keep_nothing], stdout=log, stderr=log
                )
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            try:
                redis.Redis.from_url(self.url).flushdb()
            except redis.ConnectionError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"no Redis answers at {self.url}")

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process:
            self.process.kill()
            self.process.wait(20)
            self.process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def all_it_holds(self) -> dict[str, bytes]:
        """Return every key with its value."""
        import redis

        client = redis.Redis.from_url(self.url)
        return {key.decode(): client.dump(key) or b"" for key in client.scan_iter()}

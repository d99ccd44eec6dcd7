"""The two databases that the site can stand on: made, asked, and held by somebody else."""

import contextlib
import grp
import os
import pwd
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

APPEND_LOCK = 7_015_027_560  # the advisory lock that `leads.ledger` takes to append


class LeftOutError(Exception):
    """Something that cannot be done on this machine; its words say what, and why."""


def free_port() -> int:
    """Return a port that nobody listens on, below those that connections are given: one would be taken meanwhile."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as taken, contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port


class Database(Protocol):
    """One site's database. `url` is its DATABASE_URL, "" for the one in DATA_DIR."""

    url: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...
    def change(self, sql: str) -> None: ...
    def held(self) -> contextlib.AbstractContextManager[None]: ...


@dataclass
class Sqlite:
    """A file in DATA_DIR, asked from outside."""

    path: Path
    url: str = ""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a question is answered."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=60)) as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        with contextlib.closing(sqlite3.connect(self.path, timeout=60)) as connection, connection:
            connection.execute(sql)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the one write lock, as a long import or a careless shell would."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=60, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@dataclass
class Postgres:
    """A database on a server."""

    url: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a question is answered."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock of appending to the ledger, which every form needs."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"SELECT pg_advisory_lock({APPEND_LOCK})")
            yield


class SqliteServer:
    """Makes databases as files: the copy of a site's folder is one already."""

    name = "sqlite"

    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def empty(self, data: Path) -> Database:
        return Sqlite(data / "db.sqlite3")

    def copy(self, database: Database, data: Path, small: Path | None = None) -> Database:
        return Sqlite(data / "db.sqlite3")

    def drop(self, database: Database) -> None:
        """A file goes with its folder."""

    def close(self) -> None:
        """There is no server to end."""


class PostgresServer:
    """A PostgreSQL server: the one of FAULTS_DATABASE_URL, or a cluster of our own in a temporary folder."""

    name = "postgresql"

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.made: list[str] = []
        self.url = os.environ.get("FAULTS_DATABASE_URL") or self._start()

    def _start(self) -> str:
        programs = find_programs()
        port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="recruitcms-faults-pg-"))
        give_away(self.folder)
        cluster = self.folder / "cluster"
        words = [programs / "initdb", "-D", cluster, "-A", "trust", "-U", "faults", "-E", "UTF8", "--locale", "C"]
        subprocess.run([*map(str, words)], check=True, capture_output=True, cwd=self.folder, **as_other_user())
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(cluster), *options],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                **as_other_user(),
            )
        return self._when_up(f"postgres://faults@127.0.0.1:{port}/postgres")

    def _when_up(self, url: str) -> str:
        for _attempt in range(200):
            with contextlib.suppress(Exception):
                Postgres(url).rows("SELECT 1")
                return url
            time.sleep(0.1)
        raise LeftOutError("PostgreSQL did not come up")

    def version(self) -> str:
        return "PostgreSQL " + Postgres(self.url).rows("SHOW server_version")[0][0]

    def empty(self, data: Path) -> Database:
        return self._create("")

    def copy(self, database: Database, data: Path, small: Path | None = None) -> Database:
        """Return a copy of a database that nobody is connected to; its tables in the folder `small`, where given."""
        more = f" TEMPLATE {urlsplit(database.url).path[1:]}"
        if small:
            give_away(small)
            Postgres(self.url).change(f"CREATE TABLESPACE small{len(self.made)} LOCATION '{small}'")
            more += f" TABLESPACE small{len(self.made)}"
        return self._create(more)

    def _create(self, more: str) -> Database:
        name = f"recruitcms_faults_{os.getpid()}_{len(self.made)}"
        Postgres(self.url).change(f"CREATE DATABASE {name}{more}")
        self.made.append(name)
        return Postgres(urlunsplit(urlsplit(self.url)._replace(path=f"/{name}")))

    def drop(self, database: Database) -> None:
        """Forget a database before its folder goes: else the server's next checkpoint fails, and all that follows."""
        name = urlsplit(database.url).path[1:]
        Postgres(self.url).change(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """End our own cluster, or drop the databases that were made on somebody else's."""
        if self.process and self.folder:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            self.process.wait(60)
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            for name in self.made:
                Postgres(self.url).change(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def find_programs() -> Path:
    """Return the folder with initdb and postgres, the newest first. Raises LeftOutError where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise LeftOutError("no PostgreSQL on this machine (install it, or set FAULTS_DATABASE_URL)")


def as_other_user() -> dict[str, Any]:
    """Return how to start a program that refuses to be root's: as postgres, or as nobody."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    return {"user": user.pw_uid, "group": grp.getgrgid(user.pw_gid).gr_gid, "extra_groups": []}


def give_away(folder: Path) -> None:
    """Give a folder to the user that PostgreSQL runs as."""
    owner = as_other_user()
    if owner:
        os.chown(folder, owner["user"], owner["group"])

"""A PostgreSQL for tests: the server that TEST_POSTGRES_URL names, else a cluster of our own, started and thrown away.

The tests that need one say so and are skipped by name where neither is found.
"""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

NAMED = os.environ.get("TEST_POSTGRES_URL", "")
DEBIAN = Path("/usr/lib/postgresql")


def program(name: str) -> str | None:
    """Return the path of one of PostgreSQL's programs: on the PATH, or where Debian hides them; the newest."""
    hidden = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parent.parent.name))
    return shutil.which(name) or next(map(str, reversed(hidden)), None)


def missing() -> str:
    """Return why no PostgreSQL can be used here; "" where one can."""
    if importlib.util.find_spec("psycopg") is None:
        return "no psycopg to speak to PostgreSQL"
    if NAMED or (program("initdb") and program("pg_ctl")):
        return ""
    return "no PostgreSQL: neither TEST_POSTGRES_URL nor initdb and pg_ctl"


@contextmanager
def server() -> Iterator[str]:
    """Yield the address of a server on which databases may be made; one of our own ends with the block."""
    if NAMED:
        yield NAMED
        return
    folder = Path(tempfile.mkdtemp(prefix="recruitcms-postgres-"))
    owner = _owner()
    if owner:
        os.chown(folder, owner, owner)
    port = _free_port()
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"  # nobody pulls the plug on a test
    try:
        _run(folder, "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D", "data")
        _run(folder, "pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run(folder, "pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """Yield the address of a new, empty database on a server, and drop it in the end."""
    import psycopg

    name = f"recruitcms_test_{os.getpid()}_{time.time_ns()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _owner() -> int | None:
    """Return who is to own the cluster where we are root, since PostgreSQL refuses to run as root; else None."""
    if os.geteuid() != 0:
        return None
    names = {account.pw_name: account.pw_uid for account in pwd.getpwall()}
    return names.get("postgres", names.get("nobody", 65534))


def _run(folder: Path, name: str, *words: str, check: bool = True) -> None:
    owner = _owner()
    someone_else: dict[str, Any] = {"user": owner, "group": owner, "extra_groups": []} if owner else {}
    with (folder / "output").open("ab") as said:  # a file: the server keeps a pipe open, and nobody would see its end
        done = subprocess.run(
            [str(program(name)), *words], cwd=folder, stdout=said, stderr=said, timeout=60, **someone_else
        )
    if check and done.returncode:
        raise RuntimeError(f"{name} failed: {(folder / 'output').read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]

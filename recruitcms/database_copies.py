"""The whole database as one file, and back again: SQLite by its online backup, PostgreSQL by pg_dump.

Both copy what was committed at one moment, while visitors go on reading and writing. What a restored database takes the
place of is set aside: a file beside it, or a schema of another name.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from recruitcms.logs import redacted

DEBIAN = Path("/usr/lib/postgresql")
NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
LOCK_WAIT = 20_000  # milliseconds that pg_dump waits for a table which a migration holds


class CopyError(Exception):
    """The database cannot be copied or put back; the words say why, and name no person."""


def name() -> str:
    """Return what the copy is called in a backup; it says which kind of database it is of."""
    return NAMES[connection.vendor]


def dump(path: Path) -> None:
    """Write a copy to a new file, readable by us alone, and look whether it can be read back. Raises CopyError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if connection.vendor == "sqlite":
        _dump_sqlite(path)
    else:
        with path.open("wb") as file:
            run("pg_dump", "--format=custom", *_SPARED, f"--lock-wait-timeout={LOCK_WAIT}", stdout=file)
        run("pg_restore", "--list", str(path), stdout=subprocess.DEVNULL)


_SPARED = ["--exclude-schema=before_restore_*", "--no-owner", "--no-privileges"]


def _dump_sqlite(path: Path) -> None:
    try:
        with (
            contextlib.closing(sqlite3.connect(_sqlite_file(), timeout=20)) as source,
            contextlib.closing(sqlite3.connect(path)) as copy,
        ):
            source.backup(copy)  # in one step: with several, each commit of a visitor would begin it anew
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            found = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise CopyError(f"The database could not be copied: {error}") from error
    if found != "ok":
        raise CopyError(f"The database is damaged: {found}")


def load(path: Path) -> None:
    """Put a copy in the place of the database, which was set aside. Raises CopyError."""
    if connection.vendor == "sqlite":
        shutil.move(path, _sqlite_file())
        return
    schema = connection.ops.quote_name(_schema())
    _execute(f"CREATE SCHEMA {schema}")
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", f"--schema={_schema()}"]
    run("pg_restore", *words, "--dbname", str(connection.settings_dict["NAME"]), str(path))


def others() -> str:
    """Say who else has the database open; "" where nobody has. On SQLite its log is written into the file on the way.

    SQLite gives up its log only to whoever is alone with it.
    """
    if connection.vendor == "postgresql":
        count = _execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        connection.close()
        return f"{count} other connections" if count else ""
    connection.close()
    if not Path(_sqlite_file()).exists():
        return ""
    with contextlib.closing(sqlite3.connect(_sqlite_file(), timeout=1)) as alone:
        try:
            alone.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError:
            return "another process"
        except sqlite3.DatabaseError:
            return ""  # not a database any more: set aside as it is
    return ""


# --- what was there before ---


def paths() -> list[Path]:
    """Return the files that are the database on SQLite; none elsewhere."""
    if connection.vendor != "sqlite":
        return []
    return [Path(f"{_sqlite_file()}{end}") for end in ("", "-wal", "-shm", "-journal")]


def set_schema_aside(aside: str) -> None:
    """Call PostgreSQL's schema, with all that is in it, by another name."""
    _execute(f"ALTER SCHEMA {connection.ops.quote_name(_schema())} RENAME TO {connection.ops.quote_name(aside)}")


def take_schema_back(aside: str) -> bool:
    """Put a schema that was set aside in the place of the present one. Return whether it is still there."""
    if not _has_schema(aside):
        return False
    quoted, present = connection.ops.quote_name(aside), connection.ops.quote_name("public")
    _execute(f"DROP SCHEMA IF EXISTS {present} CASCADE; ALTER SCHEMA {quoted} RENAME TO {present}")
    return True


def forget_schema(aside: str) -> None:
    """Delete a schema that was set aside."""
    _execute(f"DROP SCHEMA IF EXISTS {connection.ops.quote_name(aside)} CASCADE")


def _has_schema(schema: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [schema])
        return bool(cursor.fetchone()[0])


@contextlib.contextmanager
def before(aside: str) -> Iterator[Any]:
    """Give a function that answers a question about a table as it was set aside: ask(table, columns, where, values)."""
    if connection.vendor == "postgresql":

        def ask(table: str, columns: str, column: str, values: list[str]) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT {columns} FROM "{aside}"."{table}" WHERE {column} = ANY(%s)', [values])  # noqa: S608
                return cursor.fetchall()

        yield ask
        return
    with contextlib.closing(sqlite3.connect(f"file:{aside}?mode=ro", uri=True)) as old:

        def ask_file(table: str, columns: str, column: str, values: list[str]) -> list[tuple[Any, ...]]:
            marks = ",".join("?" * len(values))
            return old.execute(f"SELECT {columns} FROM {table} WHERE {column} IN ({marks})", values).fetchall()  # noqa: S608

        yield ask_file


# --- PostgreSQL's programs ---


def run(program: str, *words: str, stdout: Any = None) -> None:
    """Run one of PostgreSQL's programs on our database. The password goes by the environment. Raises CopyError."""
    found = shutil.which(program) or next(
        map(str, sorted(DEBIAN.glob(f"*/bin/{program}"), key=lambda path: int(path.parent.parent.name), reverse=True)),
        None,
    )
    if found is None:
        raise CopyError(f"There is no {program} on this machine: install PostgreSQL's client (postgresql-client).")
    done = subprocess.run(  # noqa: S603  (our own words)
        [found, *words], stdout=stdout, stderr=subprocess.PIPE, env=os.environ | environment(), check=False
    )
    if done.returncode:
        said = redacted(done.stderr.decode(errors="replace")).strip().splitlines()
        raise CopyError(f"{program} failed: {said[-1] if said else done.returncode}")


def environment() -> dict[str, str]:
    """Return how PostgreSQL's programs find our database, as the variables that they read."""
    about = connection.settings_dict
    _words, more = DatabaseClient.settings_to_cmd_args_env(about, [])
    named = {"PGHOST": about["HOST"], "PGPORT": about["PORT"], "PGUSER": about["USER"], "PGDATABASE": about["NAME"]}
    return {key: str(value) for key, value in (named | (more or {})).items() if value}


def _sqlite_file() -> str:
    return str(connection.settings_dict["NAME"])


def _schema() -> str:
    return "public"


def _execute(sql: str) -> Any:
    """Run statements; return the one value that they give, if any."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None

"""Putting a backup in the place of the site: proved first, cleansed after, and taken back where it fails (REL-9).

What is there is set aside, never deleted, and each step is written down before it is taken (`steps.json`), so that
whatever ends a restore in the middle, `undo` brings back the site of before. Nobody may use the site meanwhile.

Three things are newer than any backup, and are kept: the journal of erasures, by which people who were forgotten since
are forgotten again (CON-21); the anchors, which must agree with the restored ledger as far as it goes (CON-19); and
what became of mails that the backup still owes (EML-12). So it is the other way round, when a restore is taken back.
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from leads import anchors, erasure, journals, ledger, ledger_checks, suppression
from leads.models import ConsentEvent, OutgoingMail
from recruitcms import backup, database_copies, running
from recruitcms.backup import BackupError, Manifest
from recruitcms.models import OwedMail, StaffMail, StaffSession
from recruitcms.set_aside import SetAside, StepError
from recruitcms.signin import kept_secrets

__all__ = ["BackupError", "Restored", "TakenBack", "restore", "undo"]
State = OwedMail.State
MAILS: tuple[type[OwedMail], ...] = (OutgoingMail, StaffMail)
OWED = [State.PENDING, State.SENDING]
BATCH = 500  # mails that are asked for at once
HELD = "Held after a restore: it may have left before."
# What makes a site worth asking before it is replaced.
COUNTED = {
    "leads_lead": "people",
    "leads_consentevent": "ledger entries",
    "roles_role": "templates",
    "auth_user": "accounts",
}


@dataclass
class Restored:
    """What a restore did, in figures."""

    manifest: Manifest
    rows: int = 0
    missing: int = 0  # files that rows name, and that are not there
    migrated: int = 0
    repeated: int = 0  # erasures and withdrawals
    entries: int = 0  # of the ledger
    cut: int = 0  # entries that the present anchors name and the backup does not reach
    sent_since: int = 0
    held: int = 0
    sessions: int = 0
    staff: int = 0  # accounts that may sign in to the desk
    unreadable: int = 0  # secrets of second factors, encrypted by a key that is not here
    seconds: float = 0.0
    aside: list[str] = field(default_factory=list)


def present() -> list[str]:
    """Return what a restore would replace, in words: ["12 people", …]; nothing for a database in which nobody worked.

    A database that cannot be read is something too: perhaps it is only its server that is away.
    """
    try:
        tables = set(connection.introspection.table_names())
        counts = {words: _count(table) for table, words in COUNTED.items() if table in tables}
    except DatabaseError:
        return ["a database that cannot be read"]
    return [f"{count} {words}" for words, count in counts.items() if count]


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
        return int(cursor.fetchone()[0])


def restore(source: str, *, replace: bool = False, send_owed: bool = False) -> Restored:
    """Put a backup in the place of the site. Raises BackupError, and then the site is as it was.

    Without `replace` only an empty site is filled. `send_owed` sends what the backup owes, though it may have left.
    """
    began = time.monotonic()
    last = SetAside.last()
    if last and not last.finished:
        raise BackupError("The last restore did not come to its end: take it back first (restore --undo).")
    if last and last.places():
        raise BackupError("What the last restore set aside is still there: say restore --forget, or --undo, first.")
    found = present()
    if found and not replace:
        raise BackupError(f"There is a site here: {', '.join(found)}. To set it aside, say --replace.")
    with _alone():
        return _read_and_replace(source, began, keep_keys=bool(found), send_owed=send_owed)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let nobody use the site meanwhile. Raises BackupError where somebody does."""
    try:
        with running.nobody_else():
            in_use = database_copies.others()
            if in_use:
                raise BackupError(f"The database is in use ({in_use}): stop the web processes and the workers first.")
            yield
    except running.InUseError as error:
        raise BackupError(str(error)) from None


def _read_and_replace(source: str, began: float, *, keep_keys: bool, send_owed: bool) -> Restored:
    folder = Path(tempfile.mkdtemp(dir=settings.DATA_DIR, prefix=".restore-"))
    try:
        manifest = backup.read(source, into=folder)
        _check_fits(manifest)
        return _replace(folder, manifest, began, keep_keys=keep_keys, send_owed=send_owed)
    except OSError as error:
        raise BackupError(f"The backup could not be restored: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class TakenBack:
    """What taking a restore back did, in figures."""

    things: int
    sessions: int = 0
    repeated: int = 0  # erasures and withdrawals
    left: int = 0  # mails that the restored site sent


def undo() -> TakenBack:
    """Take the last restore back, and do to the site of before what was done to people since. Raises BackupError."""
    last = SetAside.last()
    if last is None:
        raise BackupError("There is no restore to take back.")
    with _alone():
        _note_what_left(last)
        done = TakenBack(last.undo())
        connection.close()
        _read_keys_again()
        if connection.introspection.table_names():  # else it was an empty place
            done.sessions, done.repeated = _cleanse_taken_back()
            done.left = _mark_what_left(last)
        last.end()
    return done


def _note_what_left(last: SetAside) -> None:
    """Write down which mails the restored site sent that the site of before owes as well (EML-12).

    Where one of both cannot be read, what was written down by an undoing that was killed stays.
    """
    if not last.finished or last.old_database is None:
        return
    for model in MAILS:
        table = model._meta.db_table
        with contextlib.suppress(DatabaseError, database_copies.sqlite3.Error), transaction.atomic():
            with database_copies.before(last.old_database) as ask:
                owed = [message_id for (message_id,) in ask(table, "message_id", "state", [str(one) for one in OWED])]
            last.note_left(table, _sent(model, owed))


def _sent(model: type[OwedMail], ids: list[str]) -> dict[str, str]:
    """Return which of these mails have left, and when."""
    left: dict[str, str] = {}
    for batch in _batches(ids):
        rows = model._default_manager.filter(message_id__in=batch, state=State.SENT).values_list(
            "message_id", "sent_at"
        )
        left |= {message_id: at.isoformat() if at else "" for message_id, at in rows}
    return left


def _mark_what_left(last: SetAside) -> int:
    """Let the site of before not send again what left meanwhile. Return how many mails that are."""
    marked = 0
    for model in MAILS:
        for message_id, at in last.left.get(model._meta.db_table, {}).items():
            owed = model._default_manager.filter(message_id=message_id, state__in=OWED)
            marked += owed.update(state=State.SENT, sent_at=_time(at) if at else None)
    return marked


def _cleanse_taken_back() -> tuple[int, int]:
    """Cleanse the site of before. It stays on record as not taken back where that cannot be."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise BackupError(
            "The site of before is in its place, but of an older release, and who was erased since may be in it: "
            "say manage.py migrate, and then restore --undo again."
        )
    try:
        return _cleanse()
    except StepError as error:
        raise BackupError(f"The site is in its place. {error} Then say restore --undo again.") from error


def _check_fits(manifest: Manifest) -> None:
    """Raise BackupError where a backup is another database's, or a newer release's."""
    if manifest.vendor != connection.vendor:
        raise BackupError(f"It was made on {manifest.vendor}; this site stands on {connection.vendor}.")
    known = {".".join(key) for key in MigrationExecutor(None).loader.graph.nodes}
    newer = [name for name in manifest.migrations if name not in known and name.split(".")[0] in apps.app_configs]
    newer += [name for name in manifest.migrations if name.split(".")[0] not in apps.app_configs]
    if newer:
        raise BackupError(
            f"A newer release made it ({manifest.release or 'of another name'}), which knows {newer[0]}: "
            "install that, and restore with it."
        )


def _replace(folder: Path, manifest: Manifest, began: float, *, keep_keys: bool, send_owed: bool) -> Restored:
    """Set aside, put in place, cleanse and prove; take all of it back where anything fails."""
    done = Restored(manifest)
    aside = SetAside.begin()
    try:
        _put_in_place(folder, aside, keep_keys)
        _bring_up_to_date(done)
        _settle_mails(done, aside, send_owed)
        _join_journals(folder)
        _join_anchors(done, folder, aside)
        done.sessions, done.repeated = _cleanse()
        done.unreadable = kept_secrets.unreadable()
        _prove(done)
        done.rows = sum(_count(table) for table in connection.introspection.table_names())
        done.missing = _missing_files(manifest)
        os.sync()
        aside.finish()
    except BaseException as error:
        connection.close()
        aside.undo()
        aside.end()
        if isinstance(error, (database_copies.CopyError, StepError, DatabaseError)):
            raise BackupError(f"{error} The site is as it was.") from error
        raise
    done.aside = aside.places()
    with contextlib.suppress(OSError):  # a mail server that is away
        anchors.anchor()
    done.seconds = time.monotonic() - began
    return done


def _put_in_place(folder: Path, aside: SetAside, keep_keys: bool) -> None:
    """Put database, files and keys where they belong.

    A site that had content keeps its keys: they know those of before (…_KEYS_OLD), a backup's do not know today's.
    """
    aside.database()
    database_copies.load(folder / database_copies.name())
    for name, storage in backup.FOLDERS.items():
        (folder / name).mkdir(exist_ok=True)
        aside.files(storages[storage], folder / name)
    if not keep_keys and (folder / backup.KEYS).is_dir():
        aside.path(settings.DATA_DIR / backup.KEYS, folder / backup.KEYS, mode=0o700)
        _read_keys_again()


def _read_keys_again() -> None:
    """Use the backup's keys in this very process. What the environment gives is none of the folder's, and stays."""
    from recruitcms.settings import secret

    for path in (settings.DATA_DIR / backup.KEYS).glob("*_key"):
        path.chmod(0o600)
        setattr(settings, path.name.upper(), secret(path.name.upper()))


def _bring_up_to_date(done: Restored) -> None:
    """Migrate what an older release wrote, and count whose accounts are open again."""
    executor = MigrationExecutor(connection)
    done.migrated = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    call_command("migrate", verbosity=0, interactive=False)
    done.staff = get_user_model().objects.filter(is_active=True, is_staff=True).count()


def _settle_mails(done: Restored, aside: SetAside, send_owed: bool) -> None:
    """Decide on each mail that the backup owes: it left since, as the site of before knows; or nobody knows.

    Those are given up with a reason, and staff can send them again from the outbox: an address that is asked to confirm
    twice is harmed less than by silence, but it is for a person to say.
    """
    for model in MAILS:
        owed = model._default_manager.filter(state__in=OWED)
        for batch in _batches(list(owed.values_list("message_id", flat=True))):
            known = _fates(model, aside, batch)
            for message_id, (state, sent_at) in known.items():
                model._default_manager.filter(message_id=message_id).update(state=state, sent_at=sent_at)
                done.sent_since += state == State.SENT
            if not send_owed:
                unknown = owed.filter(message_id__in=set(batch) - known.keys())
                done.held += unknown.update(state=State.DEAD, last_error=HELD)


def _batches(ids: list[str]) -> list[list[str]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


def _fates(model: type[OwedMail], aside: SetAside, ids: list[str]) -> dict[str, tuple[str, Any]]:
    """Return what became of mails, as the site of before says: {message id: (state, sent at)}; {} where it cannot."""
    if aside.old_database is None:
        return {}
    table = model._meta.db_table
    with contextlib.suppress(DatabaseError, database_copies.sqlite3.Error):
        with transaction.atomic(), database_copies.before(aside.old_database) as ask:
            rows = ask(table, "message_id, state, sent_at", "message_id", ids)
        return {key: (State.PENDING if state == State.SENDING else state, _time(at)) for key, state, at in rows}
    return {}


def _time(value: Any) -> datetime | None:
    """Return a time as PostgreSQL gives it, or as SQLite keeps it: text, in UTC."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


def _join_journals(folder: Path) -> None:
    """Let the journal of erasures name whom the backup's names as well."""
    path = settings.ERASURE_JOURNAL_FILE
    has = set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else set()
    for line in (folder / backup.ERASURES).read_text(encoding="utf-8").splitlines():
        if line not in has:
            journals.append_line(path, line)


def _cleanse() -> tuple[int, int]:
    """Let nobody stay signed in (SEC-11), and forget again whom the journal names (CON-21): in any database of before.

    Return how many sessions ended, and how many erasures and withdrawals were repeated. Doing it again changes nothing.
    Raises StepError for a journal that cannot be read by our keys.
    """
    unknown = {entry.key_id for entry in suppression.journal()} - set(suppression.key_ids())
    if unknown:
        raise StepError(
            "The journal of erasures has entries of another SUPPRESSION_KEY, who cannot be found without it: "
            "put that key into SUPPRESSION_KEYS_OLD."
        )
    sessions = StaffSession.objects.all().delete()[0]
    repeated = erasure.replay()
    suppression.renew_all()
    kept_secrets.renew_all()
    erasure.wipe_log()
    _forget_what_was_cached()
    return sessions, repeated


def _join_anchors(done: Restored, folder: Path, aside: SetAside) -> None:
    """Let the file of anchors name what the restored ledger should have; what it names beyond that is set aside.

    Always in a file of its own: the restored ledger goes on, and its anchors are none of the ledger's of before.
    """
    path, reaches = settings.LEDGER_ANCHOR_FILE, ledger.head().seq
    today = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = (folder / backup.ANCHORS).read_text(encoding="utf-8").splitlines()
    within = [line for line in today if line not in kept and json.loads(line)["seq"] <= reaches]
    beyond = [json.loads(line)["seq"] for line in today if json.loads(line)["seq"] > reaches]
    done.cut = max(beyond, default=reaches) - reaches
    joined = sorted(kept + within, key=lambda line: json.loads(line)["at"])
    new = folder / "joined"
    new.write_text("".join(f"{line}\n" for line in joined), encoding="utf-8")
    aside.path(path, new)


def _prove(done: Restored) -> None:
    """Raise StepError unless the ledger is whole. How old its last anchor is does not count: a new one follows."""
    done.entries = ledger.head().seq
    kept = anchors.read()[-1:]
    oldest = ConsentEvent.objects.order_by("seq").values_list("recorded_at", flat=True).first()
    first = next(ledger_checks.faults(kept[0].at if kept else oldest), None)
    if first:
        raise StepError(f"The restored ledger is not whole. {first}")


def _forget_what_was_cached() -> None:
    """Files are cached by numbers of rows, which other rows will have now."""
    for cache in caches.all():
        with contextlib.suppress(Exception):  # a cache that is away keeps nothing that lasts
            cache.clear()
    caches["files"].clear()


def _missing_files(manifest: Manifest) -> int:
    """Return how many files the database names that the backup does not have."""
    missing = 0
    for model in apps.get_models():
        for column in [one for one in model._meta.concrete_fields if isinstance(one, models.FileField)]:
            folder = "private" if column.storage is storages["private"] else "media"
            named = model._default_manager.exclude(**{column.name: ""}).values_list(column.name, flat=True)
            missing += sum(f"{folder}/{name}" not in manifest.parts for name in named if name)
    return missing

"""What a restore takes the place of: set aside under another name, so that it can be taken back (REL-9).

Each step is written down, durably, before it is taken. Taking back goes through them from the last to the first, and
leaves alone what a step had not reached yet; doing it twice changes nothing more.
"""

import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage
from django.db import connection

from recruitcms import database_copies
from recruitcms.backup import names

STEPS = "restore-steps.json"


class StepError(Exception):
    """A restore cannot go on; the words say why."""


@dataclass
class SetAside:
    """One restore's steps. `mark` ends the names of what is set aside.

    `left`: mails that the restored site sent and the one of before owes too, by table: {message id: when}.
    """

    mark: str
    steps: list[dict[str, str]] = field(default_factory=list)
    finished: bool = False
    left: dict[str, dict[str, str]] = field(default_factory=dict)

    # --- the record ---

    @staticmethod
    def _file() -> Path:
        return settings.DATA_DIR / STEPS

    @classmethod
    def begin(cls) -> "SetAside":
        aside = cls(time.strftime("before_restore_%Y%m%d_%H%M%S", time.gmtime()))
        aside._write()
        return aside

    @classmethod
    def last(cls) -> "SetAside | None":
        """Return the last restore, or None where there was none, or what it set aside was deleted."""
        return cls(**json.loads(cls._file().read_text())) if cls._file().exists() else None

    def finish(self) -> None:
        self.finished = True
        self._write()

    def note_left(self, table: str, mails: dict[str, str]) -> None:
        """Write down what the restored site sent, so that it is known whatever ends the undoing in the middle."""
        self.left[table] = mails
        self._write()

    def _note(self, kind: str, **values: str) -> None:
        self.steps.append({"kind": kind, **values})
        self._write()

    def _write(self) -> None:
        new = self._file().with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file())

    # --- the steps ---

    def database(self) -> None:
        """Set the database aside: its file, or PostgreSQL's schema."""
        for path in database_copies.paths():
            self.path(path)
        if connection.vendor == "postgresql":
            self._note("schema", aside=self.mark)
            database_copies.set_schema_aside(self.mark)

    def path(self, path: Path, new: Path | None = None, mode: int = 0) -> None:
        """Set a file or folder aside, where there is one, and put a new one in its place."""
        aside = path.with_name(f"{path.name}.{self.mark}")
        is_there = path.exists()
        self._note("path", path=str(path), aside=str(aside) if is_there else "")
        if is_there:
            path.rename(aside)
        if new:
            shutil.move(new, path)
        if new and mode:
            path.chmod(mode)

    def files(self, storage: Storage, folder: Path) -> None:
        """Set all files of a storage aside, and put those of a folder in their place."""
        if isinstance(storage, FileSystemStorage):
            self.path(Path(storage.location), folder)
            return
        bucket: Any = storage
        self._note("bucket", location=bucket.location, aside=f"{self.mark}/{bucket.location}")
        _move_objects(bucket, bucket.location, f"{self.mark}/{bucket.location}")
        self._note("filled", location=bucket.location)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                with path.open("rb") as file:
                    storage.save(path.relative_to(folder).as_posix(), File(file))

    @property
    def old_database(self) -> str | None:
        """Return where the database of before is: a schema, or a file; None where there was none."""
        for step in self.steps:
            if step["kind"] == "schema":
                return step["aside"]
            if step["kind"] == "path" and step["aside"] and Path(step["path"]) in database_copies.paths()[:1]:
                return step["aside"]
        return None

    def places(self) -> list[str]:
        """Return what was set aside."""
        return [step["aside"] for step in self.steps if step.get("aside")]

    # --- there and back ---

    def undo(self) -> int:
        """Take the steps back. Return how many things are in their place again. The record stays, without steps."""
        back = 0
        for step in reversed(self.steps[:]):
            if step["kind"] == "path":
                back += _path_back(Path(step["path"]), step["aside"])
            elif step["kind"] == "schema":
                back += database_copies.take_schema_back(step["aside"])
            elif step["kind"] == "filled":  # all were set aside: what is in their place is the backup's
                _empty(step["location"])
                self.steps.remove(step)  # never again: what comes back next is the site's own
                self._write()
            elif step["kind"] == "bucket":
                back += _move_objects(_bucket(step["location"]), step["aside"], step["location"]) > 0
        self.steps, self.finished = [], False
        self._write()
        return back

    def end(self) -> None:
        """Let nothing be known of this restore any more."""
        self._file().unlink(missing_ok=True)

    def forget(self) -> None:
        """Delete what was set aside: the site of before, with the people who were in it."""
        for step in self.steps:
            if step["kind"] == "path" and step["aside"]:
                _delete(Path(step["aside"]))
            elif step["kind"] == "schema":
                database_copies.forget_schema(step["aside"])
            elif step["kind"] == "bucket":
                bucket = _bucket(step["location"])
                bucket.bucket.objects.filter(Prefix=f"{step['aside']}/").delete()
        self.end()


def _path_back(path: Path, aside: str) -> bool:
    if not aside:  # there was nothing
        _delete(path)
        return False
    if not Path(aside).exists():  # it was not reached
        return False
    _delete(path)
    Path(aside).rename(path)
    return True


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _bucket(location: str) -> Any:
    """Return the storage whose files are at this place of the bucket."""
    from django.core.files.storage import storages

    return next(one for one in (storages["default"], storages["private"]) if getattr(one, "location", "") == location)


def _empty(location: str) -> None:
    storage = _bucket(location)
    for name in list(names(storage)):
        storage.delete(name)


def _move_objects(storage: Any, place: str, to: str) -> int:
    """Move all objects of a place in the bucket to another, without fetching them. Return how many."""
    moved = 0
    for found in storage.bucket.objects.filter(Prefix=f"{place}/"):
        name = f"{to}/{found.key.removeprefix(f'{place}/')}"
        storage.bucket.copy({"Bucket": storage.bucket.name, "Key": found.key}, name)
        found.delete()
        moved += 1
    return moved

"""A backup: one archive of the database, the files and the keys, made while the site runs (REL-9).

The order loses nothing. Anchors come first, so that each names an entry of the ledger that the database has; then the
database, as it was at one moment; then files, which are written before the rows that name them, and never changed; the
journal of erasures last, so that nobody who was erased meanwhile comes back. Files that came after the database are in
it for nothing, and do no harm. The manifest ends the archive: one that was cut off has none, and is refused.

It is one `tar.gz`, not a folder: one thing to copy, encrypt and delete, which appears whole or not at all.
"""

import contextlib
import gzip
import hashlib
import io
import json
import os
import secrets
import stat
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from recruitcms import database_copies

FORMAT = 1  # of the archive; a restore refuses what it does not know
MANIFEST, ANCHORS, ERASURES = "manifest.json", "anchors.jsonl", "erasures.jsonl"
FOLDERS = {"media": "default", "private": "private"}  # in the archive, and the storage that it comes from
KEYS = "keys"
STDOUT = "-"
HALF = ".half"  # ends the name of what is being written
FORGOTTEN = 24 * 3600  # seconds after which what a killed backup left is deleted by the next
CHUNK = 1024 * 1024


class BackupError(Exception):
    """A backup cannot be made, or is none; the words say why."""


@dataclass(frozen=True)
class Part:
    """One file of an archive, as it must be read back."""

    size: int
    sha256: str


@dataclass
class Manifest:
    """What an archive holds, and of which site; nothing of persons."""

    site: str
    vendor: str
    began_at: str  # whatever was acknowledged before is in it
    release: str = ""
    migrations: list[str] = field(default_factory=list)
    gone: int = 0  # files that were deleted between the look into the folder and the copying
    format: int = FORMAT
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Return how many bytes there are to unpack."""
        return sum(part.size for part in self.parts.values())

    @property
    def files(self) -> int:
        """Return how many pictures, reports and uploads there are."""
        return sum(name.split("/")[0] in FOLDERS for name in self.parts)

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """Raises BackupError for one that is none, or of a format that we do not know."""
        try:
            values = json.loads(text)
            if values["format"] != FORMAT:
                raise BackupError(f"It has format {values['format']}: a newer release made it. Restore it with that.")
            parts = {name: Part(**part) for name, part in values.pop("parts").items()}
            return cls(**values, parts=parts)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BackupError("Its manifest cannot be read.") from None


# --- making one ---


def make(target: str, *, with_keys: bool = True) -> Manifest:
    """Write a backup to a new file, or to standard output for "-". Return what is in it. Raises BackupError.

    A file appears under its name once it is whole, on the disk, and was read back.
    """
    if target == STDOUT:
        with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix="backup-", suffix=HALF) as folder:
            return _guarded(sys.stdout.buffer, Path(folder), with_keys)
    path = Path(target).absolute()
    if path.exists():
        raise BackupError(f"{path} is there already.")
    if not path.parent.is_dir():
        raise BackupError(f"{path.parent} is no folder.")
    _sweep(path.parent)
    half = path.with_name(f".{path.name}-{secrets.token_hex(4)}{HALF}")
    try:
        with (
            tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-", suffix=HALF) as folder,
            os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        ):
            manifest = _guarded(file, Path(folder), with_keys)
            os.fsync(file.fileno())
        if read(half).parts != manifest.parts:
            raise BackupError("What was written is not what was read.")
        half.rename(path)
        _sync(path.parent)
    except OSError as error:
        raise BackupError(f"The backup could not be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
    return manifest


def _guarded(out: IO[bytes], folder: Path, with_keys: bool) -> Manifest:
    try:
        return _write(out, folder, with_keys)
    except database_copies.CopyError as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        raise BackupError(f"The backup could not be written: {error.strerror or error}.") from error


def _write(out: IO[bytes], folder: Path, with_keys: bool) -> Manifest:
    anchors = _lines(settings.LEDGER_ANCHOR_FILE)
    manifest = Manifest(settings.SITE_URL, connection.vendor, datetime.now(UTC).isoformat(), settings.RELEASE)
    copy = folder / database_copies.name()
    database_copies.dump(copy)
    manifest.migrations = sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations())
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=3, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        archive_ = _Archive(archive, manifest)
        archive_.add(ANCHORS, io.BytesIO(anchors), len(anchors))
        with copy.open("rb") as file:
            archive_.add(copy.name, file, copy.stat().st_size)
        copy.unlink()
        for name, storage in FOLDERS.items():
            archive_.add_files(name, storages[storage])
        if with_keys:
            for path in sorted((settings.DATA_DIR / KEYS).glob("*_key")):
                archive_.add(f"{KEYS}/{path.name}", io.BytesIO(path.read_bytes()), path.stat().st_size)
        erasures = _lines(settings.ERASURE_JOURNAL_FILE)
        archive_.add(ERASURES, io.BytesIO(erasures), len(erasures))
        text = json.dumps(asdict(manifest), indent=1).encode()
        archive_.add(MANIFEST, io.BytesIO(text), len(text))
    del manifest.parts[MANIFEST]
    return manifest


@dataclass
class _Archive:
    """The archive that is being written, and its manifest."""

    tar: tarfile.TarFile
    manifest: Manifest

    def add(self, name: str, content: IO[bytes], size: int) -> None:
        about = tarfile.TarInfo(name)
        about.size, about.mode, about.mtime = size, 0o600, int(time.time())
        counted = _Counted(content)
        self.tar.addfile(about, counted)  # type: ignore[arg-type]
        self.manifest.parts[name] = Part(size, counted.hash.hexdigest())

    def add_files(self, folder: str, storage: Storage) -> None:
        """Add all files of a storage; those that are deleted meanwhile are counted."""
        for name in names(storage):
            try:
                with storage.open(name) as file:
                    self.add(f"{folder}/{name}", file, file.size)  # type: ignore[arg-type]
            except FileNotFoundError:
                self.manifest.gone += 1


class _Counted:
    """A stream that knows the hash of what was read from it."""

    def __init__(self, content: IO[bytes]) -> None:
        self.content, self.hash = content, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.content.read(size)
        self.hash.update(piece)
        return piece


def names(storage: Storage, folder: str = "") -> Iterator[str]:
    """Yield the names of all files in a storage, in order."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(filter(None, files)):
        yield f"{folder}{name}"
    for name in sorted(folders):
        yield from names(storage, f"{folder}{name}/")


def _lines(path: Path) -> bytes:
    """Return a journal's whole lines: one may be in the middle of being written."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _sweep(folder: Path) -> None:
    """Delete what a backup left that was killed: it may hold persons who have been erased since."""
    for path in folder.glob(f".*{HALF}"):
        if time.time() - path.stat().st_mtime > FORGOTTEN:
            for file in path.iterdir() if path.is_dir() else []:
                file.unlink()
            path.rmdir() if path.is_dir() else path.unlink()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- reading one ---


def read(source: Path | str, into: Path | None = None) -> Manifest:
    """Read an archive to its end and compare each part with the manifest; write the parts into a folder where given.

    "-" is standard input. Raises BackupError for what is not a whole backup, OSError where `into` has no room.
    """
    found: dict[str, Part] = {}
    text = b""
    opened = contextlib.nullcontext(sys.stdin.buffer) if source == STDOUT else _open(Path(source))
    try:
        with (
            opened as file,
            gzip.GzipFile(fileobj=file, mode="rb") as packed,
            tarfile.open(fileobj=packed, mode="r|") as archive,
        ):
            for about in archive:
                content = archive.extractfile(about) if about.isfile() else None
                if content is None or not is_part(about.name) or about.name in found:
                    raise BackupError(f"It holds {about.name!r}, which no backup does.")
                if about.name == MANIFEST:
                    text = content.read()
                else:
                    found[about.name] = _take(content, into / about.name if into else None)
            while packed.read(CHUNK):
                pass  # to its end, where the sum over all of it stands
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError):
        raise BackupError("It is damaged, or cut off.") from None
    if not text:
        raise BackupError("It has no manifest: it is cut off, or no backup.")
    manifest = Manifest.read(text)
    if found != manifest.parts:
        wrong = min(name for name, _part in {*found.items()} ^ {*manifest.parts.items()})
        raise BackupError(f"It is damaged: {wrong} is not what its manifest says.")
    return manifest


def is_part(name: str) -> bool:
    """Tell whether a backup may hold a file of this name: none leads out of the folder that it is unpacked into."""
    parts = PurePosixPath(name).parts
    if "\0" in name or "\\" in name or ".." in parts or name != "/".join(parts):
        return False
    if len(parts) == 1:
        return name in {MANIFEST, ANCHORS, ERASURES, *database_copies.NAMES.values()}
    return parts[0] in {*FOLDERS, KEYS}


def _open(path: Path) -> Any:
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise BackupError(f"{path} is no file.")
    return file


def _take(content: IO[bytes], path: Path | None) -> Part:
    """Read a part to its end, into a file of this path where given."""
    counted, size = _Counted(content), 0
    if path:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    with path.open("xb") if path else contextlib.nullcontext(io.BytesIO()) as out:
        while piece := counted.read(CHUNK):
            size += len(piece)
            if path:
                out.write(piece)
    return Part(size, counted.hash.hexdigest())

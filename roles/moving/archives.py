"""Zip files from outside: their sizes are checked before and while they are unpacked, their paths are only names."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, BinaryIO

from roles.moving.incoming import UnreadableError

FILES = 5_000
UNPACKED_BYTES = 512 * 1024 * 1024
RATIO = 200  # text shrinks to a tenth, a bomb to a thousandth
SMALL = 1024 * 1024  # what may be as dense as it likes


def check_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip file whose declared sizes are sane. Raises UnreadableError."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise UnreadableError("The file is damaged, or is no zip file.") from error
    entries = archive.infolist()
    if len(entries) > FILES:
        raise UnreadableError(f"The archive holds more than {FILES} files.")
    if sum(entry.file_size for entry in entries) > UNPACKED_BYTES or any(_is_dense(entry) for entry in entries):
        raise UnreadableError("The archive would unpack to far more than it should. It is refused.")
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableError("The archive is protected by a password. Make one without.")
    return archive


def _is_dense(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > SMALL and entry.file_size > RATIO * max(1, entry.compress_size)


def members(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield (name, entry) for an archive's files in the order of their names; hidden ones and those of macOS aside."""
    for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
        parts = [
            part for part in PurePosixPath(entry.filename.replace("\\", "/")).parts if part not in {"..", ".", "/"}
        ]
        if parts and not entry.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in parts):
            yield "/".join(parts), entry


class Guarded:
    """A file out of an archive. zipfile itself never gives more than the size declared; damage is said in words."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def read(self, size: int = -1) -> bytes:
        """Return bytes. Raises UnreadableError for what is damaged."""
        try:
            return self.file.read(size)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
            raise UnreadableError("A file in the archive is damaged.") from error


def opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Guarded:
    """Open a file of an archive. Raises UnreadableError."""
    try:
        return Guarded(archive.open(entry))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise UnreadableError("A file in the archive is damaged, or packed in a way that is not known.") from error

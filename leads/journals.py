"""Files that only grow, line by line, beside the database: the anchors and the journal of erasures."""

import fcntl
import os
from pathlib import Path


def append_line(path: Path, line: str) -> None:
    """Append a line to a file durably, and whole or not at all: half of one would make the file unreadable (REL-7).

    Raises OSError where the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file.fileno()).st_size
        try:
            _write(file.fileno(), f"{line}\n".encode())
        except OSError:
            file.truncate(size)
            raise


def _write(handle: int, data: bytes) -> None:
    """Write all of it and wait for the disk; one call may write a part only."""
    while data:
        data = data[os.write(handle, data) :]
    os.fsync(handle)

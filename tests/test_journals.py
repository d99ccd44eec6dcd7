"""Files that grow by lines: each is there whole, or not at all."""

import resource
from contextlib import contextmanager

import pytest

from leads.journals import append_line


@contextmanager
def room_for(size: int):
    """Let no file of this process grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_lines_are_appended(tmp_path):
    path = tmp_path / "new" / "journal"

    append_line(path, "one")
    append_line(path, "zwölf")

    assert path.read_text() == "one\nzwölf\n"


def test_a_line_for_which_there_is_no_room_leaves_nothing_behind(tmp_path):
    path = tmp_path / "journal"
    append_line(path, "one")

    with room_for(8), pytest.raises(OSError, match="File too large"):
        append_line(path, "a second one")
    left = path.read_text()
    append_line(path, "three")

    assert left == "one\n"
    assert path.read_text() == "one\nthree\n"

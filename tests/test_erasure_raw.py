"""After an erasure nothing of a person is left in any file, as raw bytes: only the keyed hash (CON-13, CON-14)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.erasure_secrets import NEIGHBOUR, SECRETS

ROOT = Path(__file__).parent.parent


def forms(word: str) -> set[bytes]:
    """Return a word as bytes in each way in which a file may hold it, in small letters and as written."""
    written = {word, word.lower(), word.upper(), word.casefold()}
    found = set()
    for one in written:
        found |= {one.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")}
        found |= {json.dumps(one)[1:-1].encode(), quote(one).encode(), quote_plus(one).encode()}
        found |= {ascii(one)[1:-1].encode(), one.encode("iso-8859-2", "replace")}
    return found


def places(folder: Path, words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each file under a folder that has one of these words, with the word."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        smaller = content.lower()
        for word in words:
            if any(form in content or form in smaller for form in forms(word)):
                yield str(path.relative_to(folder)), word


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Path:
    """A folder with the files of before and after an erasure, and the log of all that happened."""
    folder = tmp_path_factory.mktemp("erasure")
    variables = dict(os.environ) | {"TEST_DATA_DIR": str(folder / "var"), "DATABASE_URL": "", "CACHE_URL": ""}
    variables["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    command = [sys.executable, "tests/erasure_story.py", str(folder / "before"), str(folder / "after")]
    with (folder / "log").open("wb") as log:
        ended = subprocess.run(command, cwd=ROOT, env=variables, stdout=log, stderr=log, timeout=300)
    assert ended.returncode == 0, (folder / "log").read_text()[-3000:]
    return folder


def test_before_the_erasure_every_word_is_found(story):
    """What could be left, and that the search finds it: in the database, and in the mails where it was mailed."""
    found = set(places(story / "before", SECRETS))

    assert {word for file, word in found if file.startswith("db.sqlite3")} == set(SECRETS)
    assert {word for file, word in found if file.startswith("mail/")} >= set(SECRETS[:2])


def test_after_the_erasure_none_is_found_in_any_file(story):
    """CON-13: database and write-ahead log, media, private files, mails, journal, anchors, caches."""
    assert list(places(story / "after", SECRETS)) == []
    assert (story / "after" / "db.sqlite3").stat().st_size > 100_000


def test_what_stays_is_the_keyed_hash_and_everybody_else(story):
    """CON-14"""
    block = (story / "after" / "block").read_text()

    files = {file for file, _word in places(story / "after", [block])}
    assert files == {"block", "db.sqlite3", "erasures.jsonl"}
    assert ("db.sqlite3", NEIGHBOUR) in set(places(story / "after", [NEIGHBOUR]))


def test_the_log_never_had_one(story):
    """SEC-22: at the level of DEBUG=1, more than a site in use writes."""
    assert [word for file, word in places(story, SECRETS) if file == "log"] == []

"""A full disk or a database that is away: a clear 503, nothing kept, and all well again afterwards (REL-7)."""

import errno
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
from django.db import OperationalError, connection, connections
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from leads.models import ConsentEvent, Lead, OutgoingMail, Submission
from recruitcms import sqlite
from recruitcms.middleware import RoomForReaders
from recruitcms.outages import is_outage
from recruitcms.sqlite.base import DatabaseWrapper
from tests.lead_factories import make_wordings

OF_SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="these are errors and files of SQLite")


@pytest.fixture
def full_database(transactional_db):
    """A database that takes no page more until it is called with True."""
    if connection.vendor != "sqlite":
        pytest.skip("a limit of pages is SQLite's")

    def limit(pages: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {pages}")

    wordings = make_wordings()
    limit(1)  # SQLite makes of this the number that there are
    yield wordings, limit
    limit(10**9)


def enquiry(wordings, number: int) -> dict[str, str]:
    return {
        "name": "Marta",
        "email": f"marta{number}@quillstone.example",
        "topic": "one",
        "message": "A developer. " * 300,
        "consent_consultation": wordings["consultation"].sha256,
    }


def counts() -> list[int]:
    return [model.objects.count() for model in (Lead, Submission, ConsentEvent, OutgoingMail)]


def test_a_form_on_a_full_disk_is_refused_whole_and_taken_later(full_database):
    wordings, limit = full_database
    client = Client(raise_request_exception=False, headers={"Sec-Fetch-Site": "same-origin"})

    answers = [client.post("/consultation/", enquiry(wordings, number)) for number in range(4)]
    kept = sum(answer.status_code == 303 for answer in answers)
    while_full = counts()
    page = client.get("/consultation/")
    limit(10**9)
    after = client.post("/consultation/", enquiry(wordings, 9))

    assert {answer.status_code for answer in answers[1:]} == {503}
    assert "we keep the same one once only" in answers[-1].content.decode()
    assert answers[-1]["Retry-After"] == "30"
    assert while_full == [kept, kept, kept, 2 * kept]
    assert page.status_code == 200
    assert after.status_code == 303


@OF_SQLITE
def test_sqlites_log_stays_when_no_request_runs(tmp_path, monkeypatch):
    """Without it, and with no room for a new one, no page could be read."""
    path = tmp_path / "site.sqlite3"
    with closing(sqlite3.connect(path)) as first:
        first.execute("PRAGMA journal_mode=WAL")
        first.execute("CREATE TABLE page (id)")
    left_by_the_last = (tmp_path / "site.sqlite3-wal").exists()
    monkeypatch.setitem(connection.settings_dict, "NAME", str(path))
    monkeypatch.setattr(sqlite, "_kept", [])

    kept = sqlite.keep_open()
    with closing(sqlite3.connect(path)) as request:
        request.execute("SELECT * FROM page")

    assert (left_by_the_last, kept) == (False, True)
    assert (tmp_path / "site.sqlite3-wal").exists()
    sqlite._kept.pop().close()


@pytest.fixture
def writer(tmp_path):
    """Make a connection that writes to one file, as the site does, but waits for two tenths of a second at most."""
    given = connections.settings["default"]
    made = []

    def make() -> DatabaseWrapper:
        options = given["OPTIONS"] | {"timeout": 0.2}
        made.append(DatabaseWrapper(given | {"NAME": tmp_path / "db.sqlite3", "OPTIONS": options}, "writer"))
        return made[-1]

    yield make
    for each in made:
        each.close()


def begin(writer: DatabaseWrapper) -> None:
    writer.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


@OF_SQLITE
@pytest.mark.django_db
def test_the_write_lock_is_waited_for_and_then_refused(writer):
    """REL-11"""
    first, second = writer(), writer()
    begin(first)

    with pytest.raises(OperationalError, match="locked"):
        begin(second)
    with ThreadPoolExecutor(1) as pool:
        first.inc_thread_sharing()
        ends = pool.submit(lambda: (time.sleep(0.05), first.rollback()))
        begin(second)

    assert ends.exception() is None
    assert second.cursor().execute("PRAGMA busy_timeout").fetchone() == (200,)


@OF_SQLITE
@pytest.mark.django_db
def test_who_will_not_wait_for_the_write_lock_does_not(writer):
    """REL-4: what asks whether the site is well, and what only counts, comes back at once."""
    first, hasty = writer(), writer()
    begin(first)
    hasty.cursor().execute("PRAGMA busy_timeout = 0")

    with CaptureQueriesContext(hasty) as asked, pytest.raises(OperationalError, match="locked"):
        begin(hasty)

    assert [query["sql"] for query in asked] == ["BEGIN IMMEDIATE"]


@OF_SQLITE
@pytest.mark.django_db
def test_who_reads_old_rows_learns_at_once_that_they_cannot_write(writer):
    """Their own reading stands in the way, and no waiting helps."""
    reader, other = writer(), writer()
    reader.cursor().execute("CREATE TABLE rows AS SELECT 1 AS number UNION SELECT 2")
    rows = reader.cursor().execute("SELECT number FROM rows")
    rows.fetchone()
    other.cursor().execute("INSERT INTO rows VALUES (3)")

    with CaptureQueriesContext(reader) as asked, pytest.raises(OperationalError, match="locked"):
        begin(reader)

    assert [query["sql"] for query in asked] == ["BEGIN IMMEDIATE"]
    rows.close()


@OF_SQLITE
def test_no_thread_stands_still_for_another_ones_garbage(tmp_path):
    """Else whoever holds the write lock would end a cursor of a thread that waits for that very lock (REL-11)."""
    path = tmp_path / "site.sqlite3"
    with closing(sqlite3.connect(path)) as first:
        first.execute("PRAGMA journal_mode=WAL")

    said = subprocess.run(
        [sys.executable, "-m", "tests.waiting_writers", path], capture_output=True, text=True, timeout=60, check=True
    ).stdout

    assert said == "had its turn"


def raised(act) -> OperationalError:
    """Return the error of an act on a database as Django raises it."""
    try:
        with connection.wrap_database_errors:
            act()
    except OperationalError as error:
        return error
    raise AssertionError("nothing was raised")


@OF_SQLITE
def test_a_locked_and_an_unreachable_database_are_outages(tmp_path):
    connect = partial(sqlite3.connect, tmp_path / "a", timeout=0, isolation_level=None)
    with closing(connect()) as one, closing(connect()) as other:
        other.execute("BEGIN IMMEDIATE")

        locked = raised(lambda: one.execute("BEGIN IMMEDIATE"))
    gone = raised(lambda: sqlite3.connect(tmp_path / "nowhere" / "a"))

    assert is_outage(locked)
    assert is_outage(gone)
    assert is_outage(OperationalError("the server closed the connection"))


def test_a_full_disk_is_an_outage_and_a_missing_file_is_not():
    assert is_outage(OSError(errno.ENOSPC, "No space left on device"))
    assert not is_outage(FileNotFoundError(errno.ENOENT, "No such file"))


@OF_SQLITE
def test_a_missing_table_is_a_fault_of_ours():
    with closing(sqlite3.connect(":memory:")) as empty:
        missing = raised(lambda: empty.execute("SELECT * FROM nothing"))

    assert not is_outage(missing)
    assert not is_outage(ZeroDivisionError())
    assert not is_outage(None)


def test_forms_that_are_stuck_leave_room_for_pages(settings):
    settings.WEB_THREADS = 4
    stuck, inside = threading.Event(), threading.Semaphore(0)

    def answer(request):
        if request.method == "POST":
            inside.release()
            stuck.wait(30)
        return HttpResponse("done")

    guarded = RoomForReaders(answer)
    visit = RequestFactory()
    with ThreadPoolExecutor(3) as pool:
        forms = [pool.submit(guarded, visit.post("/consultation/")) for _number in range(3)]
        for _number in range(3):
            inside.acquire(timeout=30)
        one_more = guarded(visit.post("/consultation/"))
        page = guarded(visit.get("/"))
        stuck.set()
    afterwards = guarded(visit.post("/consultation/"))

    assert (one_more.status_code, one_more["Retry-After"]) == (503, "30")
    assert page.status_code == 200
    assert [form.result().status_code for form in forms] == [200, 200, 200]
    assert afterwards.status_code == 200


def test_who_has_waited_for_room_comes_before_who_comes_again(settings):
    settings.WEB_THREADS = 2  # room for one form
    answered = []

    def answer(request):
        while request.path == "/first/" and not guarded.waiting:
            time.sleep(0.001)
        answered.append(request.path)
        return HttpResponse("done")

    def sends_two():
        return [guarded(visit.post(path)) for path in ("/first/", "/third/")]

    guarded = RoomForReaders(answer)
    visit = RequestFactory()
    with ThreadPoolExecutor(2) as pool:
        two = pool.submit(sends_two)
        while guarded.room:
            time.sleep(0.001)
        second = pool.submit(guarded, visit.post("/second/"))

    assert answered == ["/first/", "/second/", "/third/"]
    assert [form.status_code for form in (*two.result(), second.result())] == [200, 200, 200]

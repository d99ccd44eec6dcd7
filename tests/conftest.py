import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.utils import timezone

from leads import triggers
from recruitcms import address_counts, content_state, health, site_content
from recruitcms.quality import surroundings
from recruitcms.translated import localized_url
from roles.search import missed
from tests import postgres as postgresql
from tests.postbox import postbox  # noqa: F401  (a fixture)


@pytest.fixture(autouse=True)
def fresh_copies() -> None:
    """Forget what earlier tests left in the process."""
    site_content._kept.clear()
    surroundings._kept.clear()
    content_state._last.clear()
    localized_url.cache_clear()
    for tally in (address_counts.missing, address_counts.hits, missed.tally):
        tally.clear()
    health._last.at = float("-inf")
    for name in settings.CACHES:
        caches[name].clear()


@pytest.fixture(autouse=True, scope="session")
def remove_files() -> Iterator[None]:
    yield
    data = Path(settings.DATA_DIR)
    if data.name.startswith("recruitcms-test-"):
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def client() -> Client:
    """A client that says, as browsers do, that a form comes from our own page: others are held for review (SEC-28)."""
    return Client(headers={"Sec-Fetch-Site": "same-origin"})


@pytest.fixture
def clock(time_machine):
    """The clock, to be moved with `clock.shift(timedelta(...))`."""
    time_machine.move_to(timezone.now())
    return time_machine


@pytest.fixture(autouse=True)
def _triggers_after(request) -> Iterator[None]:
    """Put the ledger's triggers back once a test that commits has had its database emptied."""
    yield
    if "transactional_db" in request.fixturenames:
        with request.getfixturevalue("django_db_blocker").unblock(), connection.schema_editor() as editor:
            triggers.install(editor)


@pytest.fixture(autouse=True)
def _triggers_before(request, _triggers_after) -> Iterator[None]:
    """Take the ledger's triggers away just before Django empties the database of a test that commits.

    They refuse that, as they must (I8). This ends before `transactional_db` does, and `_triggers_after` after it.
    """
    if "transactional_db" in request.fixturenames:
        request.getfixturevalue("transactional_db")
    yield
    if "transactional_db" in request.fixturenames:
        with connection.schema_editor() as editor:
            triggers.remove(editor)


@pytest.fixture
def as_intruder(db) -> None:
    """Take the triggers away, as somebody who owns the database can."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name, _act, table, _rows, _words in [*triggers.ROW_RULES, *triggers.TABLE_RULES]:
            cursor.execute(
                f"DROP TRIGGER IF EXISTS {name}{f' ON {table}' if connection.vendor == 'postgresql' else ''}"
            )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server. Tests that ask for it are skipped by themselves where there is none."""
    if postgresql.missing():
        pytest.skip(postgresql.missing())
    with postgresql.server() as url:
        yield url


@pytest.fixture
def postgres(postgres_server) -> Iterator[str]:
    """The address of an empty database on PostgreSQL, dropped afterwards."""
    with postgresql.database(postgres_server) as url:
        yield url

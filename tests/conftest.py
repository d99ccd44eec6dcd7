import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.plugin import blocking_manager_key

from leads import triggers
from recruitcms import address_counts, content_state, csp_reports, health, site_content
from recruitcms.quality import surroundings
from recruitcms.translated import localized_url
from roles.search import missed
from tests import postgres as postgresql
from tests.postbox import postbox  # noqa: F401  (a fixture)
from tests.topology import Topology, running
from tests.topology import missing as missing_for_topology

if connection.vendor == "sqlite":  # pytest-django knows Django's own backend alone to need no file for each process
    settings.DATABASES["default"]["TEST"]["NAME"] = ":memory:"


@pytest.fixture(autouse=True)
def fresh_copies() -> None:
    """Forget what earlier tests left in the process."""
    site_content._kept.clear()
    surroundings._kept.clear()
    content_state._last.clear()
    localized_url.cache_clear()
    for tally in (address_counts.missing, address_counts.hits, missed.tally):
        tally.clear()
    for limit in (csp_reports.by_network, csp_reports.lines):
        limit.clear()
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


def _commits(item: pytest.Item) -> bool:
    """Tell whether a test writes for real, so that Django empties the database after it."""
    marker = item.get_closest_marker("django_db")
    return "transactional_db" in item.fixturenames or bool(marker and marker.kwargs.get("transaction"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Put the ledger's triggers back once a test that commits has had its database emptied."""
    yield
    if nextitem is not None and _commits(item):
        with item.config.stash[blocking_manager_key].unblock(), connection.schema_editor() as editor:
            triggers.install(editor)


@pytest.fixture(autouse=True)
def _triggers_before(request) -> Iterator[None]:
    """Take the ledger's triggers away just before Django empties the database of a test that commits.

    They refuse that, as they must (I8). This ends before `transactional_db` does.
    """
    if _commits(request.node):
        request.getfixturevalue("transactional_db")
    yield
    if _commits(request.node):
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


@pytest.fixture(scope="session")
def topology() -> Iterator[Topology]:
    """The whole topology, up. Tests that ask for it are skipped by themselves where a program of it is missing.

    Its tests are of one group (`xdist_group("topology")`), so that it is started once.
    """
    if missing_for_topology():
        pytest.skip(missing_for_topology())
    with running(FORMS_IN_ALL="5000", FORM_MAILS_AN_HOUR="5000") as topology:
        yield topology

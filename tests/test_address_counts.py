"""What is asked for in vain is counted by address alone, without ever keeping anybody waiting."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from leads import chores
from recruitcms import address_counts, addresses, tallies
from recruitcms.models import MissingAddress, Redirect
from tests.factories import make_site, published_role

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def ask(client, path, agent=FIREFOX, **headers):
    return client.get(path, headers={"User-Agent": agent} | headers, follow=True)


def rows():
    address_counts.flush()
    return {row.path: (row.visits, row.robots, row.is_linked_here) for row in MissingAddress.objects.all()}


def missing(path, **more):
    return MissingAddress.objects.create(**{"path": path, "language": "en", "last_seen": timezone.localdate()} | more)


def test_an_address_is_counted_however_it_is_written(client):
    for path in ("/old-post/", "/OLD-Post", "/old-post/?utm_source=anna@example.com"):
        ask(client, path)

    assert rows() == {"/old-post/": (3, 0, False)}
    row = MissingAddress.objects.get()
    assert (row.language, row.last_seen, row.is_ignored) == ("en", timezone.localdate(), False)


def test_counts_add_up_over_several_writings(client):
    ask(client, "/pl/stary/")
    rows()
    ask(client, "/pl/stary/", agent="Googlebot/2.1")

    assert rows() == {"/pl/stary/": (1, 1, False)}
    assert MissingAddress.objects.get().language == "pl"


def test_a_link_on_our_own_page_is_told_from_one_elsewhere(client):
    ask(client, "/ours/", Referer="http://testserver/roles/?q=secret")
    ask(client, "/theirs/", Referer="https://elsewhere.example/page")
    ask(client, "/broken/", Referer="http://[")

    assert rows() == {"/ours/": (1, 0, True), "/theirs/": (1, 0, False), "/broken/": (1, 0, False)}


PROBES = ["/wp-login.php", "/wp-admin/", "/.env", "/.git/config", "/a/b.PHP", "/backup.sql", "/cgi-bin/x", "/%00"]
PROBES += ["/favicon.ico", "/apple-touch-icon-precomposed.png", "/static/css/old.css"]
TELLING = ["/c/TOKEN:1abc", "/pl/u/token", "/anna@example.com/", f"/x/{'a1' * 30}/", "/admin/none/", "/a%0ab"]
TELLING += ["/cv-jan-48600123456/", "/unsubscribe/abc-DEF-123/", "/reset/MQ/abc-1f/", "/x/0123456789abcdef01234567/"]


@pytest.mark.parametrize("path", [*PROBES, *TELLING, f"/{'word-' * 80}"])
def test_probes_tokens_and_what_tells_who_asked_are_not_kept(client, path):
    assert ask(client, path).status_code in {200, 404, 410}

    assert rows() == {}


def test_what_is_found_or_posted_or_only_looked_at_is_not_counted(client):
    make_site()
    ask(client, "/roles")
    ask(client, "/roles/")
    client.post("/none/")
    client.head("/none/")

    assert rows() == {}


def test_forwards_are_counted(client):
    addresses.lead("/old/", published_role(slug="new"))
    ask(client, "/old/")
    ask(client, "/OLD?x=1")

    address_counts.flush()

    row = Redirect.objects.get()
    assert (row.hits, row.last_hit) == (2, timezone.localdate())
    assert not MissingAddress.objects.exists()


def test_counting_writes_nothing_until_its_time_has_come(client, django_assert_num_queries):
    ask(client, "/old/")

    with django_assert_num_queries(0):
        address_counts.missing.add(("/old/", False, False))

    address_counts.missing.written_at -= tallies.EVERY + 1
    address_counts.missing.add(("/old/", False, False))
    assert MissingAddress.objects.get().path == "/old/"


def test_a_writing_waits_for_no_lock():
    with connection.cursor() as cursor, tallies.without_waiting():
        cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout")
        during = cursor.fetchone()[0]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout")
        after = cursor.fetchone()[0]

    assert (during, after) in {(0, 20000), ("50ms", "20s")}


def test_a_busy_database_neither_slows_the_page_nor_loses_the_count(transactional_db):
    make_site()
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            missing("/old/")
            locked.set()
            done.wait(30)
            transaction.set_rollback(True)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(30)
    address_counts.missing.add(("/old/", False, False))
    address_counts.flush()
    kept = dict(address_counts.missing.counts)
    done.set()
    thread.join()

    assert kept == {("/old/", False, False): 1}
    assert rows() == {"/old/": (1, 0, False)}


def test_memory_and_table_are_bounded_and_the_rarest_go_first(client, monkeypatch):
    monkeypatch.setattr(address_counts, "ROWS", 3)
    monkeypatch.setattr(tallies, "AT_ONCE", 4)
    missing("/ignored/", is_ignored=True)
    ask(client, "/often/")
    for number in range(6):
        ask(client, f"/rare-{number}/")
    ask(client, "/often/")

    assert len(address_counts.missing.counts) == 4
    assert sorted(rows()) == ["/ignored/", "/often/", "/rare-2/"]


def test_what_nobody_asks_for_any_more_is_forgotten():
    half_a_year_ago = timezone.localdate() - timedelta(days=181)
    missing("/old/", last_seen=half_a_year_ago)
    missing("/new/")

    chores.run(timezone.now())

    assert [row.path for row in MissingAddress.objects.all()] == ["/new/"]

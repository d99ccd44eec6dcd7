"""Limits on a real Redis: two web processes count together, and a Redis that goes away stops nobody (SEC-18).

The site is the real server with two processes. Redis holds counts alone, and nothing by which anybody is known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis
from django.core.cache import cache, caches

from leads import mail_limits
from recruitcms import limits
from tests import redis_server
from tests.factories import published_role
from tests.faults.databases import SqliteServer
from tests.faults.figures import Figures
from tests.faults.site import Bench, Site
from tests.faults.visitors import CONSULTATION, Answer, Visitors, request
from tests.redis_server import RedisServer
from tests.staff import SECOND, app_code, make_staff, new_browser, sign_in, try_password, with_app

pytestmark = [
    pytest.mark.skipif(bool(redis_server.missing()), reason=redis_server.missing()),
    pytest.mark.xdist_group("redis"),  # one site for all of them
    pytest.mark.slow,
]
EMAIL = "marta@quillstone.example"


@dataclass
class TwoProcesses(Site):
    """A site of two web processes that count on one Redis, with limits that are soon reached."""

    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        few = {"FORMS_PER_NETWORK": "4", "WEB_PROCESSES": "2", "WEB_THREADS": "4"}
        return super().environment | few | self.more


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def site(server) -> Iterator[Site]:
    bench = Bench(SqliteServer(), Figures(), 0)
    bench.prepare()
    prepared = bench.copy()
    site = TwoProcesses(prepared.data, prepared.database, prepared.log, more={"CACHE_URL": server.url})
    site.start_web()
    yield site
    site.close()
    bench.close()


@pytest.fixture
def on_redis(server, settings) -> RedisServer:
    """This process's cache on that Redis, as the settings put it there."""
    server.start() if server.process is None else redis.Redis.from_url(server.url).flushdb()
    options = {"socket_connect_timeout": 1, "socket_timeout": 1}
    here = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": server.url, "OPTIONS": options}
    settings.CACHES = settings.CACHES | {"default": here}
    return server


def send(site: Site, network: str, number: int, email: str = "") -> Answer:
    visitors = Visitors(site.url)
    return request(
        site.url, CONSULTATION, visitors.fields(CONSULTATION, number, email or f"v{number}@company.example"), network
    )


# --- two processes ---


def test_two_processes_count_together(site, server):
    """Twelve forms go through, as three times FORMS_PER_NETWORK; two processes that count apart would take more."""
    answers = [send(site, "10.1.0.1", number) for number in range(16)]

    assert [answer.status for answer in answers] == [303] * 12 + [429] * 4
    assert answers[-1].retry_after == "600"
    assert send(site, "10.1.0.2", 99).status == 303  # another network is not asked to wait


def test_redis_holds_nothing_by_which_anybody_is_known(site, server):
    send(site, "10.2.0.1", 1, EMAIL)
    request(site.url, "/roles/lead-data-engineer.docx", network="10.2.0.1")

    held = server.all_it_holds()

    assert len(held) >= 3
    assert not [key for key in held if not re.fullmatch(r":1:limit-(network|address|all)-[0-9a-f]{40,64}", key)]
    everything = " ".join(held) + " ".join(value.decode("latin-1") for value in held.values())
    assert not [
        word for word in ("marta", "quillstone", "10.2.0.1", "10.1.0.1", "company.example") if word in everything
    ]
    assert max(len(value) for value in held.values()) < 100  # numbers; files stay in the processes


@pytest.mark.skipif(bool(redis_server.NAMED), reason="the Redis of TEST_REDIS_URL is not ours to kill")
def test_while_redis_is_away_forms_are_taken_uncounted_and_pages_come(site, server):
    assert [send(site, "10.3.0.1", number).status for number in range(13)][-1] == 429

    server.kill()
    try:
        away = [send(site, "10.3.0.1", number) for number in range(20, 34)]
        pages = [request(site.url, path) for path in ("/", "/roles/", "/roles/lead-data-engineer/", "/forms/ticket/")]
        file = request(site.url, "/roles/lead-data-engineer.docx")
    finally:
        server.start()
    back = [send(site, "10.3.0.1", number).status for number in range(40, 53)]

    assert [answer.status for answer in away] == [303] * 14
    assert max(answer.seconds for answer in away) < 5
    assert [answer.status for answer in [*pages, file]] == [200] * 5
    assert back == [303] * 12 + [429]  # it came back empty, and counts again
    assert {f"v{number}@company.example" for number in range(20, 34)} <= site.addresses()
    assert "cache is away" in site.log.read_text()


# --- one count ---


def test_a_count_ends_by_itself(on_redis):
    limits.wait_after("comment", "one", 9, window=600)
    limits.wait_after("comment", "one", 9, window=600)

    client = redis.Redis.from_url(on_redis.url)
    (key,) = client.scan_iter()
    assert (int(client.get(key)), 590 < client.ttl(key) <= 600) == (2, True)


def test_a_count_that_runs_out_in_the_middle_does_not_stay_for_ever(on_redis, monkeypatch):
    """Redis makes a key anew that ended just before it was counted up, and then without an end."""
    client = redis.Redis.from_url(on_redis.url)

    def ended(key, value, timeout):
        client.set(cache.make_key(key), 0)  # as INCR finds it: not there, so that it begins at none and has no end

    monkeypatch.setattr(caches["default"], "add", ended)
    limits.wait_after("comment", "one", 9, window=600)

    (key,) = client.scan_iter()
    assert 590 < client.ttl(key) <= 600


@pytest.mark.skipif(bool(redis_server.NAMED), reason="the Redis of TEST_REDIS_URL is not ours to kill")
def test_without_redis_a_worker_sends_on_and_cookie_choices_are_taken(on_redis, caplog):
    on_redis.kill()

    assert mail_limits._is_news()  # the alarm is raised; it does not stop the mail
    assert limits.wait_after("cookie-choices", "", 600, window=60) == 0


@pytest.mark.django_db
@pytest.mark.skipif(bool(redis_server.NAMED), reason="the Redis of TEST_REDIS_URL is not ours to kill")
def test_without_redis_nobody_signs_in_and_is_told_to_try_again(on_redis, settings):
    """SEC-10, SEC-21, REL-7: neither by a password nor by a code; who is in stays in, and it mends by itself."""
    settings.SECOND_FACTOR = True
    secret = with_app(make_staff())
    inside = sign_in(new_browser("192.0.2.9"), secret)
    half_way, outside = new_browser(), new_browser()
    for browser in (half_way, outside):
        browser.raise_request_exception = False
    try_password(half_way)
    on_redis.kill()

    refused = [try_password(outside), half_way.post(SECOND, {"code": app_code(secret, 1)})]
    refused.append(outside.post("/admin/forgotten/", {"email": "eva@example.com"}))

    assert [(answer.status_code, answer["Retry-After"]) for answer in refused] == [(503, "30")] * 3
    assert all("Please try again in a minute" in answer.content.decode() for answer in refused)
    assert not [one for one in (outside, half_way) if "_auth_user_id" in one.session]
    assert (inside.get("/admin/account/").status_code, outside.get("/admin/login/").status_code) == (200, 200)
    on_redis.start()
    sign_in(outside, secret, later=1)


@pytest.mark.django_db
def test_files_are_kept_in_the_process(on_redis, client):
    role = published_role()
    address = f"{role.get_absolute_url().rstrip('/')}.docx"

    assert client.get(address).status_code == 200
    assert (len(caches["files"]._cache), on_redis.all_it_holds()) == (1, {})

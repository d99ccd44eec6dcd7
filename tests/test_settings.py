"""Wrong settings stop the start and name the variable; with none set everything works."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import bare_environment

ROOT = Path(__file__).parent.parent


SHOWN = "s.DEBUG, s.SITE_URL, s.ALLOWED_HOSTS, s.SESSION_COOKIE_NAME"


def start(tmp_path, shown=SHOWN, **variables):
    """Load the settings in a process of their own, as a start does, and print some of them."""
    environment = bare_environment() | {"DATA_DIR": str(tmp_path / "var")} | variables
    code = f"import recruitcms.settings as s; print({shown})"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("SITE_URL", "www.example.com"),
        ("SITE_URL", "ftp://example.com"),
        ("SITE_URL", "https://example.com/path"),
        ("TIME_ZONE", "Europe/Atlantis"),
        ("MAIL_FROM", "nobody"),
        ("TEAM_MAIL", "nobody"),
        ("LEDGER_ANCHOR_MAIL", "nobody"),
        ("LEDGER_KEY", "short"),
        ("MAIL_EVENTS", "carrier-pigeon"),
        ("MAIL_EVENTS_KEY", "short"),
        ("EMBEDDED_WORKER", "2"),
        ("MAIL_TIMEOUT_SECONDS", "0"),
        ("MAIL_LEASE_SECONDS", "a while"),
        ("MAIL_LEASE_SECONDS", "299"),  # ten waits of 30 seconds are longer
        ("MAIL_URL", "carrier-pigeon://loft"),
        ("DATABASE_URL", "scroll://library"),
        ("SECRET_KEY", "short"),
        ("LINK_KEY", "short"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_NETWORKS", "everybody"),
        ("SENTRY_DSN", "errors.example.com"),
        ("SENTRY_DSN", "https://errors.example.com/1"),  # no key
        ("SENTRY_DSN", "http://key@errors.example.com/1"),  # no TLS
        ("SECOND_FACTOR", "maybe"),
        ("SESSION_IDLE_MINUTES", "5"),
        ("SESSION_HOURS", "0"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_is_named(tmp_path, name, value):
    result = start(tmp_path, **{name: value})

    assert result.returncode != 0
    assert name in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("secret", ["", "short", "no-colon-in-this-long-word"])
def test_a_mail_provider_needs_its_secret(tmp_path, secret):
    """EML-15: without one anybody could report complaints."""
    result = start(tmp_path, MAIL_EVENTS="postmark", MAIL_EVENTS_SECRET=secret)

    assert "MAIL_EVENTS_SECRET" in result.stderr.splitlines()[-1]
    assert start(tmp_path, MAIL_EVENTS="postmark", MAIL_EVENTS_SECRET="user:a long password").returncode == 0


def test_with_nothing_set_the_site_is_safe(tmp_path):
    result = start(tmp_path)

    assert result.stdout.strip() == "False http://127.0.0.1:8000 ['127.0.0.1', 'localhost'] session"


def test_the_example_copied_as_it_is_changes_nothing(tmp_path):
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line and line[0] != "#"]
    example = dict(line.split("=", 1) for line in lines)

    result = start(tmp_path, **example | {"DATA_DIR": str(tmp_path / "var")})

    assert result.stdout.strip() == "False http://127.0.0.1:8000 ['127.0.0.1', 'localhost'] session"


def test_keys_are_made_once_and_only_the_owner_reads_them(tmp_path):
    start(tmp_path)
    keys = {path.name: path.read_text() for path in (tmp_path / "var" / "keys").iterdir()}

    start(tmp_path)

    assert sorted(keys) == ["factor_key", "ledger_key", "link_key", "proof_key", "secret_key", "suppression_key"]
    assert {path.name: path.read_text() for path in (tmp_path / "var" / "keys").iterdir()} == keys
    assert len(set(keys.values())) == 6
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "var" / "keys").iterdir()} == {0o600}


def test_an_https_site_answers_to_its_own_name_alone_with_guarded_cookies(tmp_path):
    result = start(tmp_path, SITE_URL="https://www.example.com", DEBUG="0")

    assert result.stdout.strip() == "False https://www.example.com ['www.example.com'] __Host-session"


CACHES = "[{k.lower(): v for k, v in s.CACHES[n].items()} for n in ('default', 'files')]"


def test_in_memory_counts_have_room_and_files_a_cache_of_their_own(tmp_path):
    """SEC-18: what anybody can have kept pushes no count out."""
    for variables in ({}, {"CACHE_URL": "locmemcache://one"}):
        counts, files = ast.literal_eval(start(tmp_path, CACHES, **variables).stdout)

        assert counts["options"] == {"MAX_ENTRIES": 100_000}
        assert counts["backend"] == files["backend"] == "django.core.cache.backends.locmem.LocMemCache"
        assert counts["location"] != files["location"]
        assert "options" not in files


def test_files_stay_in_the_process_and_redis_has_counts_alone(tmp_path):
    """SEC-18: what anybody can have kept shares no memory limit with the counts."""
    address = "redis://cache.example:6379/0"

    counts, files = ast.literal_eval(start(tmp_path, CACHES, CACHE_URL=address).stdout)

    assert counts == {
        "backend": "django.core.cache.backends.redis.RedisCache",
        "location": address,
        "options": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    assert files["backend"].endswith("LocMemCache")


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {"options": "-c lock_timeout=20s", "connect_timeout": 10}),
        ("?connect_timeout=3", {"options": "-c lock_timeout=20s", "connect_timeout": 3}),
    ],
)
def test_waiting_for_postgresql_has_an_end(tmp_path, query, options):
    result = start(
        tmp_path, shown="s.DATABASES['default']['OPTIONS']", DATABASE_URL=f"postgres://db.example/site{query}"
    )

    assert ast.literal_eval(result.stdout) == options

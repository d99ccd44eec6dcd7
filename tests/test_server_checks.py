"""`check --deploy` about servers: each check says what is wrong, and stays quiet where it is right."""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from recruitcms import server_checks
from recruitcms.settings import networks
from tests.factories import make_site

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
POSTGRES = {"ENGINE": "django.db.backends.postgresql", "NAME": "site"}
REDIS = "django.core.cache.backends.redis.RedisCache"
S3 = {"default": {"BACKEND": "recruitcms.storage.PublicFiles", "OPTIONS": {"endpoint_url": "https://s3.example.com"}}}


def postgres(host, **options):
    return {"default": POSTGRES | {"HOST": host, "OPTIONS": options}}


def redis(url):
    return {"default": {"BACKEND": REDIS, "LOCATION": url}}


def smtp(host, tls=False, ssl=False):
    backend = {"EMAIL_BACKEND": "leads.smtp.Backend", "EMAIL_HOST": host}
    return backend | {"EMAIL_USE_TLS": tls, "EMAIL_USE_SSL": ssl}


def from_(sender, team="team@agency.com"):
    return {"DEFAULT_FROM_EMAIL": sender, "TEAM_MAIL": team}


HERE = {"DATA_DIR": Path("/var/lib/recruitcms"), "STATIC_ROOT": Path("/var/lib/recruitcms/static"), "PRODUCTION": True}
CODE = Path(server_checks.__file__).parent.parent
ANCHORS = {"LEDGER_ANCHOR_FILE": Path("/mnt/a"), "ERASURE_JOURNAL_FILE": Path("/mnt/e"), "LEDGER_ANCHOR_MAIL": ""}
SQLITE = {"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}}
LOCAL = {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}
# (the check, its id, settings with which it speaks, settings with which it is quiet)
CASES = [
    ("host_names_are_named", "W020", {"ALLOWED_HOSTS": ["a.com", "*"]}, {"ALLOWED_HOSTS": ["a.com", "b.a.com"]}),
    ("host_names_are_named", "W020", {"ALLOWED_HOSTS": [".a.com"]}, {"ALLOWED_HOSTS": []}),
    (
        "trusted_proxies_are_ours",
        "W021",
        {"TRUSTED_PROXIES": networks("0.0.0.0/0")},
        {"TRUSTED_PROXIES": networks("10.0.0.0/8, 104.16.0.0/13, 2400:cb00::/32, ::1")},
    ),
    ("trusted_proxies_are_ours", "W021", {"TRUSTED_PROXIES": networks("::/0")}, {"TRUSTED_PROXIES": []}),
    ("each_key_is_another", "W024", {"LINK_KEY": KEY, "PROOF_KEY": KEY}, {"LINK_KEY": KEY, "PROOF_KEY": KEY[::-1]}),
    ("each_key_is_another", "W024", {"LINK_KEY": KEY, "LINK_KEYS_OLD": [KEY]}, {"LINK_KEYS_OLD": [KEY]}),
    ("keys_are_random", "W025", {"LEDGER_KEY": "changeme" * 5}, {"LEDGER_KEY": KEY}),
    ("keys_are_random", "W025", {"SECRET_KEY": "x" * 50}, {"MAIL_EVENTS_KEY": ""}),
    ("data_is_not_among_the_code", "W029", HERE | {"DATA_DIR": CODE / "var"}, HERE),
    ("data_is_not_among_the_code", "W029", HERE | {"DATA_DIR": CODE}, HERE | {"DATA_DIR": CODE, "PRODUCTION": False}),
    ("data_is_not_among_the_code", "E028", HERE | {"DATA_DIR": CODE / "static" / "x"}, HERE),
    ("data_is_not_among_the_code", "E028", HERE | {"DATA_DIR": HERE["STATIC_ROOT"]}, HERE),
    ("proofs_are_kept_elsewhere", "W030", ANCHORS | {"LEDGER_ANCHOR_FILE": HERE["DATA_DIR"] / "a"}, ANCHORS),
    (
        "proofs_are_kept_elsewhere",
        "W031",
        ANCHORS | {"ERASURE_JOURNAL_FILE": HERE["DATA_DIR"] / "e"},
        ANCHORS | {"LEDGER_ANCHOR_FILE": HERE["DATA_DIR"] / "a", "LEDGER_ANCHOR_MAIL": "proofs@agency.com"},
    ),
    ("one_database_for_all_machines", "W032", SQLITE | LOCAL | {"STORAGES": S3}, SQLITE | LOCAL),
    (
        "one_database_for_all_machines",
        "W032",
        SQLITE | {"CACHES": redis("redis://10.0.0.7:6379/0")},
        SQLITE | {"CACHES": redis("redis://127.0.0.1:6379/0")},
    ),
    (
        "the_database_is_spoken_to_in_secret",
        "W033",
        {"DATABASES": postgres("10.0.0.5")},
        {"DATABASES": postgres("10.0.0.5", sslmode="verify-full")},
    ),
    (
        "the_database_is_spoken_to_in_secret",
        "W033",
        {"DATABASES": postgres("db.agency.com", sslmode="prefer")},
        {"DATABASES": postgres("/var/run/postgresql")},
    ),
    ("the_database_is_spoken_to_in_secret", "W033", {"DATABASES": postgres("fd00::5")}, {"DATABASES": postgres("::1")}),
    (
        "the_cache_is_spoken_to_in_secret",
        "W034",
        {"CACHES": redis("redis://:word@10.0.0.7:6379/0")},
        {"CACHES": redis("rediss://:word@10.0.0.7:6379/0")},
    ),
    (
        "the_cache_is_spoken_to_in_secret",
        "W035",
        {"CACHES": redis(["rediss://cache.agency.com:6379/0", "rediss://b:1/0"])},
        {"CACHES": redis("redis://localhost:6379/0")},
    ),
    ("mail_leaves_in_secret", "W036", smtp("smtp.agency.com"), smtp("smtp.agency.com", tls=True)),
    ("mail_leaves_in_secret", "W036", smtp("10.0.0.9"), smtp("127.0.0.1")),
    ("mail_leaves_in_secret", "W036", smtp("smtp.agency.com"), smtp("smtp.agency.com", ssl=True)),
    ("mail_comes_from_us", "W037", from_("A <hello@northbeam.example>"), from_("A <hello@agency.com>")),
    ("mail_comes_from_us", "W037", from_("hello@agency.com", "Team <team@b.test>"), from_("hello@agency.com")),
]


# Those that look at more than settings have tests of their own below.
BY_THEMSELVES = {"machines_share_their_keys", "others_cannot_read_the_data", "no_account_has_a_known_password"}
BY_THEMSELVES |= {"mails_say_where_we_are"}


@pytest.fixture
def place(settings, monkeypatch):
    """Return a function that sets settings. Of the database it sets what checks read, while none is asked."""

    def place(**values):
        for name, value in values.items():
            if name == "DATABASES":
                monkeypatch.setitem(settings.DATABASES, "default", value["default"])
            else:
                setattr(settings, name, value)

    return place


@pytest.mark.parametrize(("name", "number", "wrong", "right"), CASES)
def test_a_check_speaks_where_something_is_wrong_and_there_alone(place, name, number, wrong, right):
    check = getattr(server_checks, name)
    place(**{"DATA_DIR": HERE["DATA_DIR"]} | right)
    quiet = check(None)

    place(**wrong)
    found = check(None)

    assert quiet == []
    assert [message.id for message in found] == [f"recruitcms.{number}"]
    assert all(message.hint for message in found)


def test_no_check_says_a_key_or_a_password(place):
    """SEC-22: what is printed may be kept."""
    place(LINK_KEY=KEY, PROOF_KEY=KEY, LEDGER_KEY="x" * 40)
    place(CACHES=redis("redis://:very-secret@10.0.0.7:6379/0"), DATABASES=postgres("10.0.0.5", PASSWORD="also-secret"))
    found = [
        *server_checks.each_key_is_another(None),
        *server_checks.keys_are_random(None),
        *server_checks.the_cache_is_spoken_to_in_secret(None),
        *server_checks.the_database_is_spoken_to_in_secret(None),
    ]

    said = " ".join(f"{message.msg} {message.hint}" for message in found)
    assert len(found) == 4
    assert not [word for word in (KEY, "xxxx", "very-secret", "also-secret") if word in said]


def test_keys_of_one_machine_are_warned_of_where_there_are_several(place, monkeypatch):
    place(DATABASES=postgres("10.0.0.5"), STORAGES=S3)
    for name in server_checks.KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("LINK_KEY_FILE", "/run/secrets/link_key")
    (found,) = server_checks.machines_share_their_keys(None)
    assert (found.id, "SECRET_KEY" in found.msg, "LINK_KEY" in found.msg) == ("recruitcms.W026", False, False)
    assert "PROOF_KEY, LEDGER_KEY, SUPPRESSION_KEY, FACTOR_KEY" in found.msg

    place(DATABASES=postgres(""), STORAGES={"default": {}})
    assert server_checks.machines_share_their_keys(None) == []


def test_folders_that_others_may_read_are_named(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    keys = settings.DATA_DIR / "keys"
    keys.mkdir(parents=True)
    settings.DATA_DIR.chmod(0o750)
    keys.chmod(0o700)
    assert server_checks.others_cannot_read_the_data(None) == []

    settings.DATA_DIR.chmod(0o755)
    (found,) = server_checks.others_cannot_read_the_data(None)
    assert (found.id, found.hint) == ("recruitcms.W027", f"chmod o-rwx {settings.DATA_DIR}")


@pytest.mark.django_db
def test_what_is_left_of_a_first_start_is_warned_of(settings, tmp_path):
    """SEC-9: no default account."""
    settings.DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_superuser("admin", password="a long one that nobody guesses")
    User.objects.create_superuser("nadia", password="nadia")  # a name that nobody tries
    User.objects.create_superuser("demo", password="demo", is_active=False)
    assert server_checks.no_account_has_a_known_password(None) == []

    (tmp_path / "first-password").write_text("admin secret")
    User.objects.create_superuser("root", password="password")
    found = server_checks.no_account_has_a_known_password(None)

    assert [message.id for message in found] == ["recruitcms.W022", "recruitcms.W023"]
    assert "root" in found[1].msg
    assert "admin" not in found[1].msg


@pytest.mark.django_db
def test_mails_without_a_postal_address_are_warned_of(settings):
    settings.LANGUAGES = [("en", "English"), ("pl", "polski")]  # those that `make_site` has texts in
    (found,) = server_checks.mails_say_where_we_are(None)
    assert (found.id, "English, polski" in found.msg) == ("recruitcms.W038", True)

    make_site(address="Prosta 1, Warszawa")
    assert server_checks.mails_say_where_we_are(None) == []


def test_check_deploy_runs_every_check_of_the_module():
    registered = checks.registry.registry.deployment_checks
    ours = {check.__name__ for check in registered if check.__module__ == server_checks.__name__}

    assert {name for name, *_rest in CASES} | BY_THEMSELVES == ours


@pytest.mark.django_db
def test_check_deploy_fails_where_a_check_speaks(settings, capsys):
    settings.TRUSTED_PROXIES = networks("0.0.0.0/0")

    with pytest.raises(SystemCheckError, match=r"recruitcms\.W021"):
        call_command("check", "--deploy", "--fail-level", "WARNING", "--tag", "security")


def test_the_default_folder_is_closed_to_others(tmp_path):
    """What the settings make themselves gives no reason to warn."""
    assert os.environ["DATA_DIR"]
    assert server_checks.others_cannot_read_the_data(None) == []

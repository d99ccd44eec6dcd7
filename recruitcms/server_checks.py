"""Checks of our own for `manage.py check --deploy`, about servers: keys, folders, other machines, and who may come in.

Each looks at the settings as they are, or at what is on the disk and in the database; none asks another machine.
"""

import ipaddress
import os
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.db import DatabaseError

from recruitcms.checks import mail_domain

Found = list[checks.CheckMessage]
KEYS = ["SECRET_KEY", "LINK_KEY", "PROOF_KEY", "LEDGER_KEY", "SUPPRESSION_KEY", "FACTOR_KEY", "MAIL_EVENTS_KEY"]
FEWEST_CHARACTERS = 10  # that differ, of 32 or more: 32 hexadecimal digits by chance have fewer once in 10,000 times
NOBODYS = ("example", "test", "invalid", "localhost")  # RFC 2606: addresses there are nobody's
WIDEST = {4: 8, 6: 19}  # prefixes: 10.0.0.0/8 is a network that somebody has; wider ones are most of the Internet
DEMONSTRATION = {"admin", "demo", "root", "test"}  # names of accounts whose passwords are guessed first (SEC-9)


def _warn(number: int, words: str, hint: str) -> Found:
    return [checks.Warning(words, hint=hint, id=f"recruitcms.W{number:03}")]


def deploy(check: Any) -> Any:
    """Register a check that `check --deploy` runs."""
    return checks.register(checks.Tags.security, deploy=True)(check)


# --- who may come in ---


@deploy
def host_names_are_named(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where the server answers to names that nobody has listed (SEC-19)."""
    wide = [host for host in settings.ALLOWED_HOSTS if host.startswith((".", "*"))]
    words = f"The server answers to any name like {', '.join(wide)}."
    return _warn(20, words, "Write each name into EXTRA_HOSTS, without a * or a dot before it.") if wide else []


@deploy
def trusted_proxies_are_ours(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where anybody may say which address they come from, and so escape the limits (SEC-17)."""
    wide = [str(one) for one in settings.TRUSTED_PROXIES if one.prefixlen < WIDEST[one.version]]
    words = f"TRUSTED_PROXIES believes X-Forwarded-For of {', '.join(wide)}: of nearly everybody."
    return _warn(21, words, "List the addresses or networks of your own proxies.") if wide else []


@deploy
def no_account_has_a_known_password(app_configs: Any, **kwargs: Any) -> Found:
    """Warn of what is left of a first start: a password in a file, and names that are guessed first (SEC-9)."""
    found: Found = []
    file = settings.DATA_DIR / "first-password"
    if file.exists():
        words = f"The password of the first account is in {file}."
        found += _warn(22, words, "Sign in, change the password, and delete the file.")
    guessed = [user.get_username() for user in _superusers() if _is_guessed(user)]
    if guessed:
        words = f"The password of {', '.join(guessed)} is one that is tried first."
        found += _warn(23, words, "Change it: manage.py changepassword NAME. Better, name the account after a person.")
    return found


def _superusers() -> Iterator[Any]:
    """Yield the superusers with names that are guessed first. None where there is no database yet."""
    try:
        yield from get_user_model().objects.filter(is_superuser=True, is_active=True, username__in=DEMONSTRATION)
    except DatabaseError:
        return


def _is_guessed(user: Any) -> bool:
    """Tell whether a password is the account's name or a word that everybody tries. Each try takes a moment."""
    return any(user.check_password(word) for word in (user.get_username(), "admin", "password", "demo"))


# --- keys (SEC-25) ---


@deploy
def each_key_is_another(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where one key serves two uses, or an old one is still in use: then nothing was changed."""
    keys = {name: getattr(settings, name) for name in KEYS if getattr(settings, name)}
    equal = [f"{one} and {other}" for one, other in combinations(keys, 2) if keys[one] == keys[other]]
    stale = [f"{name} and {name}S_OLD" for name in keys if keys[name] in getattr(settings, f"{name}S_OLD", [])]
    words = f"These keys are the same: {', '.join([*equal, *stale])}."
    return _warn(24, words, "Make each by itself: openssl rand -base64 48.") if equal or stale else []


@deploy
def keys_are_random(app_configs: Any, **kwargs: Any) -> Found:
    """Warn of keys that somebody typed."""
    poor = [name for name in KEYS if 0 < len(set(getattr(settings, name))) < FEWEST_CHARACTERS]
    words = f"These keys repeat few characters: {', '.join(poor)}."
    return _warn(25, words, "Make each by a program: openssl rand -base64 48.") if poor else []


@deploy
def machines_share_their_keys(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where machines that share a database or files each made keys of their own."""
    made = [name for name in KEYS[:-1] if not os.environ.get(name) and not os.environ.get(f"{name}_FILE")]
    words = f"{', '.join(made)}: made on this machine, in {settings.DATA_DIR / 'keys'}. Others do not have them."
    hint = "Put the same keys into the environment of each machine."
    return _warn(26, words, hint) if made and _shared_elsewhere() else []


def _shared_elsewhere() -> list[str]:
    """Return which parts of the site are on other machines, and therefore perhaps of several."""
    shared = {"DATABASE_URL": _database_host(), "CACHE_URL": _cache_url().hostname, "FILES_URL": _bucket_host()}
    return [name for name, host in shared.items() if host and not is_here(host)]


# --- folders ---


@deploy
def others_cannot_read_the_data(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where any account of the machine reads the database, the reports and the keys."""
    open_to_all = [str(folder) for folder in (settings.DATA_DIR, settings.DATA_DIR / "keys") if _mode(folder) & 0o007]
    words = f"Every account of this machine may look into {' and '.join(open_to_all)}."
    return _warn(27, words, f"chmod o-rwx {' '.join(open_to_all)}") if open_to_all else []


def _mode(path: Path) -> int:
    return path.stat().st_mode if path.exists() else 0


@deploy
def data_is_not_among_the_code(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where an upgrade of the code could take the data along, or static files would publish it."""
    data = settings.DATA_DIR
    if any(data.is_relative_to(Path(folder)) for folder in settings.STATICFILES_DIRS):
        words = f"DATA_DIR={data} is in a folder of static files: all of it would be published."
        return [checks.Error(words, hint="Put it elsewhere, /var/lib/recruitcms say.", id="recruitcms.E028")]
    if data.is_relative_to(settings.STATIC_ROOT):
        words = f"DATA_DIR={data} is among the collected static files: all of it would be published."
        return [checks.Error(words, hint="Put it elsewhere, /var/lib/recruitcms say.", id="recruitcms.E028")]
    words = f"DATA_DIR={data} is in the folder of the code: whoever clears or replaces that takes all data along."
    hint = "Set DATA_DIR=/var/lib/recruitcms, and move what is there."
    return _warn(29, words, hint) if settings.PRODUCTION and data.is_relative_to(settings.BASE_DIR) else []


@deploy
def proofs_are_kept_elsewhere(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where whoever can cut the ledger can cut its anchors too (CON-19), and a backup the erasures (CON-21)."""
    found: Found = []
    if settings.LEDGER_ANCHOR_FILE.is_relative_to(settings.DATA_DIR) and not settings.LEDGER_ANCHOR_MAIL:
        words = "The ledger's anchors lie beside the ledger: who shortens one can shorten both."
        hint = "Set LEDGER_ANCHOR_FILE to another disk or machine, or LEDGER_ANCHOR_MAIL to somebody's address."
        found += _warn(30, words, hint)
    if settings.ERASURE_JOURNAL_FILE.is_relative_to(settings.DATA_DIR):
        words = "The journal of erasures lies in DATA_DIR: an older backup brings back both it and who was erased."
        hint = "Set ERASURE_JOURNAL_FILE to a place that is not restored together with the database."
        found += _warn(31, words, hint)
    return found


# --- other machines ---


@deploy
def one_database_for_all_machines(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where several machines would each have a database file of their own (REL-2)."""
    shared = _shared_elsewhere()
    words = f"The database is a file of this machine, though {' and '.join(shared)} says that there are several."
    hint = "Set DATABASE_URL=postgres://…, or keep everything on one machine."
    return _warn(32, words, hint) if "sqlite" in settings.DATABASES["default"]["ENGINE"] and shared else []


@deploy
def the_database_is_spoken_to_in_secret(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where what people wrote crosses a network in the clear."""
    host, database = _database_host(), settings.DATABASES["default"]
    mode = database.get("OPTIONS", {}).get("sslmode", "prefer")
    if not host or is_here(host) or mode in {"require", "verify-ca", "verify-full"}:
        return []
    words = f"PostgreSQL on {host} is spoken to without TLS, or only where it offers that."
    return _warn(33, words, "Add ?sslmode=verify-full to DATABASE_URL (require, where it has no certificate).")


@deploy
def the_cache_is_spoken_to_in_secret(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where anybody on the network may read and reset the limits."""
    url = _cache_url()
    if not url.hostname or is_here(url.hostname):
        return []
    found: Found = []
    if url.scheme != "rediss":
        words = f"Redis on {url.hostname} is spoken to without TLS."
        found += _warn(34, words, "Write rediss:// in CACHE_URL.")
    if not url.password:
        words = f"Redis on {url.hostname} asks for no password: whoever reaches it may reset the limits."
        found += _warn(35, words, "Set one there, and in CACHE_URL: rediss://:password@host:6379/0.")
    return found


@deploy
def mail_leaves_in_secret(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where addresses and links of people are sent in the clear (EML-4)."""
    host = str(getattr(settings, "EMAIL_HOST", "") or "")
    secret = getattr(settings, "EMAIL_USE_TLS", False) or getattr(settings, "EMAIL_USE_SSL", False)
    if settings.EMAIL_BACKEND != "leads.smtp.Backend" or is_here(host) or secret:
        return []
    words = f"Mail goes to {host} without TLS, and its password with it."
    return _warn(36, words, "Write smtp+tls:// (port 587) or smtp+ssl:// (465) in MAIL_URL.")


# --- who we are ---


@deploy
def mail_comes_from_us(app_configs: Any, **kwargs: Any) -> Found:
    """Warn of addresses that are nobody's: answers and bounces would never arrive (EML-4)."""
    ours = {"MAIL_FROM": mail_domain(), "TEAM_MAIL": settings.TEAM_MAIL.rpartition("@")[2].strip("> ").lower()}
    wrong = [f"{name} ({domain})" for name, domain in ours.items() if domain.rpartition(".")[2] in NOBODYS]
    words = f"These addresses are nobody's: {', '.join(wrong)}."
    return _warn(37, words, "Set them to addresses of your own that are read.") if wrong else []


@deploy
def mails_say_where_we_are(app_configs: Any, **kwargs: Any) -> Found:
    """Warn where mails would leave without the postal address that they must carry (EML-16, CON-22)."""
    from recruitcms.models import SiteText

    try:
        addresses = dict(SiteText.objects.values_list("language", "address"))
    except DatabaseError:  # no tables yet
        return []
    missing = [name for code, name in settings.LANGUAGES if not addresses.get(code)]
    words = f"No postal address stands under mails in {', '.join(missing)}."
    return _warn(38, words, "Write it under Site settings, Texts by language.") if missing else []


# --- where a machine is ---


def is_here(host: str) -> bool:
    """Tell whether a host is this machine: a loopback address, its name, or (empty, or a path) a Unix socket."""
    if not host or host == "localhost" or host.startswith(("/", "%2F", "%2f")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _database_host() -> str:
    database = settings.DATABASES["default"]
    return str(database.get("HOST") or "") if database["ENGINE"].endswith("postgresql") else ""


def _cache_url() -> Any:
    """Return the address of Redis, the first where there are several; one without a host where there is none."""
    cache = settings.CACHES["default"]
    place = cache.get("LOCATION") or ""
    first = place[0] if isinstance(place, list) else place
    return urlsplit(first if cache["BACKEND"].endswith("RedisCache") else "")


def _bucket_host() -> str:
    options: Any = settings.STORAGES["default"].get("OPTIONS", {})
    return str(urlsplit(options.get("endpoint_url", "")).hostname or "")

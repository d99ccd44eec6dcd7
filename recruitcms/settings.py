"""Settings of recruitcms: one file, read from the environment, with safe defaults.

Everything works with nothing set: SQLite, local files and mails under `var/`. A value that cannot be used stops the
start with the variable's name and what is expected. All variables are listed in `.env.example`.
"""

import contextlib
import ipaddress
import os
import secrets
import zoneinfo
from collections.abc import Callable
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from recruitcms.languages import read_languages
from recruitcms.logs import FORMS, logging_as

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")


def read(name: str, default: str, parse: Callable[[str], Any] = str) -> Any:
    """Return variable `name` parsed, or raise ImproperlyConfigured naming it and what it expects. Empty is unset."""
    value = env.str(name, default="").strip() or default  # a file of a secret ends with a line break
    try:
        return parse(value)
    except (ValueError, KeyError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name}={value!r} cannot be used: {error}") from None


def flag(value: str) -> bool:
    """Read yes or no; anything else is an error rather than a silent no."""
    words = {"1": True, "true": True, "yes": True, "on": True, "": False, "0": False, "false": False, "no": False}
    if value.lower() not in words | {"off": False}:
        raise ValueError("write 1 or 0")
    return words.get(value.lower(), False)


def at_least(smallest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers that are not smaller than this."""

    def parse(value: str) -> int:
        if int(value) < smallest:
            raise ValueError(f"write a whole number, {smallest} or more")
        return int(value)

    return parse


def web_address(value: str) -> str:
    """Read a site's address: scheme and host, no path."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("write an address like https://www.example.com, without a path")
    return f"{parts.scheme}://{parts.netloc}"


def api_address(value: str) -> str:
    """Read the address of somebody's API, with its path and without the last slash."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        raise ValueError("write an address like https://api.example.com/v1")
    return value.rstrip("/")


def log_format(value: str) -> str:
    """Read how lines of the log are written."""
    if value not in FORMS:
        raise ValueError(f"write one of {', '.join(FORMS)}")
    return value


def error_reports(value: str) -> str:
    """Read Sentry's address of a project (DSN): https://key@host/number; without TLS on this machine alone."""
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.scheme == "https" or local) or not (parts.username and parts.hostname and parts.path.strip("/")):
        raise ValueError("write an address like https://key@errors.example.com/1")
    return value


def time_zone(value: str) -> str:
    """Read the name of a time zone."""
    if value not in zoneinfo.available_timezones():
        raise ValueError("write a time zone like Europe/Warsaw")
    return value


def mailbox(value: str) -> str:
    """Read `Name <name@host>` or `name@host`."""
    if "@" not in parseaddr(value)[1]:
        raise ValueError("write an address like Northbeam <hello@example.com>")
    return value


def database(value: str) -> dict[str, Any]:
    """Read a database's address."""
    config = env.db_url_config(value)
    if not str(config.get("ENGINE")).startswith("django.db.backends."):
        raise ValueError("write an address like postgres://user:password@host/name")
    return config


def cache(value: str) -> dict[str, Any]:
    """Read a cache's address."""
    config = env.cache_url_config(value)
    if not config.get("BACKEND"):
        raise ValueError("write an address like redis://host:6379/0")
    return config


def bucket(value: str) -> dict[str, Any]:
    """Read where files are kept: s3://key:secret@host/bucket?region=eu-central-1; s3+http:// without TLS."""
    url = urlsplit(value)
    name = url.path.strip("/")
    if url.scheme not in {"s3", "s3+http"} or not (url.hostname and url.username and url.password and name):
        raise ValueError("write an address like s3://key:secret@host/bucket?region=eu-central-1")
    # A name without a dot is a neighbour's on a network of containers.
    if url.scheme == "s3+http" and "." in url.hostname and url.hostname != "127.0.0.1":
        raise ValueError("s3+http:// sends files unencrypted: it is for this machine and its containers alone")
    port = f":{url.port}" if url.port else ""
    return {
        "bucket_name": name,
        "endpoint_url": f"{'http' if url.scheme == 's3+http' else 'https'}://{url.hostname}{port}",
        "access_key": unquote(url.username),
        "secret_key": unquote(url.password),
        "region_name": dict(parse_qsl(url.query)).get("region", "us-east-1"),
        "file_overwrite": False,
        "default_acl": None,  # the bucket's own rule: private
    }


def networks(value: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Read addresses and networks by commas: 10.0.0.0/8, 127.0.0.1."""
    return [ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip()]


def mail_provider(value: str) -> str:
    """Read the name of a mail provider whose reports we understand."""
    if value not in MAIL_EVENT_PROVIDERS:
        raise ValueError(f"write one of {', '.join(MAIL_EVENT_PROVIDERS)}")
    return value


def mail_events_secret(provider: str) -> str:
    """Return the secret with which a mail provider's reports are checked: its signing key, or a user and password."""
    value = env.str("MAIL_EVENTS_SECRET", default="").strip()
    if MAIL_EVENT_PROVIDERS[provider] == "WEBHOOK_SECRET" and ":" not in value:
        raise ImproperlyConfigured("MAIL_EVENTS_SECRET: write user:password, as in the address given to the provider")
    if len(value) < 16:
        raise ImproperlyConfigured("MAIL_EVENTS_SECRET is missing or too short: anybody could report complaints")
    return value


def secret(name: str) -> str:
    """Return a secret key: the variable `name`, or a random one kept in DATA_DIR/keys (one machine only).

    Several machines must share the same keys, so there they come from the environment (SEC-25).
    """
    value = env.str(name, default="").strip()
    path = DATA_DIR / "keys" / name.lower()
    if not value and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path.with_suffix(f".{os.getpid()}"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # the first process to arrive wins
            os.link(path.with_suffix(f".{os.getpid()}"), path)
        path.with_suffix(f".{os.getpid()}").unlink()
    return long_enough(name, value or path.read_text().strip())


def long_enough(name: str, value: str) -> str:
    """Return a key, or raise ImproperlyConfigured, without the key itself."""
    if len(value) < 32:
        raise ImproperlyConfigured(f"{name} is too short: use 32 random characters or more")
    return value


# --- Where things are -------------------------------------------------------------------------------------------------
DATA_DIR = Path(read("DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o750)
DEBUG = read("DEBUG", "0", flag)
# Where the server listens, unless the site has an address of its own.
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.str("PORT", default="8000")
_reached_at = "127.0.0.1" if HOST in {"0.0.0.0", "::"} else HOST  # noqa: S104  (asked for by whoever starts it)
SITE_URL = read("SITE_URL", f"http://{_reached_at}:{PORT}", web_address)
HTTPS = SITE_URL.startswith("https://")
# Whether this is the site that visitors are meant to find. Any other says so on every page and asks not to be indexed.
PRODUCTION = read("PRODUCTION", "0", flag)
ENVIRONMENT = read("ENVIRONMENT", "")  # what such another site is called; empty: a demonstration
RELEASE = read("RELEASE", "")  # what runs here, as whoever deploys calls it: in backups, metrics and error reports
_site = urlsplit(SITE_URL)
_LOOPBACK = ("127.0.0.1", "localhost")
_hosts = _LOOPBACK if _site.hostname in _LOOPBACK else (str(_site.hostname),)
ALLOWED_HOSTS = [*_hosts, *env.list("EXTRA_HOSTS", default=[])]
_port = f":{_site.port}" if _site.port else ""
ORIGINS = [f"{_site.scheme}://{host}{_port}" for host in _hosts]

WEB_THREADS = read("WEB_THREADS", "8", at_least(1))  # of the web server, which reads the same variable

# --- Keys, each for one use (SEC-25) ----------------------------------------------------------------------------------
SECRET_KEY = secret("SECRET_KEY")
LINK_KEY = secret("LINK_KEY")  # links in mails, for reviewers, and of calendars
PROOF_KEY = secret("PROOF_KEY")  # finds a person's consent proofs without storing the address
LEDGER_KEY = secret("LEDGER_KEY")  # signs the entries of the consent ledger (CON-19)
SUPPRESSION_KEY = secret("SUPPRESSION_KEY")  # blocks an address without storing it (CON-14)
FACTOR_KEY = secret("FACTOR_KEY")  # encrypts the secrets of apps and recovery codes (SEC-9)
# The keys of before, so that a key can be changed: what was made with them still holds, nothing new is made with them.
LINK_KEYS_OLD = env.list("LINK_KEYS_OLD", default=[])
PROOF_KEYS_OLD = env.list("PROOF_KEYS_OLD", default=[])
LEDGER_KEYS_OLD = env.list("LEDGER_KEYS_OLD", default=[])
SUPPRESSION_KEYS_OLD = env.list("SUPPRESSION_KEYS_OLD", default=[])
FACTOR_KEYS_OLD = env.list("FACTOR_KEYS_OLD", default=[])

# --- Applications -----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "recruitcms.apps.RecruitcmsConfig",
    "roles.apps.RolesConfig",
    "leads.apps.LeadsConfig",
    "crispy_forms",
    "csp",
    "recruitcms.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "recruitcms.metrics.Measured",
    "recruitcms.page_cache.PageCache",
    "recruitcms.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "recruitcms.middleware.GZipText",
    "csp.middleware.CSPMiddleware",
    "recruitcms.middleware.KnownMethods",
    "recruitcms.middleware.StaticFiles",
    "recruitcms.middleware.RoomForReaders",
    "recruitcms.middleware.VendorHosts",
    "recruitcms.middleware.LanguageFromPath",
    "recruitcms.middleware.AdminSessions",
    "django.middleware.common.CommonMiddleware",
    "recruitcms.middleware.OldAddresses",
    "recruitcms.middleware.PublicFormLimits",
    "recruitcms.middleware.AdminCsrf",
    "recruitcms.middleware.SameOriginForms",
    "recruitcms.middleware.AdminAuthentication",
    "recruitcms.middleware.AdminMessages",
    "allauth.account.middleware.AccountMiddleware",
    "recruitcms.signin.middleware.SecondFactor",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "recruitcms.urls"
WSGI_APPLICATION = "recruitcms.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "recruitcms.context_processors.site",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = ["northbeam"]
CRISPY_TEMPLATE_PACK = "northbeam"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database, cache --------------------------------------------------------------------------------------------------
DATABASES = {"default": read("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}", database)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # FULL, not NORMAL: in WAL mode NORMAL may lose acknowledged rows at power loss (REL-1). IMMEDIATE takes the write
    # lock at the start, since an upgrade in mid-transaction fails at once whatever the timeout (REL-2).
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # secure_delete: what is erased is overwritten, not only let go (CON-13).
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA secure_delete=ON; PRAGMA cache_size=-512;",
    }
    DATABASES["default"]["ENGINE"] = "recruitcms.sqlite"
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # recruitcms.sqlite has another where a site is served
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # As long as SQLite waits. Without a limit a form would wait for ever, and its visitor with it (REL-11).
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options.setdefault("options", "-c lock_timeout=20s")
    _options.setdefault("connect_timeout", 10)
# Of whole pages, in each process; 0: none. While templates are written nothing tells that they have changed.
PAGE_CACHE_BYTES = read("PAGE_CACHE_MB", "0" if DEBUG else "64", at_least(0)) * 1024 * 1024
CACHES = {"default": read("CACHE_URL", "locmemcache://", cache)}
if CACHES["default"]["BACKEND"].endswith("LocMemCache"):
    CACHES["default"]["OPTIONS"] = {"MAX_ENTRIES": 100_000} | CACHES["default"].get("OPTIONS", {})
if CACHES["default"]["BACKEND"].endswith("RedisCache"):
    # Without these a form would wait for a Redis that is away; it is taken uncounted (recruitcms/limits.py).
    _waits = {"socket_connect_timeout": 1, "socket_timeout": 1}
    CACHES["default"]["OPTIONS"] = _waits | CACHES["default"].get("OPTIONS", {})
# Anybody may ask for any number of files: they stay in each process, and push no count of a limit out (SEC-18).
CACHES["files"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "files"}
# What of a page hangs on its revision alone, which never changes: for as long as the process lives, since a release may
# render it otherwise. About 150 roles of twelve sections.
CACHES["pieces"] = {
    "BACKEND": f"django.core.cache.backends.{'dummy.DummyCache' if DEBUG else 'locmem.LocMemCache'}",
    "LOCATION": "pieces",
    "OPTIONS": {"MAX_ENTRIES": 2000},
}

# --- Languages and time -----------------------------------------------------------------------------------------------
# The first is the site's own: its addresses have no prefix, and what is missing in another falls back to it.
LANGUAGES = read("LANGUAGES", "en,pl,de", read_languages)
LANGUAGE_CODE = LANGUAGES[0][0]
LOCALE_PATHS = [BASE_DIR / "recruitcms" / "locale"]
TIME_ZONE = read("TIME_ZONE", "Europe/Warsaw", time_zone)
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
FORMAT_MODULE_PATH = ["recruitcms.formats"]

# --- Files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = Path(read("STATIC_DIR", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "media/"
MEDIA_ROOT = DATA_DIR / "media"
PRIVATE_ROOT = DATA_DIR / "private"
_bucket = read("FILES_URL", "", lambda value: bucket(value) if value else {})
STORAGES = {
    "default": (
        {"BACKEND": "recruitcms.storage.PublicFiles", "OPTIONS": _bucket | {"location": "media"}}
        if _bucket
        else {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    ),
    # Reports wait here; a storage without an address of its own, never under a public URL.
    "private": (
        {"BACKEND": "recruitcms.storage.PrivateFiles", "OPTIONS": _bucket | {"location": "private"}}
        if _bucket
        else {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": PRIVATE_ROOT, "base_url": None},
        }
    ),
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        ),
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
FILE_UPLOAD_PERMISSIONS = 0o640
PICTURE_MAX_BYTES = 12 * 1024 * 1024
PICTURE_MAX_PIXELS = 40_000_000
EDITION_MAX_BYTES = 40 * 1024 * 1024
# SEC-24. Four thousand letters of a message may take twelve bytes each on the way.
PUBLIC_FORM_MAX_BYTES = 64 * 1024
PUBLIC_FORM_MAX_FIELDS = 3000
# The admin's long forms, for those who are signed in: a section of a role is ten fields, and there may be a thousand.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000

# --- Mail -------------------------------------------------------------------------------------------------------------
MAIL_DIR = DATA_DIR / "mail"
MAIL_URL = read("MAIL_URL", "")
if MAIL_URL:
    _mail = read("MAIL_URL", "", env.email_url_config)
    for _key, _value in _mail.items():
        if _key.startswith("EMAIL_"):
            globals()[_key] = _value
    if _mail["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
        EMAIL_BACKEND = "leads.smtp.Backend"  # the same, telling whose fault a failure was (EML-14)
else:
    EMAIL_BACKEND = "leads.mail_files.MailFilesBackend"
EMAIL_TIMEOUT = read("MAIL_TIMEOUT_SECONDS", "30", at_least(1))
# How long a worker may hold a mail before it is taken for dead. Sending one waits for the server up to ten times; a
# shorter lease would let a second worker send what the first is still sending (EML-12).
MAIL_LEASE_SECONDS = read("MAIL_LEASE_SECONDS", "600", at_least(10 * EMAIL_TIMEOUT))
DEFAULT_FROM_EMAIL = read("MAIL_FROM", "Northbeam Talent <hello@northbeam.example>", mailbox)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_DKIM_SELECTOR = read("MAIL_DKIM_SELECTOR", "")  # for `check --deploy`, which prints the DNS records (EML-4)
TEAM_MAIL = read("TEAM_MAIL", DEFAULT_FROM_EMAIL, mailbox)  # who hears of a new enquiry
# What comes back: who reports bounces and complaints, and what Anymail calls the secret that it checks (EML-15).
MAIL_EVENT_PROVIDERS = {
    "brevo": "WEBHOOK_SECRET",
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mailjet": "WEBHOOK_SECRET",
    "mailtrap": "MAILTRAP_TRACKING_SECRET",
    "postmark": "WEBHOOK_SECRET",
}
MAIL_EVENTS = read("MAIL_EVENTS", "", lambda value: value and mail_provider(value))
ANYMAIL = {MAIL_EVENT_PROVIDERS[MAIL_EVENTS]: mail_events_secret(MAIL_EVENTS)} if MAIL_EVENTS else {}
MAIL_EVENTS_KEY = env.str("MAIL_EVENTS_KEY", default="").strip()  # for reports that are signed our own way
if MAIL_EVENTS_KEY:
    long_enough("MAIL_EVENTS_KEY", MAIL_EVENTS_KEY)
LEDGER_ANCHOR_FILE = Path(read("LEDGER_ANCHOR_FILE", str(DATA_DIR / "anchors.jsonl")))
ERASURE_JOURNAL_FILE = Path(read("ERASURE_JOURNAL_FILE", str(DATA_DIR / "erasures.jsonl")))
LEDGER_ANCHOR_MAIL = read("LEDGER_ANCHOR_MAIL", "", lambda value: mailbox(value) if value else "")
EMBEDDED_WORKER = read("EMBEDDED_WORKER", "1", flag)

# --- Security ---------------------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, past the proxy that ends TLS
SECURE_HSTS_SECONDS = 63072000 if HTTPS else 0  # two years (SEC-2)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
BEHIND_PROXY = read("BEHIND_PROXY", "0", flag)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Whose X-Forwarded-For is believed (SEC-17).
TRUSTED_PROXIES = read("TRUSTED_PROXIES", "127.0.0.1,::1" if BEHIND_PROXY else "", networks)
# Limits of the public forms (SEC-18, EML-9): leads/spam.py, leads/mail_limits.py.
FORMS_PER_NETWORK = read("FORMS_PER_NETWORK", "10", at_least(1))
FORMS_IN_ALL = read("FORMS_IN_ALL", "200", at_least(1))
FORM_MAILS_AN_HOUR = read("FORM_MAILS_AN_HOUR", "300", at_least(1))
# Not `no-referrer`: with it a form on our own page would post `Origin: null` and be refused (§0.6).
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "recruitcms.signin.sessions"
# A session ends when nothing was typed or opened for so long, and after a working day whatever was done (SEC-11). Two
# hours: whoever writes a long text is at work, since the editor keeps what is typed; nobody who was in a meeting has to
# sign in again, and a laptop left open at night is shut out.
SESSION_IDLE_MINUTES = read("SESSION_IDLE_MINUTES", "120", at_least(15))
SESSION_COOKIE_AGE = 3600 * read("SESSION_HOURS", "12", at_least(1))
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
# Whether staff need a second factor (SEC-9). By default everywhere but on one's own machine, where it is offered.
_is_ours_alone = {_site.hostname, HOST} <= {*_LOOPBACK}
SECOND_FACTOR = read("SECOND_FACTOR", "0" if _is_ours_alone else "1", flag)
AUTHENTICATION_BACKENDS = ["recruitcms.signin.backend.StaffBackend"]
PASSWORD_RESET_TIMEOUT = 3600  # seconds that the link of a mail holds
ACCOUNT_ADAPTER = "recruitcms.signin.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts and their addresses are made by administrators
ACCOUNT_RATE_LIMITS = False  # they count a name from everywhere, and lock out its owner: signin/limits.py (SEC-10)
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_ADAPTER = "recruitcms.signin.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # half a minute before and after: clocks differ, and people type
MFA_RATE_LIMITS = False
CSRF_FAILURE_VIEW = "recruitcms.views.csrf_failure"
# W003 looks for Django's middleware by its name: `AdminCsrf` is that middleware, and works on every view that is not
# exempt; `SameOriginForms` guards those that are.
SILENCED_SYSTEM_CHECKS = ["security.W003"]
# Where browsers tell what they refused (csp_reports.py). What knows `report-to` takes no notice of `report-uri`, and
# speaks by https alone.
CSP_REPORTS = "/csp-reports/"
# Scripts and styles from our own static folder alone; uploaded files can never be run as either (SEC-1, SEC-8).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [f"{origin}/static/" for origin in ORIGINS],
        "style-src": [f"{origin}/static/" for origin in ORIGINS],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "report-uri": CSP_REPORTS,
        "report-to": "csp" if HTTPS else None,
    }
}

# --- Other machines that we call: by https, those named here alone, never one of our own network (SEC-16) -------------
META_CAPI_TOKEN = read("META_CAPI_TOKEN", "")  # empty: nothing is delivered to Meta by the server (COO-13)
META_CAPI_URL = read("META_CAPI_URL", "https://graph.facebook.com/v23.0", api_address)
OUTGOING_HOSTS = [str(urlsplit(META_CAPI_URL).hostname)]
OUTGOING_LOCAL = read("OUTGOING_LOCAL", "0", flag)  # 1 lets calls go to this machine, without TLS: for tests alone

# --- Watching: logs without addresses and tokens (SEC-22), metrics, error reports -------------------------------------
LOGGING = logging_as(read("LOG_FORMAT", "line", log_format))
METRICS_NETWORKS = read("METRICS_NETWORKS", "127.0.0.1,::1", networks)  # who may ask for /metrics, past the proxy
SENTRY_DSN = read("SENTRY_DSN", "", lambda value: value and error_reports(value))
if DEBUG:
    LOGGING["root"]["level"] = LOGGING["loggers"]["django"]["level"] = "INFO"

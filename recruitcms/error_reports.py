"""Errors reported to Sentry, or whatever speaks its language, where SENTRY_DSN names one. Nothing of persons (SEC-22).

The library is loaded only then. What it would collect of itself is turned off (forms, cookies, addresses, values of
variables, queries), and what is left goes through the same redaction as the log. It calls the one host that the DSN
names, which only the deployer sets: no visitor has a say in it (SEC-16).
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from recruitcms.logs import owner, redacted, redacted_all

KEPT = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "exception", "logentry")


def start() -> None:
    """Report errors from now on, where a DSN is set. Raises ImproperlyConfigured where the library is not there."""
    if not settings.SENTRY_DSN:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.atexit import AtexitIntegration
        from sentry_sdk.integrations.dedupe import DedupeIntegration
        from sentry_sdk.integrations.django import DjangoIntegration
        from sentry_sdk.integrations.excepthook import ExcepthookIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.integrations.threading import ThreadingIntegration
    except ImportError:
        raise ImproperlyConfigured(
            "SENTRY_DSN needs the library sentry-sdk: install requirements/server.txt, or leave it empty."
        ) from None
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE or None,
        environment=settings.ENVIRONMENT or ("production" if settings.PRODUCTION else "demonstration"),
        server_name="",
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,  # they hold queries with their values
        traces_sample_rate=None,
        auto_session_tracking=False,
        send_client_reports=False,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda _pending, _timeout: None),
            DedupeIntegration(),
            DjangoIntegration(middleware_spans=False, signals_spans=False),
            ExcepthookIntegration(),
            LoggingIntegration(level=None, event_level=logging.ERROR),
            ThreadingIntegration(),
        ],
        before_send=scrubbed,
    )


def scrubbed(event: Any, _hint: Any) -> Any:
    """Return an event with the parts that help to find a fault, redacted, and none of the others."""
    kept = {name: redacted_all(event[name]) for name in KEPT if name in event}
    for name in ("event_id", "timestamp"):
        kept[name] = event[name]
    asked = event.get("request", {})
    if asked:
        kept["request"] = {"method": asked.get("method"), "url": redacted(urlsplit(asked.get("url", "")).path)}
        kept["transaction"] = redacted(str(event.get("transaction", "")))
    kept["tags"] = {"belongs_to": owner()} if owner() else {}
    return kept

"""Log lines without tokens, addresses and query strings (SEC-22, SEC-23)."""

import logging
import re
import time
from typing import Any

TOKEN = re.compile(r"(/(?:c|u|d|f|p|r)/)[^/\s?\"']+")
QUERY = re.compile(r"(/[^\s?\"']*)\?[^\s\"']+")
ADDRESS = re.compile(r"[^\s<>\"'(),;:=/]+(?:@|%40)[^\s<>\"'(),;:/]+")


def redacted(text: str) -> str:
    """Return a text without the tokens of links, query strings and e-mail addresses."""
    text = QUERY.sub(r"\1?[redacted]", TOKEN.sub(r"\1[redacted]", text))
    return ADDRESS.sub("[address]", text)


class RedactingFormatter(logging.Formatter):
    """Formats whole records, tracebacks included, and then redacts them; control characters become visible.

    Times are UTC: gunicorn's master and its workers write into one file, and only the workers know TIME_ZONE.
    """

    converter = staticmethod(time.gmtime)  # type: ignore[assignment]

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record)).replace("\r", "\\r").replace("\0", "\\0")


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "recruitcms.logs.RedactingFormatter",
            "format": "{asctime} UTC {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "gunicorn.error": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "gunicorn.access": {"handlers": [], "propagate": False},
        # It names the letters that a visitor filled in where no font has them; roles/pdf.py tells the visitor.
        "weasyprint": {"handlers": [], "level": "WARNING", "propagate": False},
        "recruitcms": {"level": "INFO"},
        "leads": {"level": "INFO"},
    },
}

"""Log lines without tokens, addresses and query strings (SEC-22, SEC-23): as text for people, or as JSON for programs.

Each says which request, or which job of the worker, it belongs to. Times are UTC: gunicorn's master and its workers
write into one file, and only the workers know TIME_ZONE.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

TOKEN = re.compile(r"(/(?:c|u|d|f|p|r)/)[^/\s?\"']+")
# Visitors choose these texts: a try that fails must not be made again from the next letter (linear time).
QUERY = re.compile(r"(?<=[^\s?\"'])\?(?:[^\s\"']|'(?=\w))+")
ADDRESS = re.compile(
    r"""(?:"(?:[^"\n]|(?<=\\)"){1,64}"|"""  # "john doe"@
    r"""(?<![^\s<>"(),;:\[\]])(['=]*+(?:/[a-z-]*+/)?+['/=]*+)"""  # a quotation mark, or the first part of a path: stays
    r"""[^\s<>"(),;:\[\]]+)"""  # o'brien/dept@
    r"""(?:@|%(?:25)*40)\[?[^\s<>"'(),;:/\[\]]+"""
)
# PostgreSQL quotes the row, or the value, that it refuses.
DETAIL = re.compile(r"DETAIL: .*?(?:\)\.?(?=\n|$)|(?=\n\n)|\Z)", re.DOTALL)
FORMS = ("line", "json")

# What is logged now belongs to: the name of a job, or what gives the id of a request.
belongs_to: ContextVar[str | Callable[[], str]] = ContextVar("belongs_to", default="")


def owner() -> str:
    """Return the id of the request, or the name of the job, in hand; "" outside of both."""
    found = belongs_to.get()
    return found if isinstance(found, str) else found()


def redacted(text: str) -> str:
    """Return a text without tokens of links, query strings, e-mail addresses, and rows that PostgreSQL quotes."""
    text = DETAIL.sub("DETAIL: [redacted]", text)
    text = QUERY.sub("?[redacted]", TOKEN.sub(r"\1[redacted]", text))
    return ADDRESS.sub(r"\1[address]", text)


def redacted_all(value: Any) -> Any:
    """Return a value with every text in it redacted; what is neither text, number, list nor mapping becomes text."""
    if isinstance(value, dict):
        return {redacted(str(key)): redacted_all(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [redacted_all(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, float)) else redacted(str(value))


@contextmanager
def about(name: str) -> Iterator[None]:
    """Let every line that is logged in this block say what it belongs to."""
    before = belongs_to.set(name)
    try:
        yield
    finally:
        belongs_to.reset(before)


class RedactingFormatter(logging.Formatter):
    """Formats whole records, tracebacks included, and then redacts them.

    Control characters become visible, and further lines are indented: nobody else's words pass for a line of their own.
    """

    converter = staticmethod(time.gmtime)  # type: ignore[assignment]

    def format(self, record: logging.LogRecord) -> str:
        record.owner = f" [{owner()}]" if owner() else ""
        text = redacted(super().format(record))
        return text.replace("\r", "\\r").replace("\0", "\\0").replace("\n", "\n    ")


class RedactingJsonFormatter(JsonFormatter):
    """One JSON object a line; what a record was given beside its message is redacted as that is."""

    def __init__(self) -> None:
        renamed = {"levelname": "level", "name": "logger", "exc_info": "error"}
        # Django hangs the request on its records: all of it, with the form.
        reserved = [*RESERVED_ATTRS, "request", "server_time"]
        super().__init__(
            "{levelname}{name}{message}", style="{", rename_fields=renamed, reserved_attrs=reserved, timestamp="at"
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return redacted_all(super().process_log_record(log_data)) | ({"id": owner()} if owner() else {})


def logging_as(form: str) -> dict[str, Any]:
    """Return the settings of logging, for lines of text ("line") or of JSON ("json")."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "recruitcms.logs.RedactingFormatter",
                "format": "{asctime} UTC {levelname} {name}{owner}: {message}",
                "style": "{",
            },
            "json": {"()": "recruitcms.logs.RedactingJsonFormatter"},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "django": {"handlers": ["console"], "level": "ERROR", "propagate": False},
            # What no browser sends (a foreign host, hundreds of fields) gets its 400, and is no error of ours: anybody
            # could fill the log with it, and the error reports.
            "django.security": {"level": "CRITICAL"},
            "gunicorn.error": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "gunicorn.access": {"handlers": [], "propagate": False},
            # It names the letters that a visitor filled in where no font has them; roles/pdf.py tells the visitor.
            "weasyprint": {"handlers": [], "level": "WARNING", "propagate": False},
            "recruitcms": {"level": "INFO"},
            "leads": {"level": "INFO"},
        },
    }


LOGGING = logging_as("line")

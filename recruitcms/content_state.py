"""Whether anything that visitors see has changed: asked by each request, before whatever was kept is used again."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Subquery
from django.utils import timezone

from recruitcms import sqlite


@dataclass(frozen=True)
class ContentState:
    """The content version, and when (in seconds since 1970) a scheduled page next appears or goes."""

    version: int
    changes_at: float


# What was read last, with SQLite's own version of what is in the database: outside of transactions, and inside of them,
# where a state may never come to be.
_last: dict[bool, tuple[int | None, ContentState]] = {}
_answer: ContextVar[list[ContentState] | None] = ContextVar("answer", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Let all that one request asks have one answer: that of its first question. For requests that change nothing."""
    token = _answer.set([])
    try:
        yield
    finally:
        _answer.reset(token)


def content_state() -> ContentState:
    """Return the state as of the last commit, or of this transaction, whose own changes it sees.

    Costs one short query; on SQLite none, unless something has been written.
    """
    answer = _answer.get()
    if answer:
        return answer[0]
    state = _asked()
    if answer is not None:
        answer.append(state)
    return state


def _asked() -> ContentState:
    inside = connection.in_atomic_block
    written, state = _last.get(inside, (None, None))
    now_written = None if inside else sqlite.data_version()
    if state and now_written is not None and now_written == written and state.changes_at > time.time():
        return state
    state = _read(state)
    _last[inside] = now_written, state
    return state


def _read(last: ContentState | None) -> ContentState:
    """Return the state that the database tells, without looking for times where the version is the last one's."""
    from recruitcms.models import SiteSettings  # not there yet when middleware is loaded

    if last and last.changes_at > time.time() and _version() == last.version:
        return last
    times = _next_times(timezone.now())
    row = SiteSettings.objects.filter(pk=1)
    found: dict[str, Any] | None = row.values("content_version", **times).first()  # type: ignore[assignment]
    if found is None:  # there is always a row (a migration makes it): whatever is kept meanwhile ends at once
        return ContentState(0, 0)
    version = found.pop("content_version")
    return ContentState(version, min((moment.timestamp() for moment in found.values() if moment), default=math.inf))


def _version() -> int:
    """Return the content version, or 0 where there is no row. By hand: each page asks, and the ORM takes ten times as
    long to ask as the database to answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT content_version FROM recruitcms_sitesettings WHERE id = 1")
        row = cursor.fetchone()
    return row[0] if row else 0


def _next_times(now: datetime) -> dict[str, Subquery]:
    """Return the queries for when the next page of each kind is due to appear or go."""
    from recruitcms.publishing import revision_models

    return {
        f"{kind}_{column}": Subquery(model.objects.filter(**{f"{column}__gt": now}).order_by(column).values(column)[:1])
        for kind, model in revision_models().items()
        for column in ("live_from", "live_until")
    }

"""Whether anything that visitors see has changed: asked by each request, before whatever was kept is used again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Min
from django.utils import timezone

from recruitcms import sqlite_log


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
    now_written = None if inside else sqlite_log.data_version()
    if state and now_written is not None and now_written == written and state.changes_at > time.time():
        return state
    state = _read(state)
    _last[inside] = now_written, state
    return state


def _read(last: ContentState | None) -> ContentState:
    """Return the state that the database tells, without looking for times where the version is the last one's."""
    from recruitcms.models import SiteSettings  # not there yet when middleware is loaded

    version = SiteSettings.objects.values_list("content_version", flat=True).filter(pk=1).first() or 0
    if last and last.version == version and last.changes_at > time.time():
        return last
    return ContentState(version, next_change(timezone.now()).timestamp())


def next_change(now: datetime) -> datetime:
    """Return when the next page of any kind is due to appear or go, a century from now where none is."""
    from recruitcms.publishing import revision_models

    times = [
        model.objects.filter(**{f"{column}__gt": now}).aggregate(next=Min(column))["next"]
        for model in revision_models().values()
        for column in ("live_from", "live_until")
    ]
    return min([moment for moment in times if moment], default=now + timedelta(days=36500))

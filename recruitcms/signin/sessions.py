"""Sessions of staff: they end when nothing is done for a while, after a working day in any case, and when told to.

This is the project's SESSION_ENGINE: Django's database sessions with two times in each, `began` and `seen`, from which
the row's end follows. What is past its end is not found any more, so no page has to ask (SEC-11).
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

ON_THE_WAY = 15 * 60  # seconds to get from the password to the desk
NOTED = 5 * 60  # seconds: a page that is only read must not write each time, and wait for whoever writes
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS": "macOS"}
SYSTEMS |= {"CrOS": "ChromeOS", "Linux": "Linux"}


class SessionStore(DatabaseSessions):
    @classmethod
    def get_model_class(cls) -> Any:
        from recruitcms.models import StaffSession

        return StaffSession

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row to save, with its owner and its end."""
        if SESSION_KEY in data:
            data.setdefault("began", time.time())
            data.setdefault("seen", time.time())
        row: Any = super().create_model_instance(data)
        row.user_id = data.get(SESSION_KEY)
        row.expire_date = _end_of(data)
        return row


def _end_of(data: dict[str, Any]) -> datetime:
    """Return when a session is over: of nobody's soon, else by its last use or its beginning."""
    if SESSION_KEY not in data:
        return datetime.fromtimestamp(time.time() + ON_THE_WAY, UTC)
    idle = data["seen"] + settings.SESSION_IDLE_MINUTES * 60
    return datetime.fromtimestamp(min(idle, data["began"] + settings.SESSION_COOKIE_AGE), UTC)


def note_use(request: HttpRequest) -> None:
    """Note that somebody is at work, every few minutes at most."""
    if time.time() - request.session.get("seen", 0) > NOTED:
        request.session["seen"] = time.time()


@dataclass
class Shown:
    """A session as its owner sees it: no key, and no network is kept."""

    mark: str
    device: str
    began: datetime
    seen: datetime
    is_this: bool


def sessions_of(user: Any, here: str | None = None) -> list[Shown]:
    """Return somebody's sessions that are not over, the last used first; `here` is the key of the one that asks."""
    shown = []
    for row in _open_rows(user):
        data = row.get_decoded()
        if SESSION_KEY in data:
            shown.append(
                Shown(
                    mark=_mark(row.session_key),
                    device=device_of(data.get("agent", "")),
                    began=datetime.fromtimestamp(data["began"], UTC),
                    seen=datetime.fromtimestamp(data["seen"], UTC),
                    is_this=row.session_key == here,
                )
            )
    return sorted(shown, key=lambda one: (one.is_this, one.seen), reverse=True)


def end_all(user: Any, but: str | None = None) -> None:
    """End all of somebody's sessions, but perhaps the one that asks for it."""
    SessionStore.get_model_class().objects.filter(user=user).exclude(session_key=but or "").delete()


def end_one(user: Any, mark: str) -> bool:
    """End the session of somebody that a list showed with this mark. Return whether there was one."""
    keys = [row.session_key for row in _open_rows(user) if constant_time_compare(_mark(row.session_key), mark)]
    return bool(SessionStore.get_model_class().objects.filter(session_key__in=keys).delete()[0])


def device_of(agent: str) -> str:
    """Return what a browser says of itself, in two words: “Firefox, Windows”; "" where it says neither."""
    browser = next((name for sign, name in BROWSERS.items() if f"{sign}/" in agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in agent), "")
    return ", ".join(filter(None, [browser, system]))


def _open_rows(user: Any) -> Any:
    now = datetime.fromtimestamp(time.time(), UTC)
    return SessionStore.get_model_class().objects.filter(user=user, expire_date__gt=now)


def _mark(key: str) -> str:
    return salted_hmac("recruitcms.signin.sessions", key, algorithm="sha256").hexdigest()[:32]

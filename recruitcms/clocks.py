"""Times that were written by a clock which may have been wrong (REL-6)."""

from datetime import timedelta
from typing import Any

from django.db.models import Q


def has_come(field: str, now: Any, farthest: timedelta) -> Q:
    """Return the condition for a field's time to have come, by `now`: a moment, or the database's own (`Now()`).

    A time later than `farthest` from now is none that we set: the clock was wrong then, and it is not waited for.
    """
    return Q(**{f"{field}__lte": now}) | Q(**{f"{field}__gt": now + farthest})

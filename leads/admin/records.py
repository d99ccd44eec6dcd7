"""What the admin pages of leads share: how lists say things."""

from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html


def log_change(request: HttpRequest, objects: list[Any], said: str) -> None:
    LogEntry.objects.log_actions(request.user.pk, objects, CHANGE, change_message=said)  # type: ignore[arg-type]


def tag(colour: str, word: str) -> str:
    return format_html('<span class="tag{}">{}</span>', f" tag--{colour}" if colour else "", word)


def moment(moment: datetime, form: str = "DATETIME_FORMAT") -> str:
    return date_format(timezone.localtime(moment), form)

"""Mail as files: the default without a mail server. One `.eml` for each message under MAIL_DIR."""

import email
import email.policy
import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage as ReceivedMessage
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse
from django.utils import timezone


class MailFilesBackend(BaseEmailBackend):
    """Writes each message whole or not at all: a reader of the folder never meets half a mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folder = Path(settings.MAIL_DIR)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            self._write(message.message().as_bytes())
        return len(email_messages)

    def _write(self, content: bytes) -> None:
        """Write under a name that sorts by time, by way of a temporary one."""
        name = f"{timezone.now():%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(3)}"
        temporary = self.folder / f".{name}.tmp"
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self.folder / f"{name}.eml")


def names() -> list[str]:
    """Return the names of the files with mails, newest first."""
    return sorted((path.name for path in Path(settings.MAIL_DIR).glob("*.eml")), reverse=True)


def read(name: str) -> ReceivedMessage | None:
    """Return the mail in a file, or None where there is none of this name."""
    path = Path(settings.MAIL_DIR) / name
    if not re.fullmatch(r"[\w.-]{1,80}\.eml", name) or not path.is_file():
        return None
    with path.open("rb") as file:
        return email.message_from_binary_file(file, policy=email.policy.default)  # type: ignore[return-value]


def opens_an_account(message: ReceivedMessage) -> bool:
    """Tell whether a mail holds the link by which somebody chooses the password of an account."""
    start, _argument, _rest = reverse("password_reset_confirm", args=["-", "-"]).partition("-")
    bodies = filter(None, (message.get_body((kind,)) for kind in ("plain", "html")))
    return any(start in body.get_content() for body in bodies)


def sent_at(message: ReceivedMessage) -> datetime | None:
    """Return when a mail says it was sent, or None. Django writes UTC as `-0000`, which is read without a zone."""
    moment = getattr(message["Date"], "datetime", None)
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment

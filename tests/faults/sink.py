"""A mail server that keeps what it gets, and can be told to misbehave."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

WELL, REFUSED, SILENT, BUSY = "well", "refused", "silent", "421 at the start"
RCPT_451, RCPT_550, DATA_554, CUT = "451 at RCPT", "550 at RCPT", "554 after DATA", "cut after the final dot"
MOODS = (REFUSED, SILENT, BUSY, RCPT_451, RCPT_550, DATA_554, CUT)


@dataclass(frozen=True)
class Delivery:
    """A mail that was taken whole: from here on it is the server's."""

    message_id: str
    to: str
    at: float
    text: str


class Says(asyncio.Protocol):
    """A server that says one line, or nothing, and hears nothing."""

    def __init__(self, line: bytes) -> None:
        self.line = line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.line:
            transport.write(self.line)  # type: ignore[attr-defined]
            transport.close()


class Sink(Controller):
    """The server. `mood` says how it behaves; `after_taking` is called just after the reply to a taken mail."""

    def __init__(self, port: int) -> None:
        super().__init__(self, hostname="127.0.0.1", port=port, ready_timeout=10)
        self.mood = WELL
        self.deliveries: list[Delivery] = []
        self.after_taking: Callable[[], None] | None = None
        self._changed = threading.Condition()

    def factory(self) -> Any:
        if self.mood in {SILENT, BUSY}:
            return Says(b"421 4.3.2 Too busy\r\n" if self.mood == BUSY else b"")
        return SMTP(self, hostname="sink.example", loop=self.loop)

    def behave(self, mood: str) -> None:
        """Change the mood. A server that refuses connections does not listen at all."""
        before, self.mood = self.mood, mood
        if mood == REFUSED and before != REFUSED:
            self.stop()
        if before == REFUSED and mood != REFUSED:
            self.loop = asyncio.new_event_loop()  # stopping closed the last one
            self.start()

    def close(self) -> None:
        if self.mood != REFUSED:
            self.stop()

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Any) -> str:  # noqa: N802
        if self.mood == RCPT_451:
            return "451 4.3.0 Try again later"
        if self.mood == RCPT_550:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(to)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.mood == DATA_554:
            return "554 5.7.1 Not wanted here"
        self._take(envelope)
        if self.mood == CUT:
            server.transport.abort()
        elif self.after_taking:
            self.loop.call_soon(self.after_taking)  # the reply is written first
        return "250 2.0.0 Taken"

    def _take(self, envelope: Envelope) -> None:
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        text = mail.get_body(("plain",)).get_content()
        delivery = Delivery(str(mail["Message-ID"]).strip(), envelope.rcpt_tos[0], time.monotonic(), text)
        with self._changed:
            self.deliveries.append(delivery)
            self._changed.notify_all()

    def wait_for(self, count: int, seconds: float) -> bool:
        """Wait until so many mails were taken in all. Return whether they were."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.deliveries) >= count, seconds)

    def wait_for_mail(self, address: str, words: str, seconds: float = 30) -> Delivery:
        """Return the mail to an address that has these words in it. Raises LookupError where none comes."""

        def found() -> Delivery | None:
            return next((mail for mail in self.deliveries if mail.to == address and words in mail.text), None)

        with self._changed:
            mail = self._changed.wait_for(found, seconds)
        if mail is None:
            raise LookupError(f"no mail with {words!r} came")
        return mail

    def repeated(self) -> Counter[str]:
        """Return how often too many each Message-ID came: {"<…>": 1} for one that came twice."""
        counts = Counter(delivery.message_id for delivery in self.deliveries)
        return Counter({message_id: count - 1 for message_id, count in counts.items() if count > 1})

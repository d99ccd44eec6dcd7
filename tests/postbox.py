"""A real mail server for tests: what it got, and what it is to answer at each step."""

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Postbox:
    """What the mail server got, and what it is to answer. `hangs_up` breaks the connection after the final dot."""

    def __init__(self) -> None:
        self.messages = []
        self.refusals = {}
        self.receipt = "250 OK"
        self.hangs_up = False
        self.refuse_one = ""
        self.sessions = set()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.sessions.add(session.peer)
        session.host_name = hostname
        return [self.refusals["EHLO"]] if "EHLO" in self.refusals else responses

    async def handle_HELO(self, server, session, envelope, hostname):  # noqa: N802
        session.host_name = hostname
        return self.refusals.get("EHLO", "250 hello")

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if "MAIL" in self.refusals:
            return self.refusals["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if "RCPT" in self.refusals:
            return self.refusals["RCPT"]
        if address == self.refuse_one:
            return "550 5.1.1 unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if "DATA" in self.refusals:
            return self.refusals["DATA"]
        self.messages.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        if self.hangs_up:
            server.transport.abort()
        return self.receipt

    def check_password(self, server, session, envelope, mechanism, data) -> AuthResult:
        return AuthResult(success="AUTH" not in self.refusals, handled=False, message=self.refusals.get("AUTH"))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def use_server(settings, port: int) -> None:
    settings.EMAIL_BACKEND = "leads.smtp.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


@pytest.fixture
def postbox(settings) -> Iterator[Postbox]:
    use_server(settings, free_port())
    box = Postbox()
    controller = Controller(
        box,
        hostname=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        authenticator=box.check_password,
        auth_require_tls=False,
    )
    controller.start()
    yield box
    controller.stop()

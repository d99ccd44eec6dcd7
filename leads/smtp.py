"""Talking to the mail server: which answer came at which stage, and whose fault it was (EML-14).

Django's backend says that sending failed, but not how far it came. This one keeps the last command on the connection,
and so can tell a mailbox that does not exist from a password that is wrong, and a mail that never arrived from one that
perhaps did. It keeps the server's receipt too (CON-9).
"""

import enum
import re
import smtplib
import ssl
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from leads.addresses import without_addresses

STAGES = {"ehlo": "hello", "helo": "hello", "starttls": "hello", "auth": "sign_in"}
STAGES |= {"mail": "sender", "rcpt": "recipient", "data": "data"}
OUR_STAGES = {"connect", "hello", "sign_in", "sender"}  # a refusal there is not about the recipient, nor the mail
# Enhanced codes (RFC 3463) of refusals to a recipient that do not say that there is none: the sender's address, a full
# mailbox, the mail system itself, a policy.
NOT_THE_ADDRESS = re.compile(r"5\.(1\.[78]|2\.2|3\.\d+|7\.\d+)\b")
# Words of a refusal without such a code that are about us: a list that our server is on, a relay, a policy. One of them
# read as "no such mailbox" would block everybody who is written to on that day.
ABOUT_US = re.compile(r"relay|block|listed|blacklist|policy|reputation|spam|denied", re.IGNORECASE)
TOO_LARGE = 552  # the answer to MAIL with a SIZE: about this mail, though given to the sender
SIGN_IN_FIRST = 530  # some servers say so only to RCPT


class Fault(enum.Enum):
    """Why a mail did not leave, and so what is to be done about it."""

    PASSING = "passing"  # try again later
    ADDRESS = "address"  # there is no such mailbox
    MAIL = "mail"  # the server does not want this mail
    OURS = "ours"  # sign-in, sender, certificate: no mail will leave until somebody mends it
    UNCERTAIN = "uncertain"  # the connection broke after the final dot: the server may have it


class NotSentError(Exception):
    """A mail did not leave. `stage` is how far the talk had come, `answer` what went wrong, without addresses."""

    def __init__(self, fault: Fault, stage: str, answer: str) -> None:
        super().__init__(answer)
        self.fault, self.stage, self.answer = fault, stage, answer


class RememberedStage:
    """Adds to smtplib's connections how far the talk has come, and the server's last receipt."""

    stage = "connect"
    receipt = ""

    def putcmd(self, cmd: str, args: str = "") -> None:
        self.stage = STAGES.get(cmd.lower(), self.stage)
        super().putcmd(cmd, args)  # type: ignore[misc]

    def send(self, s: Any) -> None:
        super().send(s)  # type: ignore[misc]
        if self.stage == "data" and isinstance(s, bytes):  # commands are text; the mail with its final dot is bytes
            self.stage = "end"

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, words = super().data(msg)  # type: ignore[misc]
        self.receipt = _line(code, words)
        return code, words


class Connection(RememberedStage, smtplib.SMTP):
    pass


class ConnectionOverTls(RememberedStage, smtplib.SMTP_SSL):
    pass


class Backend(EmailBackend):
    """Django's SMTP backend, which raises NotSentError alone, and notes the receipt on the message it sent."""

    @property
    def connection_class(self) -> type:
        return ConnectionOverTls if self.use_ssl else Connection

    def open(self) -> bool | None:
        """Sign in, unless that is done. Raises NotSentError."""
        try:
            return super().open()
        except OSError as error:  # SMTPException is one
            half_open: Any = getattr(self, "_partial_connection", None)
            raise _not_sent(error, half_open.stage if half_open else "connect") from error

    def _send(self, email_message: EmailMessage) -> bool:
        talk: Any = self.connection
        try:
            sent = super()._send(email_message)  # type: ignore[misc]
        except OSError as error:
            raise _not_sent(error, talk.stage) from error
        email_message.smtp_reply = talk.receipt  # type: ignore[attr-defined]
        return sent


def _not_sent(error: OSError, stage: str) -> NotSentError:
    code, words = _reply(error)
    answer = _line(code, words) if code else without_addresses(f"{type(error).__name__}: {error}")[:300]
    return NotSentError(fault_of(error, stage), stage, answer)


def fault_of(error: OSError, stage: str) -> Fault:
    """Return whose fault a failure was, from smtplib's error and the stage at which it came (EML-14)."""
    code, words = _reply(error)
    if not 400 <= code < 600:
        return _without_answer(error, stage)
    if code < 500:
        return Fault.PASSING
    if code == SIGN_IN_FIRST or (stage in OUR_STAGES and not (stage == "sender" and code == TOO_LARGE)):
        return Fault.OURS
    return Fault.ADDRESS if stage == "recipient" and _says_no_mailbox(words.decode(errors="replace")) else Fault.MAIL


def _says_no_mailbox(words: str) -> bool:
    """Tell whether a refusal to a recipient means that there is none: by its enhanced code, else by its words."""
    if re.match(r"5\.\d+\.\d+\b", words):
        return not NOT_THE_ADDRESS.match(words)
    return not ABOUT_US.search(words)


def _without_answer(error: OSError, stage: str) -> Fault:
    """Tell failures without an answer apart: a broken connection, a certificate, something the server cannot do."""
    if stage == "end":
        return Fault.UNCERTAIN
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
        return Fault.OURS
    return Fault.PASSING


def _reply(error: OSError) -> tuple[int, bytes]:
    """Return the server's code and words; (0, b"") where it gave no answer. We send to one recipient at a time."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return error.smtp_code, words.encode() if isinstance(words, str) else words
    return 0, b""


def _line(code: int, words: bytes) -> str:
    """Return an answer on one line, without addresses and control characters."""
    text = " ".join(words.decode(errors="replace").split())
    return without_addresses(f"{code} {text}")[:300]

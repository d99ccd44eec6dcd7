"""What is owed to people and to others, what came back, and how the queue is doing."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.models.people import Submission
from leads.models.purposes import Purpose
from recruitcms.models import OwedMail


class OutgoingMail(OwedMail):
    """A mail that is owed to somebody who filled in a form, or to the team (EML-12).

    Its words come when it is sent: nothing personal waits here, and who withdrew in between gets nothing.
    """

    class Kind(models.TextChoices):
        CONFIRM = "confirm", _("Please confirm")
        REPORT = "report", _("Your report")
        WELCOME = "welcome", _("Welcome to the letter")
        ENQUIRY = "enquiry", _("We have your message")
        TEAM = "team", _("New enquiry, to the team")
        HELD = "held", _("Forms wait for review, to the team")

    TO_TEAM = {Kind.TEAM, Kind.HELD}

    kind = models.CharField(_("mail"), max_length=20, choices=Kind)
    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="mails", verbose_name=_("submission")
    )
    purpose = models.ForeignKey(
        Purpose, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("purpose")
    )
    # who holds the mail, and until when: by the database's clock, and by the machine's that never jumps (REL-6)
    lease_until = models.DateTimeField(null=True, editable=False)
    lease_boot = models.CharField(max_length=40, blank=True, editable=False)
    lease_ticks = models.FloatField(default=0, editable=False)
    smtp_reply = models.CharField(_("receipt of the mail server"), max_length=300, blank=True)
    uncertain = models.PositiveSmallIntegerField(
        _("perhaps sent before"),
        default=0,
        help_text=_(
            "How often sending broke off when the server may already have had the mail: the person may get it twice."
        ),
    )

    class Meta(OwedMail.Meta):
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outbox")
        ordering = ["-created_at"]


class OutboxState(models.Model):
    """The one row on the outbox as a whole: when a worker was last at it, and whether it is paused (EML-14)."""

    beat_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    paused_at = models.CharField(max_length=20, blank=True)  # the stage of the talk with the mail server
    paused_for = models.CharField(max_length=300, blank=True)  # what the server said, without addresses
    pauses = models.PositiveSmallIntegerField(default=0)  # in a row

    def __str__(self) -> str:
        return self.paused_at or "running"

    @classmethod
    def get(cls) -> "OutboxState":
        """Return the row; one that is not saved yet where there is none, since looking writes nothing (SEC-13)."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @classmethod
    def kept(cls) -> "OutboxState":
        """Return the row, made where there is none, for whoever changes it."""
        return cls.objects.get_or_create(pk=1)[0]


class SoftBounces(models.Model):
    """How often mail to an address came back for a passing reason, as a keyed hash (EML-15)."""

    hmac = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    times = models.PositiveSmallIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hmac", "key_id"], name="leads_softbounces_once")]

    def __str__(self) -> str:
        return str(self.times)


class TakenFeedback(models.Model):
    """What a mail provider told us and was acted upon, as a hash: told again, it changes nothing (EML-15)."""

    key = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.key[:8]


class OwedEvent(models.Model):
    """A sent form that Meta is owed word of, by a visitor's consent (COO-13); sent by the worker (conversions.py)."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")
        CANCELLED = "cancelled", _("Cancelled")

    event_id = models.CharField(_("event id"), max_length=32)  # the pixel's as well, so that Meta counts both as one
    submission = models.OneToOneField(
        Submission, on_delete=models.CASCADE, related_name="owed_event", verbose_name=_("submission")
    )
    choice_id = models.CharField(_("cookie choice"), max_length=32)
    user_agent = models.CharField(max_length=300, blank=True)  # emptied when nothing is owed any more
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(_("last answer"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("owed since"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("event for Meta")
        verbose_name_plural = _("events for Meta")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return self.event_id[:8]

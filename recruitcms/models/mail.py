"""A mail that is owed."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OwedMail(models.Model):
    """A mail that is owed: written with the transaction that it tells of, sent by a worker.

    It names what to write about, not the words: the text is rendered when it is sent. `message_id` is fixed, so that a
    mail sent twice after a crash can be recognised as one. Subclasses have a `kind` with choices.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")
        CANCELLED = "cancelled", _("Cancelled")

    message_id = models.CharField(max_length=120, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    last_error = models.CharField(_("last answer"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("owed since"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_state_display()})"  # type: ignore[attr-defined]

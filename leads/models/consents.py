"""The ledger of what people decided, what must not be written to, and what retention let go."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from leads.models.purposes import ConsentText, Purpose


def random_id() -> str:
    """Return 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


class ConsentEventQuerySet(models.QuerySet["ConsentEvent"]):
    """Finds entries by what their payloads say: whose they are, and which form they came from."""

    def of_person(self, subject_ref: str) -> "ConsentEventQuerySet":
        """Keep the entries of one person, for as long as their payloads are kept."""
        return self.filter(payload__subject_ref=subject_ref)

    def of_form(self, public_id: str) -> "ConsentEventQuerySet":
        """Keep what one submission, named by its public id, and the button in its mail said."""
        return self.filter(payload__form=public_id)

    def requested_by(self, public_id: str) -> "ConsentEventQuerySet":
        """Keep what one submission asked to be confirmed."""
        return self.of_form(public_id).filter(state=ConsentEvent.State.REQUESTED)


class ConsentEvent(models.Model):
    """One entry in the ledger: a purpose, a decision, and the exact words shown (CON-1). Written by `ledger.append`.

    Entries are a chain (§1.1, CON-19): each has the hash of the one before, and a MAC under a key that the database
    does not hold. The database itself refuses to change or delete one (I8, leads/triggers.py). Whose decision it was
    is in the payload, which can be deleted; what stays of it here is a salted commitment.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("Asked, not confirmed yet")
        GIVEN = "given", _("Given")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")
        INVALIDATED = "invalidated", _("Declared invalid")
        ERASED = "erased", _("Erased")

    class Method(models.TextChoices):
        WEB_FORM = "web_form", _("Form on the site")
        MAIL_BUTTON = "mail_button", _("Button after a link in a mail")
        ONE_CLICK = "one_click", _("Unsubscribe button of the mail program")
        COMPLAINT = "complaint", _("Reported as spam, as the mail provider says")
        # §1.1 names these two, for consent that staff write down or bring along; nothing here writes them yet.
        STAFF = "staff", _("Staff")
        IMPORT = "import", _("Import")
        SYSTEM = "system", _("The site itself")

    seq = models.PositiveBigIntegerField(_("number"), primary_key=True)
    event_id = models.CharField(max_length=32, unique=True, default=random_id)
    schema_version = models.PositiveSmallIntegerField()
    occurred_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(_("written"))
    # No index: there are few purposes, and SQLite would read all entries of one instead of a person's own.
    purpose = models.ForeignKey(
        Purpose,
        on_delete=models.PROTECT,
        to_field="key",
        related_name="+",
        verbose_name=_("purpose"),
        db_index=False,
    )
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+", verbose_name=_("wording"))
    text_sha256 = models.CharField(max_length=64)
    policy_version = models.CharField(_("privacy policy"), max_length=140, blank=True)
    locale = models.CharField(_("language"), max_length=10)
    state = models.CharField(_("decision"), max_length=20, choices=State)
    method = models.CharField(_("how"), max_length=20, choices=Method)
    gate_mode = models.CharField(_("gate"), max_length=20, blank=True)
    actor = models.CharField(_("by"), max_length=40)
    erases = models.JSONField(_("payloads deleted"), default=list)
    idem_key = models.CharField(max_length=64, unique=True)
    commitment = models.CharField(max_length=64, blank=True)
    prev_hash = models.CharField(max_length=64, unique=True)  # unique: no two entries can follow the same one (I10)
    hash = models.CharField(max_length=64, unique=True)
    mac = models.CharField(max_length=64)
    mac_key_id = models.CharField(max_length=16)

    objects = ConsentEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent event")
        verbose_name_plural = _("consent events")
        ordering = ["-seq"]

    def __str__(self) -> str:
        return f"{self.purpose}: {self.get_state_display()}"


class ConsentPayload(models.Model):
    """Whose decision an entry of the ledger was, and how it came about. Deleted when its time is over (CON-16).

    The person is named by `subject_ref`, a keyed hash of the address (§1.1), so that the proof can be found again when
    somebody gives the address. `form` is the random id of the submission, which says nothing once that is erased.
    """

    event = models.OneToOneField(ConsentEvent, on_delete=models.PROTECT, primary_key=True, related_name="payload")
    salt = models.CharField(max_length=64)
    subject_ref = models.CharField(max_length=64, db_index=True)
    form = models.CharField(_("form"), max_length=32, blank=True, db_index=True)
    page = models.CharField(_("page"), max_length=300, blank=True)
    controls = models.JSONField(_("what was pressed"), default=dict)
    message_id = models.CharField(_("confirmation mail"), max_length=120, blank=True)
    smtp_reply = models.CharField(_("answer of the mail server"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("details of a consent event")
        verbose_name_plural = _("details of consent events")

    def __str__(self) -> str:
        return f"{self.pk}"


class Suppression(models.Model):
    """An address that must not be written to, as a keyed hash: it stays when the person is erased (CON-14)."""

    ALL = "all"

    class Reason(models.TextChoices):
        UNSUBSCRIBE = "unsubscribe", _("Withdrawn")
        ERASURE = "erasure", _("Erased")
        COMPLAINT = "complaint", _("Complained")
        BOUNCE = "bounce", _("Bounced")

    hmac = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    scope = models.CharField(_("for"), max_length=40, help_text=_("A purpose’s key, or “all”."))
    reason = models.CharField(_("why"), max_length=20, choices=Reason)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(fields=["hmac", "key_id", "scope", "reason"], name="leads_suppression_once")
        ]

    def __str__(self) -> str:
        return f"{self.scope}: {self.get_reason_display()}"


class RetentionRun(models.Model):
    """What one run of retention let go: how many by rule, and nothing of whom (CON-17)."""

    at = models.DateTimeField(_("when"))
    counts = models.JSONField(_("what went"), default=dict)

    class Meta:
        verbose_name = _("retention run")
        verbose_name_plural = _("retention runs")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"

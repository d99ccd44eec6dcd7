"""Reviews of documents: where one stands, what was said and done, and the links for people without an account."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from recruitcms.models.mail import OwedMail

NOTE_LENGTH = 2000
COMMENT_LENGTH = 4000
NAME_LENGTH = 80


def new_public_id() -> str:
    return get_random_string(32)


class Review(models.Model):
    """Where the review of one document stands. It goes with the document (`Publishable.reviews`)."""

    class State(models.TextChoices):
        IDLE = "idle", _("No review under way")
        ASKED = "asked", _("Waiting for review")
        CHANGES = "changes", _("Changes requested")
        APPROVED = "approved", _("Approved")

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    document = GenericForeignKey()
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.IDLE)
    # Whom the review was asked of; empty: anybody who may review.
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    state_since = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        indexes = [models.Index(fields=["state", "reviewer"])]
        constraints = [models.UniqueConstraint(fields=["content_type", "object_id"], name="recruitcms_review_once")]

    def __str__(self) -> str:
        return self.get_state_display()

    @property
    def reviewer_name(self) -> str:
        return name_of(self.reviewer)

    @property
    def asker_name(self) -> str:
        return name_of(self.asked_by)

    def save_state(self, state: "Review.State") -> None:
        """Move to a state, from now on."""
        self.state, self.state_since = state, timezone.now()
        self.save()


class ReviewLink(models.Model):
    """A link by which somebody without an account reads one document, comments on it and approves it.

    The database keeps a hash of its token alone. `pinned` is the number of the revision that it shows; none: the
    working copy, as it is when the link is opened.
    """

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="links")
    public_id = models.CharField(max_length=32, default=new_public_id, unique=True, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("for"), max_length=NAME_LENGTH)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("works until"))
    revoked_at = models.DateTimeField(null=True)
    pinned = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("reviewer link")
        verbose_name_plural = _("reviewer links")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    def works(self, now: datetime | None = None) -> bool:
        """Tell whether the link opens anything at a moment (default: now)."""
        return self.revoked_at is None and self.expires_at > (now or timezone.now())


class ReviewEntry(models.Model):
    """One thing said or done in a review, by a member of staff (`by`) or through a link.

    Never changed afterwards, but for a comment's being settled and an approval's `version`. `name` is who it was, and
    stays when the account goes.
    """

    class Kind(models.TextChoices):
        ASKED = "asked", _("Asked for a review")
        WITHDRAWN = "withdrawn", _("Withdrew the request")
        CHANGES = "changes", _("Requested changes")
        APPROVED = "approved", _("Approved the text")
        PUBLISHED = "published", _("Published")
        COMMENT = "comment", _("Commented")
        LINK = "link", _("Made a reviewer link")
        REVOKED = "revoked", _("Revoked a reviewer link")

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    link = models.ForeignKey(ReviewLink, on_delete=models.CASCADE, null=True, related_name="entries")
    is_guest = models.BooleanField(default=False)  # came through the link; false with a link: staff, about or to it
    name = models.CharField(max_length=160)
    text = models.TextField(blank=True)
    answer_to = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="+")
    # Which section a comment is on: its id and its heading as they were; empty: the whole text.
    section = models.CharField(max_length=60, blank=True)
    heading = models.CharField(max_length=200, blank=True)
    # Of an approval: which text it is of, and the `updated_at` of the working copy that last said the same.
    content_hash = models.CharField(max_length=64, blank=True)
    version = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    # Set by review.Thread:
    is_stale = False  # of an approval: whether the text has changed since
    answers: list["ReviewEntry"]  # of a comment

    class Meta:
        verbose_name = _("entry of a review")
        verbose_name_plural = _("entries of reviews")
        ordering = ["pk"]
        indexes = [models.Index(fields=["link", "kind"])]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_kind_display()}"

    @property
    def resolver_name(self) -> str:
        return name_of(self.resolved_by)


class StaffMail(OwedMail):
    """A mail that is owed to a member of staff, sent by the worker (staff_mail.py).

    While it is being sent, `due_at` is when its sender is taken for dead.
    """

    class Kind(models.TextChoices):
        ASKED = "asked", _("A review is asked of you")
        CHANGES = "changes", _("Changes are requested")
        APPROVED = "approved", _("Your text is approved")
        READY = "ready", _("A text is ready to be published")
        GUEST = "guest", _("News from a reviewer link")
        ADDED = "added", _("A new way to sign in")
        REMOVED = "removed", _("A way to sign in is removed")
        CODES = "codes", _("New recovery codes")
        RESET = "reset", _("All second factors are removed")
        PASSWORD = "password", _("The password is changed")
        FORGOTTEN = "forgotten", _("A link for a new password")

    kind = models.CharField(_("mail"), max_length=10, choices=Kind)
    # Nobody's: a link for a new password was asked for an address that no account has. The answer must not tell.
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("to whom"), null=True
    )
    # What a mail about a review is about; those about an account have none.
    entry = models.ForeignKey(ReviewEntry, on_delete=models.CASCADE, related_name="mails", null=True)

    class Meta(OwedMail.Meta):
        verbose_name = _("mail to staff")
        verbose_name_plural = _("mails to staff")
        ordering = ["-pk"]


def name_of(user: Any) -> str:
    """Return how a member of staff is called in a review."""
    return (user.get_full_name() or user.get_username()) if user else ""

"""Forms that staff have open: who is writing where, and what is typed and not saved yet."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

HERE = timedelta(seconds=50)  # a window that said nothing for so long is closed, or its network is gone
FORGOTTEN = timedelta(days=1)  # after which a window that left nothing unsaved is forgotten
NAMES = ["title", "name", "quote", "words", "body"]  # the fields that say what a row is
KEPT = timedelta(days=90)  # for how long unsaved words wait for their writer (CON-17)


class OpenFormQuerySet(models.QuerySet["OpenForm"]):
    """Tells who is at a document now, and whose words wait there unsaved."""

    def of(self, model: type[models.Model], pk: int | None) -> Self:
        """Keep the forms of one document; with no `pk`, those of documents that are new."""
        kind = ContentType.objects.get_for_model(model)
        return self.filter(content_type=kind, object_id=pk)

    def unsaved(self) -> Self:
        """Keep those with words that were typed and not saved, the latest first."""
        return self.exclude(typed="").order_by("-kept_at")

    def here(self) -> Self:
        """Keep those that somebody has before them now."""
        return self.filter(seen_at__gt=timezone.now() - HERE)

    def forget_old(self, now: datetime) -> None:
        """Delete windows that were closed and left nothing, and words that nobody came back for."""
        self.filter(Q(typed="", seen_at__lt=now - FORGOTTEN) | Q(kept_at__lt=now - KEPT)).delete()


class OpenForm(models.Model):
    """One window with one document's form: when it last said that it is open, and what is typed in it.

    `typed` is the whole form as the browser would send it (application/x-www-form-urlencoded), "" where nothing waits
    to be saved. It is its writer's alone: nobody else is shown more than that somebody is there.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField(null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    typed = models.TextField(blank=True)
    kept_at = models.DateTimeField(_("kept"), null=True, blank=True)
    saved_at = models.DateTimeField(_("saved"), null=True, blank=True)  # when its document was, with all that was typed

    objects = OpenFormQuerySet.as_manager()

    class Meta:
        verbose_name = _("open form")
        verbose_name_plural = _("open forms")
        indexes = [models.Index(fields=["content_type", "object_id", "seen_at"])]

    def __str__(self) -> str:
        return f"{self.content_type} {self.object_id or ''}".strip()

    @property
    def data(self) -> QueryDict:
        """What is typed, as a form's data."""
        return QueryDict(self.typed)

    @property
    def is_here(self) -> bool:
        """Whether somebody has it before them now: `OpenFormQuerySet.here` for one row."""
        return self.seen_at > timezone.now() - HERE

    @property
    def title(self) -> str:
        """What its writer knows it by: the first words of what is typed; "" where there are none."""
        data = self.data
        return Truncator(next((str(data[name]) for name in NAMES if data.get(name)), "")).chars(80)

    def get_admin_url(self) -> str:
        """Return the address at which its writer finds it again."""
        name = f"admin:{self.content_type.app_label}_{self.content_type.model}"
        url = reverse(f"{name}_change", args=[self.object_id]) if self.object_id else reverse(f"{name}_add")
        return f"{url}?kept={self.key}"

    @classmethod
    def heard(
        cls, key: uuid.UUID, user: Any, model: type[models.Model], pk: int | None, typed: str | None
    ) -> "OpenForm":
        """Note that a window is open and, where `typed` is a text, what stands in it. Return its row.

        Raises PermissionError for a key of somebody else's window.
        """
        now = timezone.now()
        kind = ContentType.objects.get_for_model(model)
        form, _made = cls.objects.get_or_create(key=key, defaults={"user": user, "content_type": kind, "object_id": pk})
        if (form.user_id, form.content_type_id, form.object_id) != (user.pk, kind.pk, pk):
            raise PermissionError("This key names another window.")
        form.seen_at = now
        heard = ["seen_at"]  # without the text: it may have been saved, and forgotten, since the row was read
        if typed is not None:
            form.typed, form.kept_at = typed, now
            heard += ["typed", "kept_at"]
        form.save(update_fields=heard)
        return form

    @classmethod
    def saved(cls, key: uuid.UUID, user: Any, model: type[models.Model], pk: int | None) -> None:
        """Note that all that was typed in a window is saved, which its browser asks about later.

        Of a window that was never heard of as well: who presses Save at once is quicker than its first word.
        """
        now = timezone.now()
        kind = ContentType.objects.get_for_model(model)
        gone = {"user": user, "content_type": kind, "object_id": pk, "seen_at": now - HERE}
        cls.objects.get_or_create(key=key, defaults=gone)
        cls.objects.filter(key=key, user=user).update(typed="", kept_at=None, saved_at=now)

    def leave(self) -> None:
        """Note that the window is closed. What was typed in it stays."""
        self.seen_at = timezone.now() - HERE
        self.save(update_fields=["seen_at"])

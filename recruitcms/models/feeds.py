"""The calendar feeds of staff."""

import secrets

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

SALT = "recruitcms.calendar"


def new_key() -> str:
    return secrets.token_hex(16)


class CalendarFeed(models.Model):
    """One person's secret address of the editors' calendar. A new key ends the old address; no row, no feed.

    The address holds the key signed, so that who reads the database cannot make it.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    key = models.CharField(max_length=32, unique=True, default=new_key)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return str(self.user)

    @property
    def url(self) -> str:
        """The address to subscribe to."""
        return settings.SITE_URL + reverse("calendar-feed", args=[_signer().sign(self.key)])

    @classmethod
    def owner(cls, token: str) -> AbstractBaseUser | None:
        """Return the member of staff that an address belongs to, or None: not ours, withdrawn, or no longer staff."""
        try:
            key = _signer().unsign(token)
        except signing.BadSignature:
            return None
        feed = cls.objects.select_related("user").filter(key=key, user__is_active=True, user__is_staff=True).first()
        return feed.user if feed else None


def _signer() -> signing.Signer:
    return signing.Signer(key=settings.LINK_KEY, fallback_keys=settings.LINK_KEYS_OLD, salt=SALT, sep=".")

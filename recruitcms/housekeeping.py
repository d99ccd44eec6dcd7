"""What the desk keeps, of people above all, and for how long: it goes by itself (CON-17). Run by the worker's chores.

Leads and their consents have periods of their own, by purpose (leads/retention.py).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q

from recruitcms import address_counts, pictures, staff_mail
from recruitcms.models import BulkChange, OpenForm, ReviewEntry, ReviewLink
from recruitcms.signin import kept_secrets
from recruitcms.signin.sessions import SessionStore
from roles import cards
from roles.moving.models import ImportItem, ImportRun
from roles.search import missed

GUESTS = timedelta(days=365)  # after their link ended
UPLOADS = timedelta(days=30)
LISTS = timedelta(days=180)  # of imports, and of changes of many pages
GUEST = "–"  # what stays of a name


def chores(now: datetime) -> dict[str, Callable[[], object]]:
    """Return what lets go of what has been kept for its time, by name: one that fails holds up none of the others."""
    return {
        "open forms": partial(OpenForm.objects.forget_old, now),
        "guests of reviews": partial(forget_guests, now),
        "imports": partial(forget_imports, now),
        "lists of changes": BulkChange.objects.filter(created_at__lt=now - LISTS).delete,
        "mails to staff": partial(staff_mail.forget_old, now),
        "sessions": SessionStore.clear_expired,
        "secrets of sign-in": kept_secrets.renew_all,
        "counts of addresses": address_counts.flush,
        "old addresses": address_counts.forget_old,
        "counts of searches": missed.tally.flush,
        "old searches": missed.forget_old,
        "cards": cards.forget_old,
        "pictures": partial(pictures.sweeper.sweep, now),
    }


def forget_guests(now: datetime) -> None:
    """Take names and words of guests out of reviews that ended long ago; that somebody approved stays."""
    ended = Q(expires_at__lt=now - GUESTS) | Q(revoked_at__lt=now - GUESTS)
    links = ReviewLink.objects.filter(ended).exclude(name=GUEST)
    ReviewEntry.objects.filter(link__in=links, is_guest=True).update(name=GUEST, text="")
    links.update(name=GUEST)


def forget_imports(now: datetime) -> None:
    """Delete the files of imports that nobody waits for, and old lists. What was imported stays."""
    waiting = ImportItem.objects.filter(outcome=ImportItem.Outcome.WAITING).values("run")
    done = ImportRun.objects.exclude(upload="").filter(Q(created_at__lt=now - UPLOADS) | ~Q(pk__in=waiting))
    for run_ in done.filter(created_at__lt=now - timedelta(days=1)):
        run_.upload.delete()
    ImportRun.objects.filter(created_at__lt=now - LISTS).delete()

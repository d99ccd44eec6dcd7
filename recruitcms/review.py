"""The acts of a review: ask, withdraw, request changes, approve; comments; links for people without an account.

Every act is one transaction: it moves the review's one state, keeps an entry of who did what and when, and owes the
mails to those concerned. An act that does not fit the state raises ValidationError with a sentence that says why.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from recruitcms import staff_mail
from recruitcms.models import Review, ReviewEntry, ReviewLink, StaffMail
from recruitcms.models.review import name_of
from recruitcms.publishing import Publishable

Kind, State = ReviewEntry.Kind, Review.State

LINK_DAYS = 14
LINK_DAYS_MAX = 90
COMMENTS_PER_LINK = 200


class TextChangedError(Exception):
    """The text is another than the one that was read."""


def content_hash(revision: Any) -> str:
    """Return what stands for the words and pictures of a revision, saved or not: 64 hexadecimal digits."""
    content = {name: held for name, held in revision.content.items() if name != "source"}  # names other things, too
    shown = [revision.language, revision.title, revision.summary, content]
    words = json.dumps(shown, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(words.encode()).hexdigest()


def people_who_may(act: str, model: type[Publishable], superusers: bool = True) -> QuerySet[Any]:
    """Return the active staff who may do something ("review", "publish") with documents of a model, by name."""
    people = get_user_model().objects.with_perm(  # type: ignore[attr-defined]
        f"{model._meta.app_label}.{act}_{model._meta.model_name}",
        include_superusers=superusers,
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return people.filter(is_staff=True).order_by("first_name", "last_name", "username")


# --- the acts of staff. Each returns the people who are to hear of it; those without an address get no mail. ---


@transaction.atomic
def ask(document: Publishable, by: Any, reviewer: Any = None, note: str = "") -> list[Any]:
    """Ask somebody, or anybody who may, to review the working copy as it is now."""
    if reviewer and reviewer == by:
        raise ValidationError(_("Choose somebody else: nobody reviews what they ask for themselves."))
    review = _locked(document)
    review.reviewer, review.asked_by = reviewer, by
    review.save_state(State.ASKED)
    entry = _keep(review, Kind.ASKED, by, note)
    anybody = people_who_may("review", type(document), superusers=False).exclude(pk=by.pk)
    return _tell(StaffMail.Kind.ASKED, [reviewer] if reviewer else anybody, entry)


@transaction.atomic
def withdraw(document: Publishable, by: Any, note: str = "") -> list[Any]:
    """Take a request back that nobody has answered yet."""
    review = _locked(document)
    _require(review, {State.ASKED}, _("No review is asked for, so there is nothing to withdraw."))
    review.save_state(State.IDLE)
    _keep(review, Kind.WITHDRAWN, by, note)
    return []


@transaction.atomic
def request_changes(document: Publishable, by: Any, note: str) -> list[Any]:
    """Send the text back to whoever asked for the review, with what should change."""
    review = _locked(document)
    _require(review, {State.ASKED, State.APPROVED}, _("No review is asked for: ask the author instead."))
    review.save_state(State.CHANGES)
    entry = _keep(review, Kind.CHANGES, by, note)
    return _tell(StaffMail.Kind.CHANGES, _others([review.asked_by], by), entry)


@transaction.atomic
def approve(document: Publishable, by: Any, note: str = "", shown: str | None = None) -> list[Any]:
    """Approve the working copy as it is now: later changes make the approval stale. Tells author and publishers.

    `shown` is the hash of the text as they had it before them. Raises TextChangedError where it is another now.
    """
    review = _locked(document)
    _require(review, {State.ASKED, State.CHANGES, State.APPROVED}, _("No review is asked for."))
    if review.asked_by == by:
        raise ValidationError(_("You asked for this review. Somebody else must approve the text."))
    now = content_hash(document.draft_revision())
    if shown not in {None, now}:
        raise TextChangedError
    review.save_state(State.APPROVED)
    entry = _keep(review, Kind.APPROVED, by, note, content_hash=now, version=document.updated_at)
    author = _others([review.asked_by], by)
    publishers = _others(people_who_may("publish", type(document), superusers=False), by, *author)
    return _tell(StaffMail.Kind.APPROVED, author, entry) + _tell(StaffMail.Kind.READY, publishers, entry)


@transaction.atomic
def comment(document: Publishable, by: Any, text: str, answer_to: int | None = None) -> None:
    """Say something in the thread; an answer to a comment that came through a link is shown there too."""
    review = _locked(document)
    answered = _comment(review, answer_to) if answer_to else None
    _keep(review, Kind.COMMENT, by, text, answer_to=answered, link=answered and answered.link)


@transaction.atomic
def settle(document: Publishable, by: Any, pk: int, is_settled: bool) -> None:
    """Mark a comment as resolved, or open it again."""
    entry = _comment(_locked(document), pk)
    entry.resolved_at, entry.resolved_by = (timezone.now(), by) if is_settled else (None, None)
    entry.save(update_fields=["resolved_at", "resolved_by"])


def end(document: Publishable, by: Any) -> None:
    """End the review of a document that is being published, where there is one. Part of that transaction."""
    for review in document.reviews.all():
        review.save_state(State.IDLE)
        _keep(review, Kind.PUBLISHED, by)


def carry_over(document: Publishable) -> None:
    """Let approvals hold for a working copy that was saved anew with the same text. Part of that transaction.

    So `version` alone tells an approval that holds from a stale one, and reading costs nothing.
    """
    approvals = ReviewEntry.objects.filter(review__in=document.reviews.all(), kind=Kind.APPROVED)
    if approvals.exists():
        same = approvals.filter(content_hash=content_hash(document.draft_revision()))
        same.update(version=document.updated_at)


def _locked(document: Publishable) -> Review:
    """Return the review of a document, made on its first act; nobody else acts on it until the transaction ends."""
    review, _is_new = document.reviews.get_or_create()
    return Review.objects.select_for_update().get(pk=review.pk)


def _require(review: Review, states: set[Review.State], sentence: str) -> None:
    if review.state not in states:
        raise ValidationError(sentence)


def _keep(review: Review, kind: ReviewEntry.Kind, by: Any, text: str = "", **more: Any) -> ReviewEntry:
    return review.entries.create(kind=kind, by=by, name=name_of(by), text=text.strip(), **more)


def _comment(review: Review, pk: int) -> ReviewEntry:
    found = review.entries.filter(kind=Kind.COMMENT, answer_to=None, pk=pk).first()
    if found is None:
        raise ValidationError(_("This comment is gone."))
    return found


def _others(people: Any, *but: Any) -> list[Any]:
    return [person for person in people if person and person not in but]


def _tell(kind: StaffMail.Kind, people: Any, entry: ReviewEntry) -> list[Any]:
    people = list(people)
    for person in people:
        staff_mail.owe(kind, person, entry)
    return people


# --- links ---


def token_of(link: ReviewLink) -> str:
    """Return the token of a link: 256 bits, made anew from a key and the link's random id, so that it need not be kept.

    "" where the key has changed since, and the old one is not named: such a link is made anew.
    """
    made = [_token(key, link) for key in [settings.LINK_KEY, *settings.LINK_KEYS_OLD]]
    return next((token for token in made if hash_of(token) == link.token_hash), "")


def _token(key: str, link: ReviewLink) -> str:
    return hmac.new(key.encode(), f"review:{link.public_id}".encode(), hashlib.sha256).hexdigest()


def hash_of(token: str) -> str:
    """Return what the database keeps of a token, and finds it by: how long that takes tells nothing of the token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def url_of(link: ReviewLink) -> str:
    """Return the full address of a link, or "" (see `token_of`)."""
    token = token_of(link)
    return f"{settings.SITE_URL}{reverse('review', args=[token])}" if token else ""


@transaction.atomic
def make_link(document: Publishable, by: Any, name: str, days: int = LINK_DAYS, is_pinned: bool = False) -> ReviewLink:
    """Make a link for somebody, which follows the working copy or shows it for ever as it is now."""
    name = " ".join(name.split())
    review = _locked(document)
    link = ReviewLink(review=review, name=name, made_by=by, expires_at=timezone.now() + timedelta(days=days))
    link.token_hash = hash_of(_token(settings.LINK_KEY, link))
    if is_pinned:
        link.pinned = document.keep(by, _("For review through a link")).number
    link.save()
    _keep(review, Kind.LINK, by, link=link)
    return link


@transaction.atomic
def revoke_link(document: Publishable, by: Any, pk: int) -> ReviewLink:
    """Close a link for good. Its comments stay."""
    review = _locked(document)
    link = review.links.filter(pk=pk).first()
    if link is None:
        raise ValidationError(_("This link is gone."))
    if link.revoked_at is None:
        link.revoked_at = timezone.now()
        link.save(update_fields=["revoked_at"])
        _keep(review, Kind.REVOKED, by, link=link)
    return link


@transaction.atomic
def revoke_links_of(person: Any, by: Any) -> int:
    """Close the links that somebody made, or they would read on when they have left. Return how many still worked."""
    made = ReviewLink.objects.filter(made_by=person, revoked_at=None, expires_at__gt=timezone.now())
    links = list(made.select_related("review"))
    for link in links:
        document: Any = link.review.document
        revoke_link(document, by, link.pk)
    return len(links)


def find_link(token: str) -> ReviewLink | None:
    """Return the working link of a token; None for one that is unknown, has expired or was revoked."""
    link = ReviewLink.objects.select_related("review").filter(token_hash=hash_of(token)).first()
    return link if link and link.works() else None


def revision_of(link: ReviewLink) -> Any:
    """Return what a link shows: its pinned revision, or the working copy unsaved. None where either is gone."""
    document: Any = link.review.document
    if document is None:
        return None
    if link.pinned:
        return document.revisions.filter(number=link.pinned).first()
    return document.draft_revision()


# --- the acts of guests ---


class LinkFullError(Exception):
    """As many comments have come through this link as it takes."""


@transaction.atomic
def guest_comment(link: ReviewLink, text: str, section: str = "", heading: str = "") -> ReviewEntry:
    """Keep a comment. Raises LinkFullError after COMMENTS_PER_LINK of them."""
    review = _locked_by(link)
    if link.entries.filter(kind=Kind.COMMENT, is_guest=True).count() >= COMMENTS_PER_LINK:
        raise LinkFullError
    return _keep_for_guest(review, link, Kind.COMMENT, text=text, section=section[:60], heading=heading[:200])


@transaction.atomic
def guest_approval(link: ReviewLink, seen: str) -> ReviewEntry | None:
    """Keep an approval of the text whose hash is `seen`; pressed twice, it counts once, so that no limit is needed.

    Raises TextChangedError where that is no longer what the link shows.
    """
    link.review = _locked_by(link)
    revision = revision_of(link)
    if revision is None or content_hash(revision) != seen:
        raise TextChangedError
    if link.entries.filter(kind=Kind.APPROVED, is_guest=True, content_hash=seen).exists():
        return None
    version = None if link.pinned else revision.document.updated_at
    entry = _keep_for_guest(link.review, link, Kind.APPROVED, content_hash=seen, version=version)
    if link.pinned:
        carry_over(revision.document)  # the working copy may still say the same
    return entry


def _locked_by(link: ReviewLink) -> Review:
    return Review.objects.select_for_update().get(pk=link.review_id)


def _keep_for_guest(review: Review, link: ReviewLink, kind: ReviewEntry.Kind, **more: Any) -> ReviewEntry:
    entry = review.entries.create(kind=kind, link=link, is_guest=True, name=link.name, **more)
    staff_mail.owe_news(entry)
    return entry


# --- reading ---


@dataclass
class Thread:
    """All that the panel shows of a document's review, read with one query."""

    entries: list[ReviewEntry]

    @classmethod
    def of(cls, document: Publishable) -> "Thread":
        entries = ReviewEntry.objects.filter(
            review__content_type=ContentType.objects.get_for_model(document), review__object_id=document.pk
        ).select_related("review__reviewer", "review__asked_by", "link", "resolved_by")
        for entry in (found := list(entries)):
            entry.is_stale = entry.kind == Kind.APPROVED and entry.version != document.updated_at
        return cls(found)

    @property
    def review(self) -> Review | None:
        return self.entries[-1].review if self.entries else None

    @property
    def state(self) -> str:
        return self.review.state if self.review else State.IDLE

    @property
    def last(self) -> ReviewEntry | None:
        """The act that led to the state of now."""
        acts = (entry for entry in reversed(self.entries) if not entry.is_guest)
        return next((entry for entry in acts if entry.kind == self.state), None)

    def may_be_judged_by(self, user: Any) -> bool:
        """Tell whether there is a request that somebody who may review can answer: not their own."""
        return self.review is not None and self.state != State.IDLE and self.review.asked_by != user

    @property
    def history(self) -> list[ReviewEntry]:
        """What was done, newest first."""
        return [entry for entry in reversed(self.entries) if entry.kind != Kind.COMMENT]

    @property
    def open_comments(self) -> list[ReviewEntry]:
        return self._comments(is_resolved=False)

    @property
    def resolved_comments(self) -> list[ReviewEntry]:
        return self._comments(is_resolved=True)

    def _comments(self, is_resolved: bool) -> list[ReviewEntry]:
        """Return comments with their answers, by section in the order in which sections were first commented on."""
        comments = [entry for entry in self.entries if entry.kind == Kind.COMMENT]
        found = [e for e in comments if e.answer_to_id is None and bool(e.resolved_at) == is_resolved]
        for entry in found:
            entry.answers = [answer for answer in comments if answer.answer_to_id == entry.pk]
        order = list(dict.fromkeys(entry.section for entry in found))
        return sorted(found, key=lambda entry: order.index(entry.section))

    @property
    def guest_approvals(self) -> list[ReviewEntry]:
        """What people with a link have approved since the last publication."""
        return [entry for entry in self._this_round if entry.is_guest and entry.kind == Kind.APPROVED]

    @cached_property
    def links(self) -> list[ReviewLink]:
        return [entry.link for entry in self.entries if entry.kind == Kind.LINK and entry.link]

    @property
    def _this_round(self) -> list[ReviewEntry]:
        published = [number for number, entry in enumerate(self.entries, 1) if entry.kind == Kind.PUBLISHED]
        return self.entries[published[-1] if published else 0 :]

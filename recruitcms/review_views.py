"""What a reviewer link opens: one document through its own template, with a place for comments and an approval.

The token is the whole authority. No cookie, no session; posts come from our own pages (`SameOriginForms`), and no GET
keeps anything. Unknown, expired and revoked links get the same answer.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from leads import spam
from leads.models import Report
from leads.views import render_report
from recruitcms import limits, review
from recruitcms.admin.scheduling import in_words
from recruitcms.models import Page, ReviewEntry, ReviewLink
from recruitcms.models.review import COMMENT_LENGTH
from recruitcms.networks import network_of
from recruitcms.views import render_page
from roles.models import Role
from roles.views import render_role

RENDER: dict[type, Callable[..., HttpResponse]] = {Page: render_page, Role: render_role, Report: render_report}
COMMENTS_AT_ONCE = 20  # through one link within limits.WINDOW: one every half minute, for as long as that lasts
SAID = {
    "comment": gettext_lazy("Thank you. Your comment is with the team."),
    "approve": gettext_lazy("Thank you. Your approval is with the team."),
}


class LinesField(forms.CharField):
    """Takes lines ended in any way, and counts each end as one character, as browsers do."""

    def to_python(self, value: Any) -> str:
        return "\n".join(str(super().to_python(value)).splitlines())


class CommentForm(forms.Form):
    """A comment on a part of the text, or on the whole."""

    section = forms.ChoiceField(required=False)
    text = LinesField(
        max_length=COMMENT_LENGTH,
        error_messages={
            "required": gettext_lazy("Write your comment first."),
            "max_length": gettext_lazy("This is too long: leave it below %(limit_value)d characters, or send two."),
        },
    )

    def __init__(self, *args: Any, parts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = dict(parts)
        self.fields["section"].choices = [("", _("The whole text")), *parts]  # type: ignore[attr-defined]
        self.fields["section"].error_messages["invalid_choice"] = _("This section is gone. Choose another.")


@csrf_exempt
@require_safe
def review_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link is for."""
    opened = _open(token)
    if opened is None:
        return gone(request)
    link, revision = opened
    return _page(request, link, revision)


@csrf_exempt
@require_POST
def review_comment(request: HttpRequest, token: str) -> HttpResponse:
    """Keep a comment, under the name in the link. Too many at once are asked to wait, with what was typed."""
    opened = _open(token)
    if opened is None:
        return gone(request)
    link, revision = opened
    with translation.override(revision.language):
        form = CommentForm(request.POST, parts=revision.parts())
        if not form.is_valid():
            return _page(request, link, revision, form=form)
        seconds = _wait(request, link)
        if seconds:
            form.add_error("text", _too_many(seconds))
            return _page(request, link, revision, seconds, form=form)
        section = form.cleaned_data["section"]
        try:
            review.guest_comment(link, form.cleaned_data["text"], section, form.parts.get(section, ""))
        except review.LinkFullError:
            form.add_error("text", _full())
            return _page(request, link, revision, form=form)
    return _see(token, "comment")


@csrf_exempt
@require_POST
def review_approve(request: HttpRequest, token: str) -> HttpResponse:
    """Keep an approval of the text as it was read; where it has changed in between, ask again."""
    opened = _open(token)
    if opened is None:
        return gone(request)
    link, revision = opened
    try:
        review.guest_approval(link, request.POST.get("seen", ""))
    except review.TextChangedError:
        return _page(request, link, revision, has_changed=True)
    return _see(token, "approve")


def gone(request: HttpRequest) -> HttpResponse:
    """Answer a link that opens nothing, whatever the reason."""
    return render(request, "review/gone.html", {"noindex": True}, status=404)


def _open(token: str) -> tuple[ReviewLink, Any] | None:
    """Return a working link and the revision that it shows; None where there is nothing to show."""
    link = review.find_link(token)
    revision = review.revision_of(link) if link else None
    return (link, revision) if link and revision else None


def _wait(request: HttpRequest, link: ReviewLink) -> int:
    """Count a comment, and return for how many seconds its sender has to wait first; 0: not at all."""
    from_link = limits.wait_after("review-link", str(link.pk), COMMENTS_AT_ONCE)
    most = settings.FORMS_PER_NETWORK * spam.FLOOD
    return max(from_link, limits.wait_after("review-network", network_of(request), most))


def _too_many(seconds: int) -> str:
    words = ngettext(
        "Many comments have come in a short time, so this one is not sent yet. It stays here: wait %(minutes)d minute,"
        " then send it again.",
        "Many comments have come in a short time, so this one is not sent yet. It stays here: wait %(minutes)d minutes,"
        " then send it again.",
        seconds // 60,
    )
    return words % {"minutes": seconds // 60}


def _full() -> str:
    return _(
        "This comment is not sent: the link has taken as many as it can. Copy your words and send them to the person"
        " who gave you the link. You can still approve the text."
    )


def _see(token: str, done: str) -> HttpResponse:
    response = HttpResponseRedirect(f"{reverse('review', args=[token])}?done={done}#review")
    response.status_code = 303
    return response


def _page(request: HttpRequest, link: ReviewLink, revision: Any, retry_after: int = 0, **context: Any) -> HttpResponse:
    """Render the document's own page; base.html adds `request.review` before and after it."""
    language = request.LANGUAGE_CODE = revision.language
    with translation.override(language):
        seen = review.content_hash(revision)
        entries = list(link.entries.filter(kind__in=[ReviewEntry.Kind.COMMENT, ReviewEntry.Kind.APPROVED]))
        token = request.resolver_match.kwargs["token"]  # type: ignore[union-attr]
        request.review = {  # type: ignore[attr-defined]
            "link": link,
            "revision": revision,
            "expires": in_words(link.expires_at),
            "seen": seen,
            "entries": entries,
            "approved": next((e for e in entries if e.is_guest and e.content_hash == seen), None),
            "form": CommentForm(parts=revision.parts()),
            "comment_url": reverse("review-comment", args=[token]),
            "approve_url": reverse("review-approve", args=[token]),
            "said": SAID.get(request.GET.get("done", "")),
            **context,
        }
        response = RENDER[type(link.review.document)](request, revision, {}, preview=True)
    response.headers["Content-Language"] = language
    if retry_after:
        response.status_code, response.headers["Retry-After"] = 429, str(retry_after)
    return response

"""Reviews in the admin: what the panel beside the form shows and does. Its buttons save the form first, as all do."""

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms import review
from recruitcms.models.review import NAME_LENGTH, NOTE_LENGTH, name_of

FOR_PUBLISHERS = ["publish_at", "offline_at"]
NEED_NOTE = {
    "_request_changes": gettext_lazy("Say what should change: the author gets these words."),
    "_comment": gettext_lazy("Write the comment first."),
    "_answer": gettext_lazy("Write the answer here first."),
}


class ReviewerField(forms.ModelChoiceField):
    def label_from_instance(self, user: Any) -> str:
        return name_of(user)


class ReviewFields(forms.Form):
    """The fields of the panel, as a part of a document's form: an error shows by its field, and nothing is lost."""

    reviewer = ReviewerField(
        label=gettext_lazy("reviewer"),
        queryset=get_user_model().objects.none(),
        required=False,
        empty_label=gettext_lazy("Anybody who may review"),
    )
    review_note = forms.CharField(
        label=gettext_lazy("note or answer"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Goes with the button that you press, to the people concerned."),
    )
    link_name = forms.CharField(
        label=gettext_lazy("for whom"),
        required=False,
        max_length=NAME_LENGTH,
        help_text=gettext_lazy("Stands beside their comments."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )
    link_days = forms.IntegerField(
        label=gettext_lazy("works for how many days"),
        required=False,
        min_value=1,
        max_value=review.LINK_DAYS_MAX,
        initial=review.LINK_DAYS,
    )
    link_shows = forms.ChoiceField(
        label=gettext_lazy("shows"),
        required=False,
        choices=[("", gettext_lazy("the draft, as it changes")), ("now", gettext_lazy("the text as it is now"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reviewer"].queryset = review.people_who_may("review", self._meta.model)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        for button, sentence in NEED_NOTE.items():
            if button in self.data and not data.get("review_note") and not self.errors.get("review_note"):
                self.add_error("review_note", sentence)
        if "_make_link" in self.data and not data.get("link_name") and not self.errors.get("link_name"):
            self.add_error("link_name", _("Write the name of the person whom you will send the link."))
        return data


class ReviewAdmin:
    """The part of a document's admin that reviews it: who may publish and review, and the panel's acts."""

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "publish")

    def has_review_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "review")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleting takes a page offline, and so is for those who may publish."""
        return super().has_delete_permission(request, obj) and self.has_publish_permission(request, obj)

    def _may(self, request: HttpRequest, act: str) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{act}_{self.opts.model_name}")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what goes with the buttons that this person does not have."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_publish_permission(request, obj):
            return fieldsets
        return [
            (name, options | {"fields": [field for field in options["fields"] if field not in FOR_PUBLISHERS]})
            for name, options in fieldsets
        ]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        review.carry_over(form.instance)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        document = kwargs.get("obj")
        context["has_publish_permission"] = self.has_publish_permission(request, document)
        context["has_review_permission"] = self.has_review_permission(request, document)
        if document:
            context["thread"] = thread = review.Thread.of(document)
            context["review_links"] = [(link, review.url_of(link)) for link in thread.links]
            context["may_approve"] = context["has_review_permission"] and thread.may_be_judged_by(request.user)
            context["shown"] = document.updated_at.isoformat()
        return super().render_change_form(request, context, **kwargs)

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any) -> HttpResponse:
        """Before a form that approves is saved, note which text it showed: its button names the version.

        Called with the document locked, and after two versions were settled (EditingViews).
        """
        if object_id and "_approve" in request.POST:
            saved = self.get_object(request, unquote(object_id))
            is_shown = saved and request.POST["_approve"] == saved.updated_at.isoformat()
            request.shown = review.content_hash(saved.draft_revision()) if is_shown else ""  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, *args)  # type: ignore[misc]

    # --- the buttons ---

    def review_acts(self) -> dict[str, Callable[[HttpRequest, Any], str]]:
        """Return what each button of the panel does: saved first, it returns the sentence that is said then."""
        return {
            "_ask_review": self.ask_review,
            "_withdraw_review": self.withdraw_review,
            "_request_changes": self.request_changes,
            "_approve": self.approve,
            "_comment": self.comment,
            "_answer": self.comment,
            "_resolve": self.resolve,
            "_reopen": self.reopen,
            "_make_link": self.make_link,
            "_revoke_link": self.revoke_link,
        }

    def ask_review(self, request: HttpRequest, document: Any) -> str:
        told = review.ask(document, request.user, request.said["reviewer"], request.said["review_note"])
        self.log_change(request, document, _("Asked for a review."))
        return self._told(request, _("Saved, and a review is asked for."), told)

    def withdraw_review(self, request: HttpRequest, document: Any) -> str:
        review.withdraw(document, request.user, request.said["review_note"])
        self.log_change(request, document, _("Withdrew the request for a review."))
        return _("The request for a review is withdrawn.")

    def request_changes(self, request: HttpRequest, document: Any) -> str:
        self._check_reviewer(request)
        told = review.request_changes(document, request.user, request.said["review_note"])
        self.log_change(request, document, _("Requested changes."))
        return self._told(request, _("Changes are requested."), told)

    def approve(self, request: HttpRequest, document: Any) -> str:
        self._check_reviewer(request)
        try:
            told = review.approve(document, request.user, request.said["review_note"], request.shown)
        except review.TextChangedError as error:
            raise ValidationError(self._another_text(request)) from error
        self.log_change(request, document, _("Approved the text."))
        return self._told(request, _("The text is approved as it is now."), told)

    def comment(self, request: HttpRequest, document: Any) -> str:
        answer_to = _number(request.POST["_answer"]) if "_answer" in request.POST else None
        review.comment(document, request.user, request.said["review_note"], answer_to)
        return _("Your answer is kept.") if answer_to else _("Your comment is kept.")

    def resolve(self, request: HttpRequest, document: Any) -> str:
        review.settle(document, request.user, _number(request.POST["_resolve"]), is_settled=True)
        return _("The comment is resolved.")

    def reopen(self, request: HttpRequest, document: Any) -> str:
        review.settle(document, request.user, _number(request.POST["_reopen"]), is_settled=False)
        return _("The comment is open again.")

    def make_link(self, request: HttpRequest, document: Any) -> str:
        said = request.said
        days = said["link_days"] or review.LINK_DAYS
        link = review.make_link(document, request.user, said["link_name"], days, said["link_shows"] == "now")
        self.log_change(request, document, _("Made a reviewer link for %(name)s.") % {"name": link.name})
        return _("The link for %(name)s is in the panel “Review”: copy it and send it.") % {"name": link.name}

    def revoke_link(self, request: HttpRequest, document: Any) -> str:
        link = review.revoke_link(document, request.user, _number(request.POST["_revoke_link"]))
        self.log_change(request, document, _("Revoked the reviewer link for %(name)s.") % {"name": link.name})
        return _("The link for %(name)s opens nothing any more.") % {"name": link.name}

    def _another_text(self, request: HttpRequest) -> str:
        """Say why a text is not approved that is another than the page showed, its own reader's changes included."""
        changes = LogEntry(change_message=json.dumps(request.changes)).get_change_message() if request.changes else ""
        if not changes:
            return _("It is not approved: it was changed after you opened it. Read it as it is now, then approve it.")
        return _(
            "It is not approved: you approve a text as it was shown to you, and this save changed it. %(changes)s Read"
            " it as it is now, then approve it."
        ) % {"changes": changes}

    def _check_reviewer(self, request: HttpRequest) -> None:
        if not self.has_review_permission(request):
            raise PermissionDenied

    def _told(self, request: HttpRequest, sentence: str, people: list[Any]) -> str:
        """Add to a sentence who gets a mail; warn of those who have no address."""
        unreached = ", ".join(name_of(person) for person in people if not person.email)
        if unreached:
            warning = _("No mail goes to %(names)s: there is no e-mail address. Tell them yourself.")
            self.message_user(request, warning % {"names": unreached}, messages.WARNING)
        reached = ", ".join(name_of(person) for person in people if person.email)
        if not reached:
            return sentence
        mail = _("A mail goes to %(names)s.") % {"names": reached}
        return f"{sentence} {mail}"


def _number(value: str) -> int:
    """Read what a button names; something else names nothing."""
    return int(value) if value.isdecimal() and len(value) < 19 else 0

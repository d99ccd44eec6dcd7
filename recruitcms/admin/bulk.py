"""Acts on many documents at once: first a page that says what will happen to each, then the act."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from recruitcms import changes
from recruitcms.admin.changes import NAMED, ChangesMixin, names_of
from recruitcms.models import BulkChange
from recruitcms.publishing import Publishable, touch_content

SINCE = gettext_lazy("Changed by somebody in the meantime: look again.")
MOST_PUBLISHED = 200  # at once: publishing renders every section of every page
MOST_CHANGED = 2000


class Outlook(NamedTuple):
    """What an act will do to one document, or why it cannot."""

    document: Any
    possible: bool
    words: str


class BulkMixin(ChangesMixin):
    """Publish, take offline, and set a field for many documents. `bulk_fields`: foreign keys that can be set."""

    bulk_fields: Any = []
    bulk_prefetch: Any = []
    actions: Any = ["bulk_publish", "bulk_offline"]

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("bulk/<slug:act>/", view(require_POST(self.bulk_view)), name=f"{name}_bulk"),
            *super().get_urls(),
        ]

    # --- from the list ---

    @admin.action(description=gettext_lazy("Publish…"), permissions=["publish"])
    def bulk_publish(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.ask_before(request, queryset, "publish")

    @admin.action(description=gettext_lazy("Take offline…"), permissions=["publish"])
    def bulk_offline(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.ask_before(request, queryset, "offline")

    def ask_before(self, request: HttpRequest, queryset: QuerySet[Any], act: str) -> HttpResponse | None:
        """Show what an act will do, where its rows are not too many."""
        if queryset.count() > self._most(act):
            words = _("At most %(count)d at once: choose fewer, or filter the list first.")
            self.message_user(request, words % {"count": self._most(act)}, messages.ERROR)
            return None
        return self._ask(request, act, list(self._whole(queryset)))

    def _most(self, act: str) -> int:
        return MOST_CHANGED if act in self.bulk_fields else MOST_PUBLISHED

    def _whole(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Fetch at once what `problems()` and the tables ask of each document."""
        return queryset.select_related(*self.bulk_fields).prefetch_related(*self.bulk_prefetch)

    # --- the page between: what will happen ---

    def bulk_view(self, request: HttpRequest, act: str) -> HttpResponse:
        """Show what an act will do to the rows that the form names, or do it."""
        if act not in {"publish", "offline", *self.bulk_fields}:
            raise Http404
        permitted = self.has_change_permission if act in self.bulk_fields else self.has_publish_permission
        if not permitted(request):
            raise PermissionDenied
        versions = dict(pair.split(":") for pair in request.POST.get("rows", "").split(",") if pair.count(":") == 1)
        pks = [pk for pk in list(versions)[: self._most(act)] if pk.isdecimal() and len(pk) < 19]
        documents = list(self._whole(self.get_queryset(request).filter(pk__in=pks)))
        if "_do" not in request.POST:
            return self._ask(request, act, documents)
        outlook = [self._as_seen(one, versions) for one in self._outlook(request, act, documents)]
        if act in self.bulk_fields:
            return self._set_field(request, act, outlook)
        return self._do_each(request, act, outlook)

    def _as_seen(self, one: Outlook, versions: dict[str, str]) -> Outlook:
        """Refuse a document that somebody has changed since the page was shown."""
        if changes.version_of(one.document) == versions.get(str(one.document.pk)):
            return one
        return Outlook(one.document, False, str(SINCE))

    def _ask(self, request: HttpRequest, act: str, documents: list[Any]) -> HttpResponse:
        form = self._choice_form(request, act) if act in self.bulk_fields else None
        chosen = form is None or form.is_valid()
        outlook = self._outlook(request, act, documents) if chosen else []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self._bulk_title(act),
            "bulk_act": act,
            "address": self._url("bulk", act),
            "form": form,
            "rows": ",".join(f"{one.pk}:{changes.version_of(one)}" for one in documents),
            "documents": [] if chosen else [(one, getattr(one, act)) for one in documents],
            "possible": [one for one in outlook if one.possible],
            "impossible": [one for one in outlook if not one.possible],
            "button": self._bulk_button(act, sum(one.possible for one in outlook)),
        }
        return TemplateResponse(request, "admin/bulk_act.html", context)

    def _bulk_title(self, act: str) -> str:
        titles = {"publish": _("Publish these pages?"), "offline": _("Take these pages offline?")}
        return titles.get(act) or _("Set “%(field)s” of these pages") % {"field": self._field_label(act).lower()}

    def _bulk_button(self, act: str, count: int) -> str:
        if act == "publish":
            return ngettext("Publish %(count)d page", "Publish %(count)d pages", count) % {"count": count}
        if act == "offline":
            return ngettext("Take %(count)d page offline", "Take %(count)d pages offline", count) % {"count": count}
        return ngettext("Change %(count)d page", "Change %(count)d pages", count) % {"count": count}

    def _choice_form(self, request: HttpRequest, act: str) -> forms.Form:
        field = self.opts.get_field(act)
        queryset = field.related_model._default_manager.order_by("language", *field.related_model._meta.ordering)
        choice = forms.ModelChoiceField(queryset, label=capfirst(field.verbose_name))
        choice.label_from_instance = lambda row: f"{row} ({row.get_language_display()})"
        form_class = type("ChoiceForm", (forms.Form,), {"choice": choice})
        return form_class(request.POST if "choice" in request.POST else None)

    # --- what an act will do to each ---

    def _outlook(self, request: HttpRequest, act: str, documents: list[Any]) -> list[Outlook]:
        if act == "publish":
            rivals = self._rivals(documents)
            return [self._publish_outlook(request, one, rivals) for one in documents]
        if act == "offline":
            return [self._offline_outlook(request, one) for one in documents]
        targets = self._targets(request, act)
        return [self._field_outlook(request, act, one, targets) for one in documents] if targets else []

    def _targets(self, request: HttpRequest, name: str) -> dict[str, Any]:
        """Return what a field is to be set to, by language: the choice and its translations; nothing without one."""
        form = self._choice_form(request, name)
        if not form.is_valid():
            return {}
        choice = form.cleaned_data["choice"]
        return {row.language: row for row in [choice, *choice.translations()]}

    def _publish_outlook(self, request: HttpRequest, document: Any, rivals: dict[Any, list[Any]]) -> Outlook:
        if not self.has_publish_permission(request, document):
            return Outlook(document, False, _("You may not publish it."))
        problems = [str(words) for words in document.problems().values()]
        at_address = rivals.get((document.language, document.slug), [])
        others = [{"title": title} for pk, title in at_address if pk != document.pk]
        problems += [_("“%(title)s” is live or scheduled at its address.") % other for other in others[:1]]
        if problems:
            return Outlook(document, False, " ".join(problems))
        if document.scheduled_for:
            return Outlook(document, True, _("Goes live now, in the place of its scheduled publication."))
        if not document.live_since:
            return Outlook(document, True, _("Goes live."))
        if document.updated_at <= document.live_made:
            return Outlook(document, False, _("Live already, and nothing has changed since."))
        return Outlook(document, True, _("Live already; what has changed since goes live."))

    def _rivals(self, documents: Iterable[Publishable]) -> dict[Any, list[Any]]:
        """Return what is or will be live at the documents' addresses: {(language, slug): [(pk, title)]}."""
        revisions = self.model.revision_model().objects.filter(slug__in=[one.slug for one in documents])
        coming = revisions.filter(Q(live_until=None) | Q(live_until__gt=timezone.now()), live_from__isnull=False)
        rivals: dict[Any, list[Any]] = {}
        for language, slug, pk, title in coming.values_list("language", "slug", "document", "title"):
            rivals.setdefault((language, slug), []).append((pk, title))
        return rivals

    def _offline_outlook(self, request: HttpRequest, document: Any) -> Outlook:
        if not self.has_publish_permission(request, document):
            return Outlook(document, False, _("You may not take it offline."))
        words = [_("Visitors will get “page not found”.")] if document.live_since else []
        words += [_("Its scheduled publication is cancelled.")] if document.scheduled_for else []
        return Outlook(document, bool(words), " ".join(words) or _("Not live, and not scheduled."))

    def _field_outlook(self, request: HttpRequest, name: str, document: Any, targets: dict[str, Any]) -> Outlook:
        if not self.has_change_permission(request, document):
            return Outlook(document, False, _("You may not change it."))
        target, old = targets.get(document.language), getattr(document, name)
        if target is None:
            words = _("There is no translation of this choice into its language (%(language)s).")
            return Outlook(document, False, words % {"language": document.get_language_display()})
        if target == old:
            return Outlook(document, False, _("“%(name)s” already.") % {"name": old})
        return Outlook(document, True, format_html("<del>{}</del> → <ins>{}</ins>", old, target))

    # --- doing it ---

    def _do_each(self, request: HttpRequest, act: str, outlook: list[Outlook]) -> HttpResponse:
        """Publish or take offline each by itself: one that cannot is left out and named, the others go on."""
        request.revision_note, request.offline_at = request.POST.get("note", "")[:200], None
        done, left = [], [one for one in outlook if not one.possible]
        for one in outlook:
            if one.possible:
                try:
                    self._do(request, act, one.document)
                except ValidationError as error:
                    left.append(Outlook(one.document, False, " ".join(error.messages)))
                else:
                    done.append(one.document)
        if act == "publish":
            said = ngettext("%(count)d page is published:", "%(count)d pages are published:", len(done))
        else:
            said = ngettext("%(count)d page is offline:", "%(count)d pages are offline:", len(done))
        if done:
            self.message_user(request, f"{said % {'count': len(done)}} {names_of(done)}.", messages.SUCCESS)
        self._say_left(request, left)
        return HttpResponseRedirect(self._url("changelist"))

    @transaction.atomic
    def _do(self, request: HttpRequest, act: str, seen: Any) -> None:
        touch_content()  # the lock: acts of publishing come one after the other
        document = self.model._default_manager.get(pk=seen.pk)
        if changes.version_of(document) != changes.version_of(seen):
            raise ValidationError(SINCE)
        {"publish": self.publish_now, "offline": self.take_offline}[act](request, document)

    def _set_field(self, request: HttpRequest, name: str, outlook: list[Outlook]) -> HttpResponse:
        """Set a foreign key of all that can have it, as one change that can be undone."""
        targets = self._targets(request, name)
        possible = [one.document for one in outlook if one.possible]
        if possible:
            title = _("%(field)s: %(value)s") % {
                "field": self._field_label(name),
                "value": ", ".join(sorted({str(targets[one.language]) for one in possible})),
            }
            rows = [changes.row_of(one, {name: targets[one.language].pk}, bool(one.live_since)) for one in possible]
            change = BulkChange.objects.create(
                model_label=self.opts.label_lower, title=title[:200], rows=rows, created_by=request.user
            )
            self.apply_change(request, change)
        self._say_left(request, [one for one in outlook if not one.possible])
        return HttpResponseRedirect(self._url("changelist"))

    def _say_left(self, request: HttpRequest, left: list[Outlook]) -> None:
        if not left:
            return
        said = ngettext("%(count)d page stays as it is:", "%(count)d pages stay as they are:", len(left))
        lines = [(one.document, one.words) for one in left[:NAMED]]
        listed = format_html_join("", "<br>“{}”: {}", lines)
        more = len(left) - len(lines)
        rest = ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more} if more else ""
        self.message_user(request, format_html("{}{} {}", said % {"count": len(left)}, listed, rest), messages.WARNING)

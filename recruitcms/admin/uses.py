"""Where a thing is used, on its form and before it is deleted; and what becomes of a deleted page's address."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from recruitcms import addresses, usage
from recruitcms.addresses import AddressBook, Destination
from recruitcms.models import OpenForm, Person, Picture, Redirect
from recruitcms.publishing import Publishable, touch_content
from roles.models import Category
from roles.search.models import SearchEntry

SHOWN = 50  # uses on one page; of the rest the number


class UsesMixin:
    """Lists, before something is deleted, what would break. Where `shows_uses` is set, on the form as well."""

    shows_uses = False

    def render_change_form(self: Any, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        if self.shows_uses and obj is not None and obj.pk:
            context |= listed(usage.uses_of(obj))
        return super().render_change_form(request, context, **kwargs)  # type: ignore[misc]

    def delete_view(
        self: Any, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        used = before_deleting(obj) if obj is not None and self.has_delete_permission(request, obj) else {}
        return super().delete_view(request, object_id, used | {"used": used} | (extra_context or {}))  # type: ignore[misc]

    def get_deleted_objects(self: Any, objs: Any, request: HttpRequest) -> Any:
        """Leave out of the list what only the machine knows: links between pages, words to search, open windows."""
        found, counts, *more = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        hidden = [model._meta for model in apps.get_models(include_auto_created=True) if _is_inner(model)]
        starts = tuple(f"{capfirst(str(meta.verbose_name))}: " for meta in hidden)
        counts = {name: count for name, count in counts.items() if name not in {m.verbose_name_plural for m in hidden}}
        return _without(found, starts), counts, *more

    def get_actions(self: Any, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)  # type: ignore[misc]
        if "delete_selected" in actions:
            _action, name, description = actions["delete_selected"]
            actions["delete_selected"] = (delete_with_uses, name, description)
        return actions


def delete_with_uses(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Delete as Django does, after a page that also lists what would break."""
    response: Any = delete_selected(modeladmin, request, queryset)
    if response is not None:
        chosen = list(queryset[:SHOWN])
        live = [obj.live_revision for obj in chosen if isinstance(obj, Publishable)]
        response.context_data |= {
            "uses_of_each": [(obj, before_deleting(obj)) for obj in chosen],
            "leaving_each": [revision.get_absolute_url() for revision in live if revision],
        }
    return response


def _is_inner(model: Any) -> bool:
    return bool(model._meta.auto_created) or model in {OpenForm, SearchEntry}


def _without(rows: list[Any], starts: tuple[str, ...]) -> list[Any]:
    """Return a nested list of names without those that start so, and without lists that are empty then."""
    kept = [_without(row, starts) if isinstance(row, list) else row for row in rows]
    return [row for row in kept if row and not (isinstance(row, str) and row.startswith(starts))]


def listed(uses: list[usage.Use]) -> dict[str, Any]:
    """Return what the templates need to list uses."""
    return {"uses": uses[:SHOWN], "more_uses": max(0, len(uses) - SHOWN)}


def before_deleting(obj: Any) -> dict[str, Any]:
    """Return what the page before a deletion says: what uses it, and what to do where that forbids it."""
    uses = usage.uses_of(obj)
    return listed(uses) | {
        "in_the_way": listed([use for use in uses if use.points]),
        "besides": listed([use for use in uses if not use.points]),
        "what_first": _what_first(obj),
        "many_url": _many_url(obj),
    }


def _what_first(obj: Any) -> str:
    if isinstance(obj, Person):
        return _("First choose another person in each of them, and publish the pages that are live. Then delete.")
    if isinstance(obj, Picture):
        return _("First choose another picture in each of them, and publish the pages that are live. Then delete.")
    if isinstance(obj, Category):
        return _("First choose another category in each of them, and publish the pages that are live. Then delete.")
    return _("First take it out of each of them, and publish the pages that are live. Then delete.")


def _many_url(obj: Any) -> str:
    """Return the list of the roles of a person or category, where all of them can be changed in one go."""
    name = {Person: "author__id__exact", Category: "category__id__exact"}.get(type(obj))
    return f"{reverse('admin:roles_role_changelist')}?{name}={obj.pk}" if name and obj.role_set.exists() else ""


class AddressesMixin:
    """Shows on a document's form which addresses forward to it, and asks what becomes of its own when it is deleted."""

    def render_change_form(self: Any, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        document = kwargs.get("obj")
        if document is not None and document.pk:
            context["addresses"] = addresses_of(document)
            context["may_undo_forwards"] = request.user.has_perm("recruitcms.delete_redirect")
        return super().render_change_form(request, context, **kwargs)  # type: ignore[misc]

    def delete_view(
        self: Any, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask where the page's address is to lead; an address that cannot be led to is said, and nothing deleted."""
        document = self.get_object(request, unquote(object_id))
        live = document.live_revision if document else None
        typed = request.POST.get("forward_to", "").strip()
        extra = {"leaving": live.get_absolute_url() if live else "", "forward_to": typed}
        if live and typed:
            try:
                request.heir = self._heir(typed, document)  # type: ignore[attr-defined]
            except ValidationError as error:
                extra["forward_error"] = " ".join(error.messages)
                request.POST = QueryDict()  # so that Django asks once more
        if live and not request.POST:
            near = AddressBook().near(extra["leaving"])
            extra["near"] = [found for found in near if found.path != extra["leaving"]]
        return super().delete_view(request, object_id, extra | (extra_context or {}))  # type: ignore[misc]

    def _heir(self, typed: str, document: Publishable) -> Destination:
        destination = AddressBook().destination(typed)
        if destination.document == document:
            raise ValidationError(_("This is the page that you are deleting. Choose another."))
        return destination

    def delete_model(self: Any, request: HttpRequest, obj: Any) -> None:
        heir = getattr(request, "heir", None)
        addresses.delete_forwarding(obj, heir, request.user)
        touch_content()
        if heir:
            self.message_user(request, _("Its address forwards from now on."), messages.SUCCESS)

    def delete_queryset(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for document in queryset:
            addresses.delete_forwarding(document)
        touch_content()


def addresses_of(document: Any) -> dict[str, Any]:
    """Return what the panel says: {"live", "next", "at", "forwards"}. Costs one query.

    Needs the annotations of `PublishableAdmin.get_queryset`: the live and the scheduled address. `next` is where the
    live address will forward to: at a time where that is scheduled, else once the working copy is published.
    """
    live = _path(document, document.live_slug)
    scheduled = _path(document, document.scheduled_slug)
    after = scheduled or document.get_absolute_url()
    return {
        "live": live,
        "next": after if live and after != live else "",
        "at": document.scheduled_for if scheduled and scheduled != live else None,
        "forwards": [row for row in Redirect.objects.to(document) if row.old_path != addresses.normal(live or "/")],
    }


def _path(document: Any, slug: str | None) -> str:
    return document.address_in(document.language, slug) if slug else ""

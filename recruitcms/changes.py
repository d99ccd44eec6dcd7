"""Changing cells of many documents at once: all or nothing, and back again.

A `BulkChange` says which cells, from what to what. It is applied only where every document is still as it was when the
change was drawn up, and an undo leaves alone what somebody has changed since.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from recruitcms.models import BulkChange
from recruitcms.publishing import Publishable

Values = dict[str, Any]


def version_of(document: Publishable) -> str:
    """Return a token that differs after each save of a working copy; a spreadsheet keeps it as it is."""
    since = document.updated_at.timestamp()
    return f"v{int(since):x}x{document.updated_at.microsecond:05x}"


def row_of(document: Publishable, values: Values, live: bool = False) -> dict[str, Any]:
    """Return the row of a `BulkChange` that sets fields of a document; of foreign keys give the pk."""
    cells = {name: [_held(document, name), value] for name, value in values.items()}
    return {
        "pk": document.pk,
        "title": str(document),
        "version": version_of(document),
        "live": live,
        "cells": cells,
    }


def taken_addresses(model: type[Publishable], wanted: dict[int, str]) -> dict[int, str]:
    """Return which of the new addresses (by pk) would stand twice in a language, with the other page's title."""
    holders = defaultdict(list)
    for pk, language, slug, title in model._default_manager.values_list("pk", "language", "slug", "title"):
        holders[language, wanted.get(pk, slug)].append((pk, title))
    taken: dict[int, str] = {}
    for pages in holders.values():
        if len(pages) > 1:
            for pk, _title in pages:
                others = [title or str(_("(untitled)")) for other, title in pages if other != pk]
                taken |= {pk: others[0]} if pk in wanted else {}
    return taken


@transaction.atomic
def apply(change: BulkChange, by: Any) -> None:
    """Write all cells of a change into the working copies.

    Raises ValidationError, by row, where a document is no longer as it was: then nothing is written.
    """
    change = BulkChange.objects.select_for_update().get(pk=change.pk)
    if not change.can_be_applied:
        raise ValidationError(_("This change has been applied already, or cannot be applied."))
    documents = _locked(change)
    problems = [
        *(_("“%(title)s”: changed by somebody since.") % row for row in change.rows if not _same(row, documents)),
        *_refused(change, documents, {row["pk"]: _side(row, 1) for row in change.rows}).values(),
    ]
    if problems:
        raise ValidationError(problems)
    _write(change, documents, {row["pk"]: _side(row, 1) for row in change.rows}, by, change.title)
    change.applied_at = timezone.now()
    change.save(update_fields=["applied_at"])


@transaction.atomic
def undo(change: BulkChange, by: Any) -> BulkChange:
    """Put back what a change has overwritten, where nobody has changed it since. Return the change.

    Its `problems` then say which cells were left alone. Raises ValidationError where there is nothing to put back.
    """
    change = BulkChange.objects.select_for_update().get(pk=change.pk)
    if not change.can_be_undone:
        raise ValidationError(_("This change has been undone already."))
    documents = _locked(change)
    back, problems = what_can_go_back(change, documents)
    if not back:
        raise ValidationError(_("Nothing can be undone: every cell has been changed since."))
    _write(change, documents, back, by, _("Undone: %(change)s") % {"change": change.title})
    change.undone_at, change.problems = timezone.now(), problems
    change.save(update_fields=["undone_at", "problems"])
    return change


def what_can_go_back(
    change: BulkChange, documents: dict[int, Any] | None = None
) -> tuple[dict[int, Values], list[dict[str, Any]]]:
    """Return the old values that an undo puts back, by document, and the cells that it leaves, with reasons."""
    if documents is None:
        documents = change.documents.objects.in_bulk([row["pk"] for row in change.rows])
    back: dict[int, Values] = {}
    problems = []
    for row in change.rows:
        document = documents.get(row["pk"])
        for name, (old, new) in row["cells"].items():
            if document is None:
                problems.append(_problem(row, name, _("This page has been deleted since.")))
            elif _held(document, name) != new:
                problems.append(_problem(row, name, _("This has been changed since, and stays as it is.")))
            else:
                back.setdefault(row["pk"], {})[name] = old
    rows = {row["pk"]: row for row in change.rows}
    while refused := _refused(change, documents, back):  # what stays may stand in the way of another
        for (pk, name), words in refused.items():
            del back[pk][name]
            problems.append(_problem(rows[pk], name, words))
    return {pk: values for pk, values in back.items() if values}, problems


def _held(document: Any, name: str) -> Any:
    """Return what a document's field holds as JSON can say it: of a foreign key the pk."""
    return getattr(document, document._meta.get_field(name).attname)


def _side(row: dict[str, Any], side: int) -> Values:
    return {name: pair[side] for name, pair in row["cells"].items()}


def _problem(row: dict[str, Any], name: str, words: str) -> dict[str, Any]:
    return {"line": 0, "column": name, "title": row["title"], "words": words, "conflict": True}


def _locked(change: BulkChange) -> dict[int, Any]:
    return change.documents.objects.select_for_update().in_bulk([row["pk"] for row in change.rows])


def _same(row: dict[str, Any], documents: dict[int, Any]) -> bool:
    return row["pk"] in documents and version_of(documents[row["pk"]]) == row["version"]


def _refused(change: BulkChange, documents: dict[int, Any], values: dict[int, Values]) -> dict[tuple[int, str], str]:
    """Return the cells that the database would refuse: addresses that are taken, and rows pointed to that are gone."""
    refused: dict[tuple[int, str], str] = {}
    wanted = {pk: held["slug"] for pk, held in values.items() if "slug" in held and pk in documents}
    for pk, other in taken_addresses(change.documents, wanted).items() if wanted else ():
        words = _("The address “%(slug)s” belongs to “%(title)s” now.")
        refused[pk, "slug"] = words % {"slug": wanted[pk], "title": other}
    for field in change.documents._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            pointed = {pk: held[field.name] for pk, held in values.items() if field.name in held}
            there = set(_pks(field.related_model, pointed.values()))
            words = _("What this would point to has been deleted.")
            refused |= {(pk, field.name): words for pk, target in pointed.items() if target not in there}
    return refused


def _pks(model: Any, pks: Iterable[int]) -> Iterable[int]:
    wanted = set(pks)
    return model._default_manager.filter(pk__in=wanted).values_list("pk", flat=True) if wanted else ()


def _write(change: BulkChange, documents: dict[int, Any], values: dict[int, Values], by: Any, said: str) -> None:
    moving = [pk for pk, held in values.items() if "slug" in held]
    if moving:  # two pages may change addresses with each other: let all go of theirs first
        passing = Concat(Value(f"{uuid.uuid4().hex}-"), Cast("pk", CharField()))
        change.documents.objects.filter(pk__in=moving).update(slug=passing, updated_at=timezone.now())
    for pk, held in values.items():
        document = documents[pk]
        for name, value in held.items():
            setattr(document, document._meta.get_field(name).attname, value)
        document.updated_by = by
        document.save(update_fields=[*held, "updated_by", "updated_at"])
    LogEntry.objects.log_actions(by.pk, [documents[pk] for pk in values], CHANGE, said)

"""The source of a document: what editors typed, as JSON. Each revision keeps it, to be compared and restored.

{"fields": {name: value}, "rows": {"sections": [{name: value}, …]}, "links": {"related": [reference, …]}}

That of a translation also holds what it was "made_from". A value that points to another row is a reference: {"id",
"name"} and, of a picture, {"small"}, so that it can still be named and shown once that row has changed or gone.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from recruitcms import translating
from recruitcms.translating import Texts

Source = dict[str, Any]


def content_fields(model: Any) -> list[models.Field]:
    """Return the fields of a document's model that hold its content, in the order of the model."""
    return [field for field in _editable(model) if field.name not in model.NOT_CONTENT]


def row_fields(manager: Any) -> list[models.Field]:
    """Return the content fields of what belongs to a document (its sections); their order stands for `position`."""
    return [field for field in _editable(manager.model) if field.name not in {manager.field.name, "position"}]


def _editable(model: Any) -> list[models.Field]:
    return [field for field in model._meta.concrete_fields if field.editable and not field.primary_key]


def reference(row: Any) -> dict[str, Any] | None:
    """Return what is kept of a row that a document points to."""
    if row is None:
        return None
    picture = {"small": row.freeze()["small"]} if hasattr(row, "files") else {}
    return {"id": row.pk, "name": str(row)} | picture


def read(document: Any) -> Source:
    """Return the source of a working copy as it is."""
    made_from = {"made_from": translating.made_from(document)} if document.source_at else {}
    return made_from | {
        "fields": _values(document, content_fields(type(document))),
        "rows": {name: _rows(getattr(document, name)) for name in document.ROWS},
        "links": {
            field.name: [reference(row) for row in getattr(document, field.name).all()]
            for field in document._meta.many_to_many
        },
    }


def texts_of(model: Any, source: Source) -> Texts:
    """Return what there is to translate in a source: what `texts()` says of the working copy that it was read from."""
    rows = {name: [SimpleNamespace(**values) for values in source["rows"].get(name, [])] for name in model.ROWS}
    return translating.texts_of(translating.passages_of(model, SimpleNamespace(**source["fields"]), rows))


def _rows(manager: Any) -> list[dict[str, Any]]:
    fields = row_fields(manager)
    relations = [field.name for field in fields if field.is_relation]
    rows = manager.select_related(*relations) if relations else manager.all()
    return [_values(row, fields) for row in rows]


def _values(row: Any, fields: list[models.Field]) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in fields}
    return {field.name: reference(values[field.name]) if field.is_relation else values[field.name] for field in fields}


def completed(document: Any, source: Source) -> Source:
    """Return a source with what its rows could not say yet when it was read: no row, or a field's first value."""
    rows = dict(source["rows"])
    for name in document.ROWS:
        fields = row_fields(getattr(document, name))
        first = {field.name: field.get_default() for field in fields if not field.is_relation}
        rows[name] = [first | values for values in rows.get(name, [])]
    return source | {"rows": rows}


def write(document: Any, source: Source) -> list[str]:
    """Load a source into a saved working copy and save it. Return a sentence on each thing that could not come back.

    What the source does not hold stays as it is. To be called inside a transaction.
    """
    lost = _assign(document, content_fields(type(document)), source["fields"])
    document.save()
    for name, rows in source["rows"].items():
        lost += _write_rows(getattr(document, name), document.ROWS[name], rows)
    for name, references in source["links"].items():
        lost += _write_links(getattr(document, name), references)
    return lost


def missing(document: Any, source: Source) -> list[str]:
    """Return, without writing anything, the sentences that `write` would return."""
    lost = _assign(type(document)(), content_fields(type(document)), source["fields"])
    for name, rows in source["rows"].items():
        manager = getattr(document, name)
        lost += [sentence for values in rows for sentence in _assign(manager.model(), row_fields(manager), values)]
    for name, references in source["links"].items():
        lost += _gone(getattr(document, name).model, references)
    return lost


def _assign(row: Any, fields: list[models.Field], values: dict[str, Any]) -> list[str]:
    """Set a row's fields. A reference whose row has gone leaves the field empty, or, where it must be filled, as is."""
    lost = []
    for field in fields:
        value = values.get(field.name)
        if field.name not in values:
            continue
        if field.is_relation:
            gone = _gone(field.related_model, [value])
            lost += gone
            if not gone or field.null:
                setattr(row, field.attname, value["id"] if value and not gone else None)
        else:
            setattr(row, field.name, value)
    return lost


def _write_rows(manager: Any, key: Sequence[str], rows: list[dict[str, Any]]) -> list[str]:
    """Make a document's rows those of a source. Rows of the same `key` (kind, caption) are reused, others deleted."""
    lost, fields, present = [], row_fields(manager), list(manager.all())
    for position, values in enumerate(rows):
        row = next((row for row in present if all(getattr(row, name) == values[name] for name in key)), None)
        if row:
            present.remove(row)
        else:
            row = manager.model(**{manager.field.name: manager.instance})
        gone = _assign(row, fields, values)
        lost += gone
        row.position = position
        if not gone:
            row.save()
        elif row.pk:
            row.delete()
    for row in present:
        row.delete()
    return lost


def _write_links(manager: Any, references: list[dict[str, Any]]) -> list[str]:
    ids = [reference["id"] for reference in references]
    manager.set(manager.model._default_manager.filter(pk__in=ids))
    return _gone(manager.model, references)


def _gone(model: Any, references: Sequence[dict[str, Any] | None]) -> list[str]:
    """Return a sentence on each reference whose row has been deleted."""
    wanted = {reference["id"]: reference["name"] for reference in references if reference}
    found = set(model._default_manager.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    sentence = _("“%(name)s” (%(kind)s) has been deleted since and cannot come back.")
    kind = model._meta.verbose_name
    return [sentence % {"name": name, "kind": kind} for pk, name in wanted.items() if pk not in found]

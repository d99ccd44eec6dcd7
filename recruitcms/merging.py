"""Two people changed one document: what differs between their forms, and one form made of what was chosen of each.

A form is compared field by field, and its inlines row by row. With a fingerprint of what stood in the form when it was
opened, it is known who of the two changed a field: what only one of them changed is chosen beforehand.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.forms import BaseForm, ModelChoiceField, MultiWidget, SelectMultiple
from django.forms.boundfield import BoundField
from django.forms.models import InlineForeignKeyField
from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from recruitcms.spans import Span, spans_of

MINE, THEIRS = "mine", "theirs"
Posted = dict[str, list[str]]


@dataclass
class Filled:
    """A document's form with its inlines' forms: as somebody sent them, or as the database would fill them in."""

    form: Any
    formsets: list[Any]

    def rows(self, formset: Any) -> dict[str, Any]:
        """Return an inline's forms of rows that exist, by their primary key."""
        return {key: form for form in formset.initial_forms if (key := _pk(form))}

    def values(self) -> Iterator[tuple[str, BoundField]]:
        """Yield every field with its key: "title", "sections:12:body"."""
        yield from _fields(self.form, "")
        for formset in self.formsets:
            for key, form in self.rows(formset).items():
                yield from _fields(form, f"{formset.prefix}:{key}:")


@dataclass
class Difference:
    """One thing that two people left differently. `chosen` is "mine", "theirs", or "" where somebody must decide."""

    key: str
    where: str
    label: str
    mine: str
    theirs: str
    chosen: str
    needs_choice: bool = field(init=False)

    def __post_init__(self) -> None:
        self.needs_choice = not self.chosen

    @property
    def sides(self) -> list[tuple[str, SafeString]]:
        """Both versions as HTML, the words that differ marked: [("mine", …), ("theirs", …)]."""
        spans = spans_of(self.mine, self.theirs)
        return [(MINE, _side(spans, "added")), (THEIRS, _side(spans, "removed"))]


def _side(spans: list[Span], left_out: str) -> SafeString:
    parts = [span for span in spans if span.kind != left_out]
    return format_html_join("", "{}", [[_marked(span)] for span in parts])


def _marked(span: Span) -> SafeString:
    return format_html("{}" if span.kind == "same" else "<mark>{}</mark>", span.text)


def fingerprints(filled: Filled) -> str:
    """Return what stands in a form, as a small JSON object of hashes: {"title": "9f86d081", …}."""
    return json.dumps({key: _hash(_text(posted(value))) for key, value in filled.values()}, separators=(",", ":"))


def differences(mine: Filled, theirs: Filled, read: dict[str, str]) -> list[Difference]:
    """Return what differs between a form that was sent and what is saved now, in the order of the form.

    `read`: the fingerprints of what the sender's form showed at first; {} where that is not known.
    """
    found = list(_differing(dict(mine.values()), dict(theirs.values()), read))
    for ours, saved in zip(mine.formsets, theirs.formsets, strict=True):
        found += _row_differences(mine, theirs, ours, saved, read)
    return found


def unlike(data: QueryDict, shown: Filled) -> list[str]:
    """Return what a form's data says otherwise than the form as it is saved: ["Title", "Contact: Text", …]."""
    found = [capfirst(str(value.label)) for _key, value in _fields(shown.form, "") if _is_unlike(data, value)]
    for formset in shown.formsets:
        places = _places(data, formset.prefix)
        for key, form in shown.rows(formset).items():
            place = places.pop(key, "")
            if not place or f"{place}-DELETE" in data:
                found.append(_("%(section)s: removed") % {"section": form.instance})
            else:
                labels = [value.label for _key, value in _fields(form, "") if _is_unlike(data, value, place)]
                found += [f"{form.instance}: {capfirst(str(label))}" for label in labels]
        found += [
            _("%(section)s: new") % {"section": capfirst(str(formset.model._meta.verbose_name))} for _key in places
        ]
    return found


def _places(data: QueryDict, prefix: str) -> dict[str, str]:
    """Return the prefixes of an inline's rows in a form's data by their keys, those of new rows by themselves."""
    total = _number(data.get(f"{prefix}-TOTAL_FORMS"))
    rows = [f"{prefix}-{number}" for number in range(min(total, len(data)))]
    return {data.get(f"{row}-id") or row: row for row in rows if f"{row}-id" in data}


def _is_unlike(data: QueryDict, value: BoundField, place: str = "") -> bool:
    if value.field.disabled:  # browsers do not send it
        return False
    saved = posted(value) or {value.html_name: []}
    sent = {name: name.replace(str(value.form.prefix), place, 1) if place else name for name in saved}
    return _text(saved) != _text({name: sorted(data.getlist(other)) for name, other in sent.items()})


def merge(data: QueryDict, mine: Filled, theirs: Filled, choices: dict[str, str]) -> QueryDict:
    """Return the data of one form: `data` as it was sent, with what was chosen of the saved one in its place."""
    merged = data.copy()
    ours, saved = dict(mine.values()), dict(theirs.values())
    for key in saved:
        if key in ours and choices.get(key) == THEIRS:
            _replace(merged, ours[key], saved[key])
    for formset, other in zip(mine.formsets, theirs.formsets, strict=True):
        _merge_rows(merged, mine, theirs, formset, other, choices)
    return merged


# --- fields ---


def posted(value: BoundField) -> Posted:
    """Return what a browser sends for a field: {name: [text, …]}; nothing for a box that is not ticked."""
    name = value.html_name
    widget: Any = getattr(value.field.widget, "widget", value.field.widget)
    if isinstance(widget, MultiWidget):
        parts = value.value() if value.form.is_bound else widget.decompress(value.value())
        return {
            f"{name}_{number}": [str(part.format_value(text) or "")]
            for number, (part, text) in enumerate(zip(widget.widgets, parts or ["", ""], strict=False))
        }
    if getattr(widget, "input_type", "") == "checkbox":
        return {name: ["on"]} if value.value() else {}
    text = widget.format_value(value.value())
    if isinstance(widget, SelectMultiple):
        return {name: sorted(map(str, text))} if text else {}
    return {name: [str(item) for item in text] if isinstance(text, list) else ["" if text is None else str(text)]}


def _fields(form: BaseForm, prefix: str) -> Iterator[tuple[str, BoundField]]:
    model_fields = {f.name for f in form._meta.model._meta.get_fields()}  # type: ignore[attr-defined]
    for name, field_of_form in form.fields.items():
        # A row of an inline is known by its key, and its place is compared with that of the others: `_orders`.
        is_place = isinstance(field_of_form, InlineForeignKeyField) or (prefix and name in {"id", "position"})
        if name in model_fields and not is_place:
            yield f"{prefix}{name}", form[name]


def _pk(form: Any) -> str:
    return str(form["id"].value() or "") if "id" in form.fields else ""


def _text(sent: Posted) -> str:
    return "\0".join("\1".join(_unix(text) for text in texts) for _name, texts in sorted(sent.items()))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _hash(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()


def _replace(data: QueryDict, old: BoundField, new: BoundField) -> None:
    for name in posted(old):
        data.pop(name, None)
    for name, texts in posted(new).items():
        data.setlist(name.replace(new.html_name, old.html_name, 1), texts)


def _shown(value: BoundField) -> str:
    """Return a field's value in words: the names of what is chosen, the text of what is written."""
    texts = [text for texts in posted(value).values() for text in texts]
    chosen = value.field
    if isinstance(chosen, ModelChoiceField):
        model: Any = chosen.queryset.model  # type: ignore[union-attr]
        rows = model._default_manager.filter(pk__in=[text for text in texts if text.isdigit()])
        return ", ".join(map(str, rows)) or "–"
    if getattr(value.field.widget, "input_type", "") == "checkbox":
        return _("Yes") if texts else _("No")
    names = {str(key): str(name) for key, name in getattr(chosen, "choices", [])}
    return " ".join(names.get(text, text) for text in texts).strip() or "–"


def _differing(ours: dict[str, BoundField], saved: dict[str, BoundField], read: dict[str, str]) -> Iterator[Difference]:
    for key, value in ours.items():
        other = saved.get(key)
        texts = (_text(posted(value)), _text(posted(other))) if other is not None else ("", "")
        if other is None or texts[0] == texts[1] or _is_deleted(value.form):
            continue
        where = row_name(value.form) if ":" in key else ""
        label = capfirst(str(value.label))
        was_there = key in read or not read  # else the form that was sent had no such field, and says nothing of it
        chosen = _choose(*texts, read.get(key)) if was_there else THEIRS
        yield Difference(key, where, label, _shown(value), _shown(other), chosen)


def _choose(mine: str, theirs: str, before: str | None) -> str:
    """Return whose of two texts is taken where only one of the two was changed; "" where both were."""
    if before is None:
        return ""
    if _hash(mine) == before:
        return THEIRS
    return MINE if _hash(theirs) == before else ""


# --- rows of inlines ---


def row_name(form: Any) -> str:
    """Return what a row is called: “Section: Duties and responsibilities”."""
    return f"{capfirst(str(form.instance._meta.verbose_name))}: {form.instance}"


def _is_deleted(form: Any) -> bool:
    return form.is_bound and form.add_prefix("DELETE") in form.data


def _row_differences(mine: Filled, theirs: Filled, ours: Any, saved: Any, read: dict[str, str]) -> Iterator[Difference]:
    my_rows, their_rows = mine.rows(ours), theirs.rows(saved)
    there, gone = _("It is there"), _("It is removed")
    for key, form in my_rows.items():
        name = f"{ours.prefix}:{key}"
        if key not in their_rows and not _is_deleted(form):
            untouched = all(_hash(_text(posted(value))) == read.get(at) for at, value in _fields(form, f"{name}:"))
            yield Difference(name, row_name(form), "", there, gone, THEIRS if untouched else "")
        elif key in their_rows and _is_deleted(form) and _is_changed(their_rows[key], name, read):
            yield Difference(name, row_name(their_rows[key]), "", gone, there, "")
    for key, form in their_rows.items():
        if key not in my_rows:
            yield Difference(f"{ours.prefix}:{key}", row_name(form), "", gone, there, THEIRS)
    if (orders := _orders(mine, theirs, ours, saved)) and orders[0] != orders[1]:
        labels = [", ".join(str(my_rows[key].instance) for key in order) for order in orders]
        yield Difference(f"{ours.prefix}:order", "", _("Order of the sections"), labels[0], labels[1], "")


def _is_changed(form: Any, name: str, read: dict[str, str]) -> bool:
    return any(_hash(_text(posted(value))) != read.get(key) for key, value in _fields(form, f"{name}:"))


def _orders(mine: Filled, theirs: Filled, ours: Any, saved: Any) -> tuple[list[str], list[str]] | None:
    """Return the keys of the rows that both have, in the order of each."""
    my_rows, their_rows = mine.rows(ours), theirs.rows(saved)
    common = [key for key, form in my_rows.items() if key in their_rows and not _is_deleted(form)]
    if not common or "position" not in my_rows[common[0]].fields:
        return None
    return (
        sorted(common, key=lambda key: _number(my_rows[key]["position"].value())),
        sorted(common, key=lambda key: _number(their_rows[key]["position"].value())),
    )


def _number(value: Any) -> int:
    return int(value) if str(value).isdigit() else 0


def _merge_rows(data: QueryDict, mine: Filled, theirs: Filled, ours: Any, saved: Any, choices: dict[str, str]) -> None:
    """Write an inline's rows anew: those that exist first, as Django needs them, then the new ones."""
    my_rows, their_rows = mine.rows(ours), theirs.rows(saved)
    existing, new = [], []
    for form in ours.forms:
        key = _pk(form)
        row = _row(data, form.prefix)
        if key in their_rows:
            if choices.get(f"{ours.prefix}:{key}") == THEIRS:  # removed here, changed there
                row = _sent_row(their_rows[key])
            if choices.get(f"{ours.prefix}:order") == THEIRS and "position" in row:
                row["position"] = [str(their_rows[key]["position"].value())]
            existing.append(row)
        elif not key or choices.get(f"{ours.prefix}:{key}") != THEIRS:
            new.append(row | {"id": [""]} if key else row)
    for key, form in their_rows.items():
        if key not in my_rows:
            row = _sent_row(form)
            if choices.get(f"{ours.prefix}:{key}") == MINE:
                row["DELETE"] = ["on"]
            existing.append(row)
    _write_rows(data, ours.prefix, existing, new)


def _row(data: QueryDict, prefix: str) -> Posted:
    start = f"{prefix}-"
    return {name.removeprefix(start): data.getlist(name) for name in data if name.startswith(start)}


def _sent_row(form: Any) -> Posted:
    """Return what a browser would send for a row that it shows as it is saved."""
    start = f"{form.prefix}-"
    return {name.removeprefix(start): texts for value in form for name, texts in posted(value).items()}


def _write_rows(data: QueryDict, prefix: str, existing: list[Posted], new: list[Posted]) -> None:
    numbered = (f"{prefix}-{number}-" for number in range(int(data.get(f"{prefix}-TOTAL_FORMS", 0))))
    for start in tuple(numbered):
        for name in [name for name in data if name.startswith(start)]:
            del data[name]
    for number, row in enumerate([*existing, *new]):
        for name, texts in row.items():
            data.setlist(f"{prefix}-{number}-{name}", texts)
    data[f"{prefix}-TOTAL_FORMS"] = str(len(existing) + len(new))
    data[f"{prefix}-INITIAL_FORMS"] = str(len(existing))

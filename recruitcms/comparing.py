"""What differs between two sources of a document (see `recruitcms.sources`): part by part, word by word.

A part is one field of the document, or one row that belongs to it: a section, a sample résumé.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recruitcms.sources import Source, content_fields, row_fields
from recruitcms.spans import Span, spans_of

Row = dict[str, Any]
Key = tuple[Hashable, ...]


@dataclass
class FieldChange:
    """One field's two values, in pieces; `pictures` are the addresses of the old and the new one where it is one."""

    label: str
    spans: list[Span]
    prose: bool = True
    pictures: tuple[str, str] | None = None

    @property
    def old(self) -> list[Span]:
        return [span for span in self.spans if span.kind != "added"]

    @property
    def new(self) -> list[Span]:
        return [span for span in self.spans if span.kind != "removed"]

    def count(self, kind: str) -> int:
        return sum(span.words for span in self.spans if span.kind == kind)


@dataclass
class Part:
    """One part that differs. `state` is "changed", "added", "removed" or "" (where it has but `moved`)."""

    name: str
    state: str
    changes: list[FieldChange] = field(default_factory=list)
    moved: tuple[int, int] | None = None  # the places, from 1, before and after

    @property
    def notes(self) -> list[str]:
        """What happened to the part as a whole, in words."""
        words = {"added": _("Added"), "removed": _("Removed")}
        notes = [words[self.state]] if self.state in words else []
        if self.moved:
            notes.append(_("Moved from place %(old)d to %(new)d") % {"old": self.moved[0], "new": self.moved[1]})
        return notes

    @property
    def sentence(self) -> str:
        """The change in a few words, for the list of revisions."""
        added, removed = (sum(change.count(kind) for change in self.changes) for kind in ("added", "removed"))
        if self.state == "added":
            return _("“%(name)s” added") % {"name": self.name}
        if self.state == "removed":
            return _("“%(name)s” removed") % {"name": self.name}
        said = [_picture_words(change.pictures) for change in self.changes if change.pictures]
        said += [_count_words(added, removed)] if any(change.prose for change in self.changes) else []
        said += [_value_words(change) for change in self.changes if not change.prose and not change.pictures]
        said += [_("moved")] if self.moved else []
        return f"{self.name}: {', '.join(said)}"


@dataclass
class Comparison:
    """What differs between two states of a document, part by part."""

    parts: list[Part]
    same: list[str]  # the names of the parts that do not differ

    @property
    def words(self) -> str:
        """All changes in one line, or nothing where there is none."""
        return "; ".join(part.sentence for part in self.parts)


def _picture_words(pictures: tuple[str, str]) -> str:
    old, new = pictures
    if old and new:
        return _("picture replaced")
    return _("picture added") if new else _("picture removed")


def _count_words(added: int, removed: int) -> str:
    more = ngettext("%(number)d word added", "%(number)d words added", added) % {"number": added}
    less = ngettext("%(number)d word removed", "%(number)d words removed", removed) % {"number": removed}
    if added and removed:
        return f"{more}, {less}"
    return more if added else less if removed else _("spaces or line breaks changed")


def _value_words(change: FieldChange) -> str:
    old, new = ("".join(span.text for span in spans) for spans in (change.old, change.new))
    label = f"{change.label.lower()} " if change.label else ""
    return f"{label}{old or '–'} → {new or '–'}"


# --- documents ---


def compare(document: Any, old: Source, new: Source) -> Comparison:
    """Compare two sources of a document. What one of them does not hold is left out."""
    comparison = Comparison([], [])
    for model_field in content_fields(type(document)):
        name = model_field.name
        if name in old["fields"] and name in new["fields"]:
            _add(comparison, _field_part(model_field, old["fields"][name], new["fields"][name]))
    for name in document.ROWS:
        if name in old["rows"] and name in new["rows"]:
            manager = getattr(document, name)
            _add_rows(comparison, manager, document.ROWS[name], old["rows"][name], new["rows"][name])
    for name in old["links"]:
        if name in new["links"]:
            label = str(document._meta.get_field(name).verbose_name)
            _add(comparison, _links_part(label, old["links"][name], new["links"][name]))
    return comparison


def _links_part(label: str, old: list[Row], new: list[Row]) -> Part:
    before, after = (", ".join(row["name"] for row in rows) for rows in (old, new))
    changes = [FieldChange("", _replaced(before, after), prose=False)] if before != after else []
    return Part(capfirst(label), "changed" if changes else "", changes)


def _add(comparison: Comparison, part: Part) -> None:
    if part.state or part.moved:
        comparison.parts.append(part)
    else:
        comparison.same.append(part.name)


def _field_part(model_field: Any, old: Any, new: Any) -> Part:
    change = _field_change(model_field, old, new)
    label = capfirst(str(model_field.verbose_name))
    if change is None:
        return Part(label, "")
    change.label = ""  # the part has the name already
    return Part(label, "changed", [change])


def _field_change(model_field: Any, old: Any, new: Any) -> FieldChange | None:
    """Compare two values of a field. Return None where they are alike."""
    if old == new:
        return None
    label = capfirst(str(model_field.verbose_name))
    if any(isinstance(value, dict) and "small" in value for value in (old, new)):
        pictures = (old or {}).get("small", ""), (new or {}).get("small", "")
        return FieldChange(label, _replaced(_shown(model_field, old), _shown(model_field, new)), False, pictures)
    texts = _shown(model_field, old), _shown(model_field, new)
    if _is_prose(model_field):
        return FieldChange(label, spans_of(*texts))
    return FieldChange(label, _replaced(*texts), prose=False)


def _is_prose(model_field: Any) -> bool:
    """Tell whether a field holds words, to be compared one by one: no address, and nothing that is chosen."""
    is_text = isinstance(model_field, models.TextField | models.CharField)
    return is_text and not isinstance(model_field, models.SlugField) and not model_field.choices


def _shown(model_field: Any, value: Any) -> str:
    """Return a value in the words of the form."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return value["name"]
    if model_field.choices:
        return str(dict(model_field.flatchoices).get(value, value))
    return "" if value is None else str(value)


def _replaced(old: str, new: str) -> list[Span]:
    return [Span(kind, text) for kind, text in (("removed", old), ("added", new)) if text]


# --- rows ---


def _add_rows(comparison: Comparison, manager: Any, key: tuple[str, ...], old: list[Row], new: list[Row]) -> None:
    pairs = _pairs(key, old, new)
    moved = _moved([(before, after) for before, after in pairs if before is not None and after is not None])
    for before, after in pairs:
        part = _row_part(manager, _at(old, before), _at(new, after))
        if before is not None and after is not None and (before, after) in moved:
            part.moved = (before + 1, after + 1)
        _add(comparison, part)


def _at(rows: list[Row], number: int | None) -> Row | None:
    return None if number is None else rows[number]


def _row_part(manager: Any, old: Row | None, new: Row | None) -> Part:
    name = _row_name(manager.model, new or old or {})
    fields = row_fields(manager)
    if old is None or new is None:  # the whole text, and nothing of what is merely set
        fields = [each for each in fields if _is_prose(each) or each.is_relation]
    pairs = [(each, (old or {}).get(each.name), (new or {}).get(each.name)) for each in fields]
    changes = [change for pair in pairs if (change := _field_change(*pair)) and (change.spans or change.pictures)]
    state = "added" if old is None else "removed" if new is None else "changed" if changes else ""
    return Part(name, state, changes)


def _row_name(model: Any, row: Row) -> str:
    """Return what a row is called in the form."""
    return model(**{name: value for name, value in row.items() if not isinstance(value, dict)}).name


def _pairs(key: tuple[str, ...], old: list[Row], new: list[Row]) -> list[tuple[int | None, int | None]]:
    """Find for each row its counterpart: the same key and heading, else the same key; in the order of the new one.

    Rows that were removed stand after the one that was before them.
    """
    partner: dict[int, int] = {}
    for names in ((*key, "heading"), key):
        taken = set(partner.values())
        left = [number for number in range(len(old)) if number not in taken]
        places = dict(zip(_keys(names, old, left), left, strict=True))
        unmet = [number for number in range(len(new)) if number not in partner]
        found = zip(_keys(names, new, unmet), unmet, strict=True)
        partner |= {number: places[each] for each, number in found if each in places}
    pairs: list[tuple[int | None, int | None]] = [(partner.get(number), number) for number in range(len(new))]
    for number in sorted(set(range(len(old))) - set(partner.values())):
        place = next((place for place, pair in enumerate(pairs) if pair[0] == number - 1), -1)
        pairs.insert(place + 1, (number, None))
    return pairs


def _keys(names: Iterable[str], rows: list[Row], numbers: list[int]) -> list[Key]:
    """Return for each of some rows its values by name, and which of its like it is: unique among them."""
    seen: Counter[Key] = Counter()
    keys = []
    for number in numbers:
        values = tuple(rows[number].get(name) for name in names)
        seen[values] += 1
        keys.append((*values, seen[values]))
    return keys


def _moved(pairs: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the pairs that stand elsewhere among the others: those outside the longest run that kept its order."""
    runs: list[list[tuple[int, int]]] = []
    for pair in pairs:
        best = max((run for run in runs if run[-1][0] < pair[0]), key=len, default=[])
        runs.append([*best, pair])
    kept = max(runs, key=len, default=[])
    return set(pairs) - set(kept)

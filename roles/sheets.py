"""Titles, descriptions, addresses, categories and authors of roles in a spreadsheet, there and back.

A downloaded sheet is compared with the roles as they are: `compare` returns a proposed `BulkChange`, which is looked at
before it is applied. Rows that are missing, and columns that are missing, stay as they are.
"""

from collections import Counter
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from recruitcms.changes import row_of, taken_addresses, version_of
from recruitcms.models import BulkChange, Person
from roles.models import Category, Role, RoleRevision
from roles.sheet_files import Line, Table, Unreadable, printable

TEXTS = ["title", "title_plural", "slug", "summary", "search_title", "search_description"]
KEYS: dict[str, type[Category | Person]] = {"category": Category, "author": Person}
EDITED = ["title", "title_plural", "slug", "category", "author", "summary", "search_title", "search_description"]
COLUMNS = ["id", "version", "language", *EDITED]
WIDTHS = [8, 18, 10, 32, 32, 28, 22, 22, 60, 40, 60]
REQUIRED = {"title", "slug"}
MOST_PROBLEMS = 500  # to be listed


class Problem(NamedTuple):
    """What is wrong with a row or one of its cells. A conflict leaves the row out; anything else stops the change."""

    line: int
    column: str
    title: str
    words: str
    conflict: bool = False


# --- out ---


def rows_of(roles: QuerySet[Role]) -> list[list[str]]:
    """Return the heading and a row for each role, all as text."""
    names = Names()
    return [COLUMNS, *([_written(role, column, names) for column in COLUMNS] for role in roles)]


def _written(role: Role, column: str, names: "Names") -> str:
    """Return what the sheet says of a role in a column."""
    if column == "id":
        return str(role.pk)
    if column == "version":
        return version_of(role)
    if column in KEYS:
        return names.of(column, getattr(role, f"{column}_id"))
    return getattr(role, column)


class Names:
    """What stands for categories and authors in a sheet: the name, with the address where two share it."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {column: list(model._default_manager.all()) for column, model in KEYS.items()}
        self.words = {column: self._words(rows) for column, rows in self.rows.items()}

    def _words(self, rows: list[Any]) -> dict[int, str]:
        often = Counter((row.language, row.name.casefold()) for row in rows)
        shared = {key for key, number in often.items() if number > 1}
        return {
            row.pk: f"{row.name} [{row.slug}]" if (row.language, row.name.casefold()) in shared else row.name
            for row in rows
        }

    def of(self, column: str, pk: int) -> str:
        return self.words[column][pk]

    def find(self, column: str, words: str, language: str) -> int:
        """Return the pk of what some words name: a name or an address, in any capitals. Raises ValidationError."""
        wanted = words.casefold()
        found = [row for row in self.rows[column] if wanted in {self.of(column, row.pk).casefold(), row.slug}]
        same = [row for row in found if row.language == language]
        if same:
            return same[0].pk
        if found:
            sentence = _("“%(words)s” is in another language (%(language)s) than this role.")
            raise ValidationError(sentence % {"words": words, "language": found[0].get_language_display()})
        known = sorted(self.of(column, row.pk) for row in self.rows[column] if row.language == language)
        sentence = _("There is no “%(words)s”. Known are: %(known)s.")
        raise ValidationError(sentence % {"words": words, "known": ", ".join(known[:12]) + ("…" if known[12:] else "")})


# --- back ---


def column_of(heading: str) -> str:
    """Return the column that a heading names, by its name or its label in any of our languages; else ""."""
    words = " ".join(heading.split()).casefold()
    return words if words in COLUMNS else _labels().get(words, "")


def _labels() -> dict[str, str]:
    labels: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            labels |= {str(_field(name).verbose_name).casefold(): name for name in EDITED}
    return labels


def is_heading(cells: list[str]) -> bool:
    """Tell whether a row names the columns that every sheet needs."""
    return {"id", "version"} <= {column_of(cell) for cell in cells}


def compare(table: Table, title: str, by: Any) -> BulkChange:
    """Return the saved, unapplied change that a sheet asks for, with all that stands against it."""
    comparison = Comparison(table)
    change = BulkChange(model_label=Role._meta.label_lower, title=title[:200], created_by=by)
    change.rows, change.unchanged = comparison.rows, comparison.unchanged
    problems = sorted(comparison.problems, key=lambda problem: (problem.conflict, problem.line))
    change.problems = [problem._asdict() for problem in problems[:MOST_PROBLEMS]]
    change.notes = comparison.notes
    if problems[MOST_PROBLEMS:]:
        change.notes += [_("Only the first %(count)d problems are listed.") % {"count": MOST_PROBLEMS}]
    change.save()
    return change


class Comparison:
    """A table against the roles as they are."""

    def __init__(self, table: Table) -> None:
        self.rows: list[dict[str, Any]] = []
        self.problems: list[Problem] = []
        self.notes = list(table.notes)
        self.unchanged = 0
        self.names = Names()
        self.columns = self._columns(table.heading)
        roles = Role.objects.select_related("updated_by")
        self.roles = {str(role.pk): role for role in roles}
        self.live = set(RoleRevision.objects.live().values_list("document", flat=True))
        self.lines: dict[int, int] = {}
        for line in table.lines:
            self._line(line)
        self._check_addresses()

    def _columns(self, heading: list[str]) -> list[str]:
        """Return the column of each cell, "" for one that is not ours; note these, and refuse a column named twice."""
        columns = [column_of(cell) for cell in heading]
        unknown = [cell.strip() for cell, column in zip(heading, columns, strict=True) if cell.strip() and not column]
        if unknown:
            names = ", ".join(f"“{name[:40]}”" for name in unknown[:10])
            self.notes.append(_("These columns are not read: %(names)s.") % {"names": names})
        twice = [column for column, number in Counter(columns).items() if column and number > 1]
        self.problems += [Problem(1, column, "", _("This column stands there twice.")) for column in twice]
        return columns

    def _line(self, line: Line) -> None:
        """Take one row: into `rows`, `problems`, or the number of rows without a change."""
        cells = dict(zip(self.columns, line.cells, strict=False))
        role = self.roles.get(_whole(cells.get("id", "")))
        stop = self._misfit(line, cells, role)
        if stop or role is None:
            self.problems.append(Problem(line.number, "", str(role or cells.get("id", ""))[:80], stop))
            return
        self.lines[role.pk] = line.number
        values, problems = self._values(role, cells, line.number)
        self.problems += problems
        if not values:
            self.unchanged += not problems
        elif cells["version"].strip() == version_of(role):
            self.rows.append(row_of(role, values, live=role.pk in self.live))
        else:
            self.problems.append(Problem(line.number, "", str(role), _changed_since(role), conflict=True))

    def _misfit(self, line: Line, cells: dict[str, str], role: Role | None) -> str:
        """Return why a row as a whole cannot be taken, or nothing."""
        if len(line.cells) < len(self.columns):
            words = _("The row has fewer cells (%(cells)d) than the heading (%(columns)d): it seems to be cut off.")
            return words % {"cells": len(line.cells), "columns": len(self.columns)}
        if any(cell.strip() for cell in line.cells[len(self.columns) :]):
            return _("The row has more cells than the heading: a separator in a text may lack its quotation marks.")
        if role is None:
            return _("There is no role with this number.")
        if role.pk in self.lines:
            return _("The same role stands in row %(row)d already.") % {"row": self.lines[role.pk]}
        if cells.get("language", role.language).strip().casefold() not in {role.language, ""}:
            words = _("This role is in another language (%(language)s), and a sheet cannot change that.")
            return words % {"language": role.get_language_display()}
        return ""

    def _values(self, role: Role, cells: dict[str, str], line: int) -> tuple[dict[str, Any], list[Problem]]:
        """Return what a row changes, and what is wrong with its cells."""
        values: dict[str, Any] = {}
        problems = []
        for column in EDITED:
            if column not in cells or _same(cells[column], _written(role, column, self.names)):
                continue
            try:
                value = self._value(role, column, cells[column])
            except ValidationError as error:
                problems.append(Problem(line, column, str(role), " ".join(error.messages)))
            else:
                values |= {column: value} if value != getattr(role, _field(column).attname) else {}
        return values, problems

    def _value(self, role: Role, column: str, cell: str) -> Any:
        """Return what a cell sets, as the database holds it. Raises ValidationError."""
        if isinstance(cell, Unreadable):
            raise ValidationError(str(cell))
        words = " ".join(printable(cell).split())
        if not words and column in REQUIRED | set(KEYS):
            raise ValidationError(_("This cell must not be empty."))
        if column in KEYS:
            return self.names.find(column, words, role.language)
        return _field(column).clean(words, role)

    def _check_addresses(self) -> None:
        wanted = {row["pk"]: row["cells"]["slug"][1] for row in self.rows if "slug" in row["cells"]}
        for pk, other in taken_addresses(Role, wanted).items() if wanted else ():
            words = _("“%(title)s” has or gets this address too.") % {"title": other}
            self.problems.append(Problem(self.lines[pk], "slug", str(self.roles[str(pk)]), words))


def _field(column: str) -> Any:
    return Role._meta.get_field(column)


def _whole(cell: str) -> str:
    return cell.strip().removesuffix(".0")


def _same(cell: str, written: str) -> bool:
    """Tell whether a cell says what was written there; of spaces around it spreadsheet programs take no care."""
    return not isinstance(cell, Unreadable) and printable(cell).strip() == printable(written).strip()


def _changed_since(role: Role) -> str:
    words = _("Changed on %(when)s by %(who)s, after this sheet was downloaded. Download it anew to change this role.")
    when = format_date(timezone.localtime(role.updated_at), "SHORT_DATETIME_FORMAT")
    return words % {"when": when, "who": role.updated_by or _("somebody")}

"""The salary table as a spreadsheet, there and back: all of a file is taken, or nothing of it.

A row with an id changes that row, one without adds a row, and rows that are missing stay. Choices are written by their
keys ("senior", "PL"), roles by their title.
"""

import re
from hashlib import sha256
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from recruitcms.sheets import SheetError
from roles.models import SalaryBand
from roles.sheet_files import Line, Table, Unreadable

FIELDS = ["level", "country", "place", "contract", "currency", "period", "low", "median", "high", "basis"]
FIELDS += ["sample_size", "source", "date", "is_shown"]
COLUMNS = ["id", "version", "role", *FIELDS]
WIDTHS = [8, 12, 34, *[14] * len(FIELDS)]
FIGURES = {"low", "median", "high", "sample_size"}
YES, MOST_PROBLEMS = "yes", 30
# 18000, 18 000 and 18,000. Not 18.000: to some that is eighteen thousand, and to others eighteen.
FIGURE = re.compile(r"-?(?:[0-9]{1,15}|[1-9][0-9]{0,2}(?:([ ,\u00a0\u202f])[0-9]{3})(?:\1[0-9]{3}){0,3})")
TIME = re.compile(r"[T ]\d{1,2}:\d\d\S*$")  # that spreadsheet programs add to dates
Wrong = dict[str, list[ValidationError]]  # by the column


def rows_of(bands: Any, titles: dict[str, str]) -> list[list[str]]:
    """Return the heading and a row for each band, all as text; `titles`: of roles, by their group."""
    return [COLUMNS, *([str(band.pk), _version(band), *_cells(band, titles)] for band in bands)]


def _cells(band: SalaryBand, titles: dict[str, str]) -> list[str]:
    values = [getattr(band, name) for name in FIELDS[:-1]]
    return [titles.get(str(band.role_group), ""), *map(str, values), YES if band.is_shown else ""]


def _version(band: SalaryBand) -> str:
    """Return what tells whether somebody has changed a row since it was downloaded."""
    return sha256(repr([str(band.role_group), *_cells(band, {})]).encode()).hexdigest()[:8]


def is_heading(cells: list[str]) -> bool:
    return set(COLUMNS) - {"id", "version"} <= {cell.strip().casefold() for cell in cells}


def take(table: Table, titles: dict[str, str]) -> tuple[int, int]:
    """Save what a table says; return how many rows were added and changed. Raises SheetError with all that is wrong."""
    heading = [cell.strip().casefold() for cell in table.heading]
    groups: dict[str, list[str]] = {}
    for group, title in titles.items():
        groups.setdefault(title.casefold(), []).append(group)
    known = {str(band.pk): band for band in SalaryBand.objects.all()}
    problems: list[str] = []
    added = changed = 0
    with transaction.atomic():
        for line in table.lines:
            try:
                cells = dict(zip(heading, line.cells, strict=False))
                band, before = _band(cells, known, groups)
                wrong = _fill(band, cells)
                if before and not wrong and _version(band) == before:
                    continue
                _check(band, wrong)
            except ValidationError as error:
                problems.append(_problem(line, error))
            else:
                band.save()
                added, changed = added + (not before), changed + bool(before)
        if problems:
            more = [_("More rows are wrong: %(count)d.") % {"count": len(problems) - MOST_PROBLEMS}]
            raise SheetError("\n".join(problems[:MOST_PROBLEMS] + (more if len(problems) > MOST_PROBLEMS else [])))
    return added, changed


def _band(cells: dict[str, str], known: dict[str, SalaryBand], groups: dict[str, list[str]]) -> tuple[SalaryBand, str]:
    """Return the band that a row is about, and its version before, "" for a new one. Raises ValidationError."""
    unreadable = {name: str(cell) for name, cell in cells.items() if isinstance(cell, Unreadable)}
    if unreadable:
        raise ValidationError(unreadable)
    pk = cells.get("id", "").strip()
    band, before = SalaryBand(), ""
    if pk:
        if pk not in known:
            raise ValidationError({"id": _("There is no row with this number.")})
        band = known[pk]
        before = _version(band)
        if cells.get("version", "").strip() != before:
            raise ValidationError({"id": _("Changed since this sheet was downloaded. Download it anew.")})
    title = cells.get("role", "").strip()
    found = groups.get(title.casefold(), [])
    if len(found) == 1:
        band.role_group = found[0]  # type: ignore[assignment]
    elif str(band.role_group) not in found and (title or not before):
        raise ValidationError({"role": _("There is no one role of this title: “%(title)s”.") % {"title": title}})
    return band, before


def _fill(band: SalaryBand, cells: dict[str, str]) -> Wrong:
    """Put into a band what its row says; cells that are not there are empty. Return what cannot be read."""
    wrong: Wrong = {}
    for name in FIELDS[:-1]:
        try:
            setattr(band, name, _value(name, cells.get(name, "").strip()))
        except ValidationError as error:
            wrong[name] = error.error_list
    band.is_shown = cells.get("is_shown", "").strip().casefold() in {YES, "true", "1", "x"}
    return wrong


def _value(name: str, cell: str) -> Any:
    """Return what a cell says. Raises ValidationError for a figure that is none, or that may be read in two ways."""
    field: Any = SalaryBand._meta.get_field(name)
    if not (cell or field.blank):
        raise ValidationError(field.error_messages["blank"])
    if name == "date":
        return field.to_python(TIME.sub("", cell))
    if name not in FIGURES:
        return cell
    if not FIGURE.fullmatch(cell):
        words = _("“%(value)s” cannot be read as a figure. Write a whole number, like 18000.")
        raise ValidationError(words % {"value": cell[:40]})
    return int(re.sub(r"[^-0-9]", "", cell))


def _check(band: SalaryBand, wrong: Wrong) -> None:
    """Raise ValidationError for a band that cannot be kept.

    Unlike `full_clean`, which compares fields even where one of them is no figure, or no date, but still a text.
    """
    try:
        band.clean_fields(exclude=wrong)
    except ValidationError as error:
        wrong = error.update_error_dict(wrong)
    if wrong:
        raise ValidationError(wrong)
    band.clean()
    band.validate_unique()
    band.validate_constraints()


def _problem(line: Line, error: ValidationError) -> str:
    found = error.message_dict
    columns = sorted(found, key=lambda name: COLUMNS.index(name) if name in COLUMNS else len(COLUMNS))
    words = " ".join(f"{'' if name == NON_FIELD_ERRORS else f'{name}: '}{' '.join(found[name])}" for name in columns)
    return _("Row %(row)d: %(problems)s") % {"row": line.number, "problems": words}

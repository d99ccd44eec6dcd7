"""Old addresses as a file for a spreadsheet, out and in: all of it or, where a line is wrong, nothing."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from recruitcms import addresses
from recruitcms.addresses import AddressBook, Destination
from recruitcms.models import MissingAddress, Redirect
from recruitcms.sheets import SheetError, csv_rows, decoded, neutral

HEADINGS = ["from", "to", "status"]
MAX_BYTES = 4 * 1024 * 1024
MAX_LINES = 20_000
# What other programs write for the same.
STATUSES = {"": 301, "301": 301, "308": 301, "302": 302, "303": 302, "307": 302, "410": 410}


def redirects_csv() -> str:
    """Return all old addresses as RFC 4180 text. Excel needs the byte-order mark to know UTF-8."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    drafts: dict[Any, str] = {(found.model, found.pk): found.path for found in AddressBook().drafts.values()}
    for row in Redirect.objects.leading().select_related("content_type"):
        to = row.location
        if not to and row.content_type and row.object_id:
            draft = drafts.get((row.content_type.model_class(), row.object_id))
            to = draft + row.target if draft else ""
        if to or row.status == Redirect.Status.GONE:
            writer.writerow([neutral(row.old_path), neutral(to), row.status])
    return out.getvalue()


@dataclass
class Plan:
    """What a file would change: rows to write, how many of them are new, and what is wrong, by line."""

    rows: list[Redirect] = field(default_factory=list)
    new: int = 0
    unchanged: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


def read(data: bytes) -> tuple[str, list[str]]:
    """Return (text, notes on how it was read) of an uploaded file. Raises ValidationError."""
    try:
        return decoded(data, MAX_BYTES)
    except SheetError as error:
        raise ValidationError(str(error)) from None


def plan(text: str, by: Any = None) -> Plan:
    """Return what a file's lines from,to[,status] would change. Nothing is written."""
    result, book = Plan(), AddressBook()
    wanted: dict[str, tuple[int, str, int]] = {}  # old path → (line, typed destination, status)
    try:
        for number, cells in _lines(text):
            try:
                old_path, to, status = _read_line(cells)
                if old_path in wanted:
                    raise ValidationError(_("Line %(line)d has this address already.") % {"line": wanted[old_path][0]})
                wanted[old_path] = number, to, status
            except ValidationError as error:
                result.errors.append((number, " ".join(error.messages)))
    except SheetError as error:
        result.errors.append((0, str(error)))
    for old_path, (number, to, status) in wanted.items():
        try:
            destination = _destination(old_path, to, status, wanted, book)
            _add(result, book, old_path, destination, status, by)
        except ValidationError as error:
            result.errors.append((number, " ".join(error.messages)))
    result.errors.sort()
    return result


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that says something, with its number; a heading line says nothing."""
    for number, cells in csv_rows(text):
        if number > MAX_LINES:
            raise SheetError(_("This file has more than %(limit)d lines.") % {"limit": MAX_LINES})
        cells = [cell.strip() for cell in cells]
        is_heading = number == 1 and bool(cells) and cells[0].lower() in {"from", "source", "old", "old address"}
        if any(cells) and not is_heading:
            yield number, cells


def _read_line(cells: list[str]) -> tuple[str, str, int]:
    old_path, to, status, *more = [*cells, "", ""] if len(cells) < 3 else cells
    if any(more) or len(cells) < 2:
        raise ValidationError(_("Write two or three cells: from, to, status."))
    if status not in STATUSES:
        raise ValidationError(_("The status is 301 (for good), 302 (for now) or 410 (gone)."))
    if bool(to) == (STATUSES[status] == Redirect.Status.GONE):
        raise ValidationError(_("Say where it leads; only what is gone (410) leads nowhere."))
    return addresses.read_old(old_path), to, STATUSES[status]


def _destination(
    old_path: str, to: str, status: int, wanted: dict[str, tuple[int, str, int]], book: AddressBook
) -> Destination:
    """Return where a line leads in the end, through the other lines of the file. Raises ValidationError."""
    seen = {old_path}
    while status != Redirect.Status.GONE:
        key = addresses.key_of(addresses.read_target(to))
        if key not in wanted:
            return book.destination(to)
        if key in seen:
            raise ValidationError(_("This leads in a circle, by line %(line)d.") % {"line": wanted[key][0]})
        seen.add(key)
        _number, to, status = wanted[key]
    if len(seen) > 1:
        raise ValidationError(_("This leads to an address that is gone."))
    return Destination()


def _add(result: Plan, book: AddressBook, old_path: str, destination: Destination, status: int, by: Any) -> None:
    row = Redirect(old_path=old_path, target=destination.target, status=status, created_by=by)
    row.document = destination.document
    before = book.redirects.get(old_path)
    same = ("content_type_id", "object_id", "target", "status")
    if before and all(getattr(before, name) == getattr(row, name) for name in same):
        result.unchanged += 1
        return
    book.check(old_path, destination)
    result.new += before is None
    result.rows.append(row)


@transaction.atomic
def carry_out(plan: Plan) -> None:
    """Write what a plan without errors says. Raises ValueError where it has some."""
    if plan.errors:
        raise ValueError("a plan with errors is not carried out")
    changed = ["content_type", "object_id", "target", "status", "is_automatic", "created_by"]
    Redirect.objects.bulk_create(
        plan.rows, batch_size=500, update_conflicts=True, unique_fields=["old_path"], update_fields=changed
    )
    addresses.look_through(plan.rows)
    paths = {row.old_path for row in plan.rows}
    known = [row.pk for row in MissingAddress.objects.all() if row.path in paths]
    MissingAddress.objects.filter(pk__in=known).delete()

"""Tables as files: written as .xlsx and .csv, and read from whatever people send, which may be broken or hostile.

A cell is text, both ways. In CSV files a text that a spreadsheet program would take for a formula gets an apostrophe in
front (CWE-1236), which reading takes away again.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from recruitcms.sheets import MOST_COLUMNS, SheetError, check_size, csv_rows, decoded, neutral

MOST_UNPACKED = 20 * 1024 * 1024  # of a workbook's parts together
MOST_TAGS = 700_000  # in them: each costs memory, however short it is
MOST_TAGS_BESIDE = 100_000  # in parts without texts, such as styles
MOST_PARTS = 200
MOST_ROWS = 5000
CHUNK = 64 * 1024

# What XML 1.0 cannot hold, and no text of ours should.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b")


class TooLargeError(SheetError):
    def __init__(self) -> None:
        super().__init__(_("This workbook is far larger inside than a list of pages. Save the one sheet alone."))


class Unreadable(str):
    """A cell without a text that could be taken over; the string says why."""


class Line(NamedTuple):
    """One row of a table: its number in the file, and its cells."""

    number: int
    cells: list[str]


class Table(NamedTuple):
    """What a file holds: its heading, the rows below, and what the reader should know of how it was read."""

    heading: list[str]
    lines: list[Line]
    notes: list[str]


# --- writing ---


def write_csv(rows: Iterable[list[str]], separator: str = ",") -> bytes:
    """Return rows as CSV in UTF-8 with the mark by which Excel knows it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator)
    writer.writerows([neutral(printable(cell)) for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def printable(text: str) -> str:
    """Return what a file can hold of a text: no control characters, and one kind of line break."""
    return UNPRINTABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def write_xlsx(rows: Iterable[list[str]], title: str, widths: list[int]) -> bytes:
    """Return rows as a workbook with one sheet: every cell is text, the first row is bold and stays in sight."""
    from openpyxl import Workbook  # loaded here and below by the few processes that need it
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    for number, row in enumerate(rows):
        sheet.append([_text_cell(sheet, cell, heading=number == 0) for cell in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _text_cell(sheet: Any, text: str, heading: bool) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    cell = WriteOnlyCell(sheet, printable(text))
    cell.data_type = "s"  # also what begins with "="
    cell.number_format = "@"
    cell.quotePrefix = True
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if heading:
        cell.font = Font(bold=True)
    return cell


# --- reading ---


def read_table(content: bytes, is_heading: Callable[[list[str]], bool]) -> Table:
    """Read an .xlsx or .csv file; of a workbook the first sheet that `is_heading` knows by its first row.

    Raises SheetError, in words for the person, for whatever is no such file or too large.
    """
    check_size(content)
    if content.startswith(b"PK"):
        return _read_xlsx(content, is_heading)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError(_("This is an old Excel file (.xls) or has a password. Save it as .xlsx without a password."))
    return _read_csv(content, is_heading)


def _taken(rows: Iterable[tuple[int, list[str]]]) -> tuple[list[str], list[Line]]:
    """Return the heading and the rows that say something; stops at too many."""
    numbered = iter(rows)
    heading = next(numbered, (1, []))[1]
    lines = []
    for number, cells in numbered:
        if any(cell.strip() for cell in cells):
            lines.append(Line(number, cells))
        if len(lines) > MOST_ROWS or number > 4 * MOST_ROWS:
            words = _("There are more than %(most)d rows. Send fewer: pages that are missing stay as they are.")
            raise SheetError(words % {"most": MOST_ROWS})
    return heading, lines


# --- CSV ---


def _read_csv(content: bytes, is_heading: Callable[[list[str]], bool]) -> Table:
    text, notes = decoded(content)
    heading, lines = _taken(csv_rows(text))
    if not is_heading(heading):
        raise SheetError(
            _("The first row must name the columns, “id” and “version” among them. Start from a download.")
        )
    return Table(heading, lines, notes)


# --- Excel ---


def _read_xlsx(content: bytes, is_heading: Callable[[list[str]], bool]) -> Table:
    from openpyxl import load_workbook

    try:
        _check_archive(content)
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        try:
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # what a file claims of its size is not to be believed
                heading = next(_xlsx_rows(sheet), (1, []))[1]
                if is_heading(heading):
                    return Table(*_taken(_xlsx_rows(sheet)), [])
            names = ", ".join(f"“{sheet.title}”" for sheet in book.worksheets[:5])
        finally:
            book.close()
    except SheetError:
        raise
    except Exception as error:  # a broken workbook makes its reader fail in any way
        raise SheetError(_("This workbook is broken and cannot be read. Save it anew as .xlsx.")) from error
    words = _(
        "No sheet of this workbook begins with the names of the columns, “id” and “version” among them (%(names)s)."
    )
    raise SheetError(words % {"names": names})


def _xlsx_rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        yield number, [_text_of(cell) for cell in row]


def _text_of(cell: Any) -> str:
    value = cell.value
    if cell.data_type == "f":
        return Unreadable(_("This cell holds a formula. Put the text itself there."))
    if cell.data_type == "e":
        return Unreadable(_("This cell holds an error of the spreadsheet program."))
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)


def _check_archive(content: bytes) -> None:
    """Read every part of a workbook once, and refuse what would hurt the library that reads it for good.

    Sizes as declared and as they are, the number of tags, entities, and merged cells, which would read as empty ones.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise TooLargeError
        if not any(part.filename == "xl/workbook.xml" for part in parts):
            raise SheetError(_("This is no Excel workbook. Send an .xlsx or .csv file."))
        unpacked = tags = 0
        for part in parts:
            data = _unpack(archive, part, MOST_UNPACKED - unpacked)
            unpacked += len(data)
            tags += _tags(part.filename, data)
            if tags > MOST_TAGS:
                raise TooLargeError
            if DOCTYPE.search(data):
                raise SheetError(_("This workbook defines entities, which none needs. It was not read."))
            if part.filename.startswith("xl/worksheets/") and MERGED.search(data):
                raise SheetError(_("This workbook has merged cells: nobody can tell whose text they hold. Split them."))


def _tags(name: str, data: bytes) -> int:
    """Count the tags of one part, or raise TooLargeError."""
    tags = data.count(b"<")
    if tags > MOST_TAGS_BESIDE and not name.startswith(("xl/worksheets/", "xl/sharedStrings")):
        raise TooLargeError
    return tags


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> bytes:
    data = bytearray()
    with archive.open(part) as file:
        while chunk := file.read(CHUNK):
            data += chunk
            if len(data) > most:
                raise TooLargeError
    return bytes(data)

"""Cells of files for spreadsheets, safe to open in one (SEC-15), and read back as they were.

The one reader of CSV files from outside: their letters, separators and limits.
"""

import csv
import io
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

MOST_BYTES = 5 * 1024 * 1024
MOST_COLUMNS = 40

# What begins a formula at the start of a cell; or after a semicolon or a line's end, where programs that take the one
# for a separator or lose the quotes begin another cell. Apostrophes that stand there already count along, so that one
# more can always be told from them.
START = r"(^|[;\t\r\n])"
FORMULA = r"(?='*\s*[=+\-@\t\r\n\0＝＋－＠])"


def neutral(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe before what could begin one."""
    return re.sub(START + FORMULA, r"\1'", value)


def plain(value: str) -> str:
    """Return what a cell said before `neutral`."""
    return re.sub(f"{START}'{FORMULA}", r"\1", value)


class SheetError(ValueError):
    """A file that cannot be read as a table, in words for the person who sent it."""


def check_size(content: bytes, most: int = MOST_BYTES) -> None:
    """Raise SheetError for a file of more than `most` bytes."""
    if len(content) > most:
        raise SheetError(_("The file is larger than %(most)d MB.") % {"most": most // 1024 // 1024})


def decoded(content: bytes, most: int = MOST_BYTES) -> tuple[str, list[str]]:
    """Return a CSV file's text, and a note where its encoding had to be guessed. Raises SheetError."""
    check_size(content, most)
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    notes = []
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1250")
        except UnicodeDecodeError:
            raise SheetError(_("The letters of this file cannot be read. Save it as “CSV UTF-8”.")) from None
        notes = [_("This file is not in UTF-8 and was read as Windows-1250. Look whether all letters are right.")]
    if "\0" in text:
        raise SheetError(_("This is no text of a table. Save it as “CSV UTF-8”."))
    return text, notes


def csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (number, cells) for each row of a CSV text, by the separator of its first one. Raises SheetError."""
    first, _end, rest = text.partition("\n")
    if first.startswith("sep="):  # Excel's own
        text, separator = rest, first[4:5] if first[4:5] in {",", ";", "\t"} else ","
    else:
        separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            words = _("Row %(row)d cannot be read: a quotation mark is missing or a cell is far too long (%(error)s).")
            raise SheetError(words % {"row": number, "error": error}) from error
        if len(row) > MOST_COLUMNS:
            words = _("Row %(row)d has more than %(most)d cells.")
            raise SheetError(words % {"row": number, "most": MOST_COLUMNS})
        yield number, [plain(cell) for cell in row]

"""Cells of files for spreadsheets, safe to open in one (SEC-15)."""

import re

# What begins a formula at the start of a cell; or after a semicolon or a line's end, where programs that take the one
# for a separator or lose the quotes begin another cell.
FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\t\r\n\0＝＋－＠])")


def neutral(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe before what could begin one."""
    return FORMULA.sub(r"\1'", value)

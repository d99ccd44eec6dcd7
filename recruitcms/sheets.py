"""Cells of files for spreadsheets, safe to open in one (SEC-15), and read back as they were."""

import re

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

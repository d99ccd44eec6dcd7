"""Headings that hide in lists, tables and quotations of a Markdown text are set free, with what stands below them."""

import re

from roles.moving.matching import names_a_kind

ITEM = re.compile(r"^(?:- |\d+\. )(?:#{1,6} +)?(.+?):?$")
ROW = re.compile(r"^\s*\|(.+)\|\s*$")
RULE = re.compile(r"^[\s|:-]+$")
QUOTED_HEADING = re.compile(r"^ {0,3}> ?#{1,6} ", re.MULTILINE)
QUOTE = re.compile(r"^ {0,3}> ?", re.MULTILINE)
INDENT = "    "
CELL_BREAK = "\x1f"  # between the lines of a table's cell
FEWEST = 2  # one item or row that names a kind is chance


def set_free(lines: list[str]) -> list[str]:
    """Return lines of tidied Markdown (outline.tidied) with every hidden heading as a bold line of its own."""
    return [line.replace(CELL_BREAK, " ") for line in _out_of_lists(_out_of_tables(lines))]


def unquoted(text: str) -> str:
    """Return Markdown without the quotation marks before its lines, if headings are quoted."""
    return QUOTE.sub("", text) if QUOTED_HEADING.search(text) else text


def _out_of_lists(lines: list[str]) -> list[str]:
    """Free the items that name a kind and have items of their own below them."""
    headings = {number for number, line in enumerate(lines) if _is_heading(line) and _has_items(lines, number)}
    if len(headings) < FEWEST:
        return lines
    free: list[str] = []
    below = False
    for number, line in enumerate(lines):
        if number in headings:
            below = True
            free += ["", _bold(ITEM.sub(r"\1", line)), ""]
        else:
            below = below and (not line.strip() or line.startswith(INDENT))
            free.append(line.removeprefix(INDENT) if below else line)
    return free


def _is_heading(line: str) -> bool:
    item = ITEM.match(line)
    return item is not None and names_a_kind(item[1], marked=True)


def _has_items(lines: list[str], number: int) -> bool:
    below = next((line for line in lines[number + 1 :] if line.strip()), "")
    return below.startswith(INDENT)


def _out_of_tables(lines: list[str]) -> list[str]:
    """Free the first cells that name a kind, of rows of two, and cells that name one in rows of one."""
    headings = {
        number for number, line in enumerate(lines) if (cells := _cells(line)) and names_a_kind(cells[0], marked=True)
    }
    if len(headings) < FEWEST:
        return lines
    free: list[str] = []
    below = False
    for number, line in enumerate(lines):
        cells = _cells(line)
        if number in headings:
            below = True
            free += ["", _bold(cells[0]), "", *_lines_of(cells[1:])]
        elif below and cells:
            free += [] if RULE.match(line) else ["", *_lines_of(cells)]
        else:
            below = False
            free.append(line)
    return free


def _cells(line: str) -> list[str]:
    """Return the cells of a table's row, if it has one or two."""
    row = ROW.match(line)
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row[1])] if row else []
    return cells if len(cells) in {1, 2} else []


def _lines_of(cells: list[str]) -> list[str]:
    """Return the lines of a row's cells, each a paragraph or an item of a list."""
    lines = [line.strip() for cell in cells for line in cell.split(CELL_BREAK) if line.strip()]
    return [f"- {line.lstrip('-•* ')}" for line in lines] if len(lines) > 1 else lines


def _bold(heading: str) -> str:
    return f"**{heading.strip('*_ :')}**"

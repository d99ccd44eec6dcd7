"""The hiring kit of a role: questions for the interviews, a scorecard, and a count of its hard requirements."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from recruitcms import markup

QUESTIONS, SCORECARD = "questions", "scorecard"
KINDS = {QUESTIONS, SCORECARD}
MARKS = ["1", "2", "3", "4"]
LIST_ITEM = re.compile(r"^(?:[-*+]|\d{1,3}[.)])[ \t]+(?=\S)", re.MULTILINE)
HEADING = re.compile(r"^#.*$", re.MULTILINE)
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
FIRST_CELL = re.compile(r"(<tr>\s*)<td>(.*?)</td>", re.DOTALL)
TABLE_RULE = re.compile(r"\|?[ \t]*:?-[-:| \t]*")
# Begun by a pipe, or with such a line for its second.
TABLE = re.compile(rf"[ \t]*\||(?=.*\|).*\n(?=.*\|)[ \t]*{TABLE_RULE.pattern}$", re.MULTILINE)
MANY_REQUIREMENTS, TOO_MANY_REQUIREMENTS = 6, 8


def render_body(kind: str, body: str) -> str:
    """Return a section's text as HTML; a scorecard's as a table with a place for each mark, and names for its rows."""
    html = markup.render_markdown(markdown_body(kind, body))
    return FIRST_CELL.sub(r'\1<th scope="row">\2</th>', html) if kind == SCORECARD else html


def markdown_body(kind: str, body: str) -> str:
    """Return a section's text as Markdown, in the active language; a scorecard's criteria as a table."""
    return scorecard(body) if kind == SCORECARD else body


def scorecard(body: str) -> str:
    """Return Markdown in which a list, or a table, of criteria has columns for the marks and for notes."""
    marks = [*MARKS, _("Notes")]
    legend = _("Marks: 1 no sign of it, 2 a little, 3 clear, 4 strong, with examples.")
    lines: list[str] = []
    for block in _blocks(body):
        if LIST_ITEM.match(block):
            lines += ["", legend, "", _row([_("Criterion"), *marks]), _row(["---"] * (len(marks) + 1))]
            lines += [_row([_criterion(item), *[""] * len(marks)]) for item in LIST_ITEM.split(block)[1:]]
        elif TABLE.match(block):
            lines += ["", legend, "", *_marked_table(block.splitlines(), marks)]
        else:
            lines += ["", block]
    return "\n".join(lines).strip()


def _blocks(body: str) -> list[str]:
    """Return what blank lines part, headings by themselves; a list goes on over blank lines, and so do its items."""
    blocks: list[str] = []
    for block in BLANK_LINES.split(HEADING.sub(r"\n\g<0>\n", body).strip()):
        if blocks and LIST_ITEM.match(blocks[-1]) and (LIST_ITEM.match(block) or block.startswith((" ", "\t"))):
            blocks[-1] += f"\n\n{block}"
        else:
            blocks.append(block)
    return blocks


def _criterion(item: str) -> str:
    """Return a list item as one cell, its paragraphs on lines of their own."""
    return "<br>".join(" ".join(part.split()) for part in BLANK_LINES.split(item.strip())).replace("|", "\\|")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _marked_table(table: list[str], marks: list[str]) -> list[str]:
    rows = [f"| {row.strip().removeprefix('|').removesuffix('|').strip()}" for row in table]
    added = [marks if number == 0 else [""] * len(marks) for number in range(len(rows))]
    if len(rows) > 1 and TABLE_RULE.fullmatch(rows[1]):
        added[1] = ["---"] * len(marks)
    return [f"{row} {_row(cells)}" for row, cells in zip(rows, added, strict=True)]


def count_requirements(body: str) -> int:
    """Return how many requirements a section lists; what is nested below one belongs to it."""
    return len(LIST_ITEM.findall(body))


@dataclass(frozen=True)
class MustHaves:
    """How many hard requirements a role has, and the id of the section after which that is said."""

    count: int
    after: str
    plenty: int = MANY_REQUIREMENTS
    too_many: int = TOO_MANY_REQUIREMENTS
    scale: int = MANY_REQUIREMENTS * 2

    @property
    def are_many(self) -> bool:
        return self.count > self.plenty


def must_haves(sections: Sequence[Mapping[str, Any]]) -> MustHaves | None:
    """Count the hard requirements of frozen sections; None where they list none."""
    required = [section for section in sections if section["kind"] == "required"]
    count = sum(count_requirements(section["body"]) for section in required)
    return MustHaves(count, required[-1]["id"]) if count else None

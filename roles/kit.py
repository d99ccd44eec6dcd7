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
FIRST_CELL = re.compile(r"(<tr>\s*)<td>(.*?)</td>", re.DOTALL)
TABLE_RULE = re.compile(r"\|?[ \t]*:?-+[-:| \t]*")
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
    for block in re.split(r"\n[ \t]*\n", body.strip()):
        if LIST_ITEM.match(block):
            if not (lines and lines[-1].startswith("|")):  # else a list with blank lines between its items goes on
                lines += ["", legend, "", _row([_("Criterion"), *marks]), _row(["---"] * (len(marks) + 1))]
            criteria = [" ".join(item.split()).replace("|", "\\|") for item in LIST_ITEM.split(block)[1:]]
            lines += [_row([criterion, *[""] * len(marks)]) for criterion in criteria]
        elif block.lstrip().startswith("|"):
            lines += ["", legend, "", *_marked_table(block.strip().splitlines(), marks)]
        else:
            lines += ["", block]
    return "\n".join(lines).strip()


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _marked_table(table: list[str], marks: list[str]) -> list[str]:
    rows = [row.strip().removesuffix("|").rstrip() for row in table]
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

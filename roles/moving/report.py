"""The report of an import: every item, what became of it, and what was left out, for a spreadsheet."""

import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from recruitcms.sheets import neutral
from roles.moving.models import ImportItem, ImportRun


def report_csv(run: ImportRun) -> Iterator[str]:
    """Yield the rows of RFC 4180 text, a heading first. Excel needs the byte-order mark to know UTF-8."""
    yield "\ufeff" + _line(
        [_("number"), _("what it was"), _("source"), _("key"), _("title"), _("language"), _("becomes"), _("outcome"),
         _("why"), _("address here"), _("addresses before"), _("sections"), _("notes")]
    )  # fmt: skip
    for item in run.items.select_related("role", "page").iterator(chunk_size=200):
        yield _line(_row(item))


def _row(item: ImportItem) -> list[str]:
    sections = [f"{section['kind']}: {section['heading'] or '–'}" for section in item.content.get("sections", [])]
    return [
        str(item.position),
        item.type,
        item.source,
        item.key,
        item.title,
        item.language,
        str(item.get_target_display()),
        str(item.get_outcome_display()),
        item.message,
        item.document.get_absolute_url() if item.document else "",
        " ".join(item.old_paths),
        " | ".join(sections),
        " | ".join(item.notes),
    ]


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([neutral(str(cell)) for cell in cells])
    return out.getvalue()

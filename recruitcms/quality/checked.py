"""The checklist of a document beside what its editors have waved through."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import ngettext

from recruitcms.models import WavedThrough
from recruitcms.quality.checks import findings
from recruitcms.quality.findings import Finding, Grade
from recruitcms.quality.subject import subject_of


@dataclass
class Checked:
    """What is open of a document's checklist, by grade, and the warnings that were waved through."""

    stops: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    waved: list[tuple[Finding, WavedThrough]] = field(default_factory=list)
    subject: Any = None

    @property
    def in_words(self) -> str:
        """Say what is open, for beside the button that publishes; "" for nothing."""
        said = []
        if self.stops:
            count = len(self.stops)
            stops = ngettext("%(count)d thing stops publishing.", "%(count)d things stop publishing.", count)
            said.append(stops % {"count": count})
        if self.warnings:
            count = len(self.warnings)
            warnings = ngettext("%(count)d warning is open.", "%(count)d warnings are open.", count)
            said.append(warnings % {"count": count})
        return " ".join(said)

    def find(self, fingerprint: str) -> Finding | None:
        """Return the open warning with a fingerprint, or None."""
        return next((finding for finding in self.warnings if finding.fingerprint == fingerprint), None)


def check(document: Any) -> Checked:
    """Check a working copy. One query for what was waved through, beside those of the checks."""
    rows = document.waved_through.select_related("by") if document.pk else []
    waved = {row.fingerprint: row for row in rows}
    found = Checked(subject=subject_of(document))
    by_grade = {Grade.STOPS: found.stops, Grade.WARNS: found.warnings, Grade.INFORMS: found.notes}
    for finding in findings(found.subject):
        row = waved.get(finding.fingerprint) if finding.grade == Grade.WARNS else None
        if row:
            found.waved.append((finding, row))
        else:
            by_grade[finding.grade].append(finding)
    return found


def wave_through(document: Any, said: dict[str, str], by: Any) -> WavedThrough:
    """Keep that a warning was looked at and is fine, and why. `said`: key, fingerprint, sentence, quote and reason.

    A second time changes the reason.
    """
    fingerprint = said["fingerprint"]
    row, _made = document.waved_through.update_or_create(fingerprint=fingerprint, defaults={**said, "by": by})
    return row

"""What a scan found, and what docs/security.md says of it."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from benchmarks.servers import ROOT

EXPLAINED = re.compile(r"\| `(bandit|wapiti|probes|observatory)` \| (.+?) \| `(.+?)` \| (.+) \|")
NOW_AND_THEN = "now and then: "  # how the reason begins of what one run finds and another does not


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that a scan noted: the rule that it broke, where, and more words for whoever looks into it."""

    scan: str
    rule: str
    where: str
    words: str = ""

    def __str__(self) -> str:
        return f"{self.scan}: {self.rule} at {self.where} {self.words}".strip()


def explained() -> dict[tuple[str, str, str], str]:
    """Return what is explained: {(scan, rule, where): reason, …}; in `where` a star stands for anything."""
    lines = (ROOT / "docs" / "security.md").read_text().splitlines()
    return {match.groups()[:3]: match[4] for match in map(EXPLAINED.fullmatch, lines) if match}


def explains(row: tuple[str, str, str], finding: Finding) -> bool:
    return row[:2] == (finding.scan, finding.rule) and fnmatchcase(finding.where, row[2])


def unexplained(findings: list[Finding]) -> list[Finding]:
    rows = explained()
    return sorted(finding for finding in set(findings) if not any(explains(row, finding) for row in rows))


def outdated(findings: list[Finding], scans: set[str]) -> list[tuple[str, str, str]]:
    """Return the explanations of the scans that ran which nothing needs any more."""
    rows = [row for row, why in explained().items() if row[0] in scans and not why.startswith(NOW_AND_THEN)]
    return sorted(row for row in rows if not any(explains(row, finding) for finding in findings))

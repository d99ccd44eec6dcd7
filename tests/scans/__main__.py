"""Run the scans: all of them, or those named: `make scans ARGS="bandit probes"`."""

import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.scans import attack, code, observatory, probes
from tests.scans.findings import Finding, outdated, unexplained
from tests.topology import missing, running

ALL = ["bandit", "probes", "observatory", "wapiti"]


def main() -> None:
    wanted = sys.argv[1:] or ALL
    if missing() and set(wanted) != {"bandit"}:
        sys.exit(missing())
    findings: list[Finding] = code.scan() if "bandit" in wanted else []
    tell("bandit", len(findings), "rules of code broken")
    if set(wanted) != {"bandit"}:
        findings += ask_the_site(wanted)
    ends(findings, set(wanted))


def ask_the_site(wanted: list[str]) -> list[Finding]:
    """Start the topology and run what asks it. Its limits of forms are lifted, or wapiti would meet nothing else."""
    findings: list[Finding] = []
    open_doors = {"FORMS_PER_NETWORK": "1000000", "FORMS_IN_ALL": "1000000", "FORM_MAILS_AN_HOUR": "1000000"}
    with running(**open_doors) as topology, tempfile.TemporaryDirectory(prefix="recruitcms-scans-") as folder:
        print(f"{platform.platform()}, Python {platform.python_version()}, {versions()}")
        if "probes" in wanted:
            found = probes.scan(topology)
            findings += found
            tell("probes", len(found), f"of {len(probes.paths())} addresses answered wrongly")
        if "observatory" in wanted:
            found, points = observatory.scan(topology)
            findings += found
            tell("observatory", len(found), f"tests took points; {points}")
        if "wapiti" in wanted:
            began = time.monotonic()
            found, figures = attack.scan(topology, Path(folder))
            findings += found
            minutes = (time.monotonic() - began) / 60
            tell("wapiti", len(found), f"findings on {figures['pages']} pages in {minutes:.0f} min, {attack.PACKAGE}")
    return findings


def versions() -> str:
    nginx = (
        subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip().removeprefix("nginx version: ")
    )
    bandit = subprocess.run(
        [sys.executable, "-m", "bandit", "--version"], capture_output=True, text=True
    ).stdout.split()
    return f"{nginx}, bandit {bandit[1]}"


def tell(scan: str, count: int, words: str) -> None:
    print(f"{scan:12} {count:4} {words}", flush=True)


def ends(findings: list[Finding], scans: set[str]) -> None:
    """Print what was found, and exit with an error for what docs/security.md does not explain."""
    for finding, count in sorted(Counter(findings).items()):
        print(f"  {finding}" + (f" ({count} times)" if count > 1 else ""))
    new, old = unexplained(findings), outdated(findings, scans)
    for finding in new:
        print(f"Not explained in docs/security.md: {finding}")
    for row in old:
        print(f"Explained in docs/security.md, and not found any more: {' | '.join(row)}")
    print("Everything that was found is explained." if not new and not old else "")
    sys.exit(bool(new or old))


if __name__ == "__main__":
    main()

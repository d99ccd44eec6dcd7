"""bandit on the code that is deployed."""

import json
import subprocess
import sys
from collections import Counter

from benchmarks.servers import ROOT
from tests.scans.findings import Finding

DEPLOYED = ["recruitcms", "roles", "leads", "deploy", "manage.py"]


def scan() -> list[Finding]:
    """Return what bandit notes: a rule, a file, and how often and where in it."""
    words = [sys.executable, "-m", "bandit", "--quiet", "--recursive", "--format", "json", *DEPLOYED]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)
    report = json.loads(done.stdout)
    if report["errors"]:
        raise RuntimeError(f"bandit could not read {report['errors']}")
    found: Counter[tuple[str, str, str]] = Counter()
    for row in report["results"]:
        found[row["test_id"], row["filename"].removeprefix("./"), row["issue_text"].partition(".")[0]] += 1
    return [Finding("bandit", rule, file, f"({words}; {count})") for (rule, file, words), count in found.items()]

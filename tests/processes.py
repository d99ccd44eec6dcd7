"""What a process of its own gets of this one's environment, where it must get nothing of the site's settings."""

import os

NEEDED = ("PATH", "HOME", "LANG")
MEASURED = "COVERAGE_PROCESS_CONFIG"  # set by coverage while it measures: what such a process runs counts as well


def bare_environment() -> dict[str, str]:
    """Return what every process needs to run, and to be measured where the tests are; no setting of the site."""
    return {name: os.environ[name] for name in (*NEEDED, MEASURED) if name in os.environ}


def unmeasured(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment in which nothing is measured: for a process that cannot write what was."""
    return {name: value for name, value in environment.items() if name != MEASURED}

"""docs/privacy.md and docs/security.md say where each requirement is kept and shown: this keeps the tables true."""

import re

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
ROW = re.compile(r"\| ([A-Z]{3}-\d+) \| (.*) \| (.*) \|")
LINES = [line for name in ("privacy", "security") for line in (ROOT / f"docs/{name}.md").read_text().splitlines()]
ROWS = {match[1]: match for match in map(ROW.fullmatch, LINES) if match}
WANTED = {"CON": 22, "COO": 15, "EML": 17, "REL": 7, "SEC": 28}
FILE = re.compile(r"`([\w./]+\.(?:py|js|html|conf))`")


def test_each_requirement_has_its_row():
    wanted = {f"{kind}-{number}" for kind, last in WANTED.items() for number in range(1, last + 1)}

    assert wanted - set(ROWS) == set()


@pytest.mark.parametrize("requirement", sorted(ROWS))
def test_what_a_row_names_exists_and_a_test_of_it_names_the_requirement(requirement):
    _row, kept_by, shown_by = ROWS[requirement].groups()
    tests = [ROOT / "tests" / name for name in FILE.findall(shown_by)]

    modules = FILE.findall(kept_by)

    assert modules, "no module"
    assert [name for name in modules if not (ROOT / name).exists()] == []
    assert [path.name for path in tests if not path.exists()] == []
    assert any(re.search(rf"\b{requirement}\b", path.read_text()) for path in tests)

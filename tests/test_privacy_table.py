"""docs/privacy.md says where each requirement is kept and shown: this keeps the table true."""

import re

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
ROW = re.compile(r"\| ([A-Z]{3}-\d+) \| (.*) \| (.*) \|")
ROWS = {match[1]: match for match in map(ROW.fullmatch, (ROOT / "docs/privacy.md").read_text().splitlines()) if match}
WANTED = {"CON": 22, "COO": 15, "EML": 17, "REL": 7}
FILE = re.compile(r"`([\w./]+\.(?:py|js|html))`")


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

"""Roles and leads know nothing of each other, but for the forms that views of roles show (docs/decisions.md)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
VIEWS = {"roles/library_views.py", "roles/own_text_views.py", "roles/views.py"}


def imported(file: Path) -> set[str]:
    """Return the modules that a file imports from, wherever in it that stands."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize(("app", "other"), [("roles", "leads"), ("leads", "roles")])
def test_an_app_imports_nothing_of_the_other(app, other):
    looking = {
        str(file.relative_to(ROOT))
        for file in (ROOT / app).rglob("*.py")
        if any(name.split(".")[0] == other for name in imported(file))
    }

    assert looking <= VIEWS


def test_views_of_roles_touch_no_model_of_leads():
    for view in VIEWS:
        assert not {name for name in imported(ROOT / view) if name.startswith("leads.models")}

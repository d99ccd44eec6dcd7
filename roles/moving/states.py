"""What a document says, as plain data: to tell whether an import would change it, or an editor has."""

import hashlib
import json
from typing import Any

from recruitcms.models import Page
from roles.models import Role, Section

# What an import can bring, by name and not read from the models: the marks of it are kept (`Origin.fingerprint`), and a
# field that comes later must not make every imported document look as if an editor had changed it.
FIELDS = ("title", "slug", "language", "summary", "search_title", "search_description")
ROLE_FIELDS = (*FIELDS, "title_plural", "category_id", "author_id", "picture_id")
PAGE_FIELDS = (*FIELDS, "body")
SECTION_FIELDS = ("kind", "heading", "body", "advice", "note", "in_copy")
LEVEL_FIELDS = ("level", "title", "title_plural", "summary", "search_title", "search_description")


def state_of(document: Role | Page) -> dict[str, Any]:
    """Return what a working copy says: {"fields"} of a page, and {"sections", "resumes", "related"} of a role.

    Also its "levels", and that of a section, where it has any: so the marks of roles without them stay as they were.
    """
    if isinstance(document, Page):
        return {"fields": _fields(document, PAGE_FIELDS)}
    levels = [_fields(level, LEVEL_FIELDS) for level in document.levels.all()]
    return ({"levels": levels} if levels else {}) | {
        "fields": _fields(document, ROLE_FIELDS),
        "sections": [
            _fields(section, SECTION_FIELDS) | _level_of(vars(section)) for section in document.sections.all()
        ],
        "resumes": [_fields(resume, ("picture_id", "title")) for resume in document.resumes.all()],
        "related": sorted(role.pk for role in document.related.all()),
    }


def fingerprint(state: dict[str, Any]) -> str:
    """Return a short mark of a state; line ends, which browsers change, do not count."""
    text = json.dumps(state, sort_keys=True).replace("\\r\\n", "\\n").replace("\\r", "\\n")
    return hashlib.sha256(text.encode()).hexdigest()


def _fields(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _level_of(section: dict[str, Any]) -> dict[str, str]:
    return {"level": section["level"]} if section.get("level") else {}


def level_state(level: dict[str, Any]) -> dict[str, str]:
    """Return a level on its way in as it will be kept."""
    return {name: str(level.get(name) or "") for name in LEVEL_FIELDS}


def section_state(section: dict[str, Any]) -> dict[str, Any]:
    """Return a section on its way in as it will be kept."""
    in_copy = section.get("in_copy")
    return {
        **{name: section.get(name) or "" for name in SECTION_FIELDS},
        "in_copy": section["kind"] in Section.IN_COPY if in_copy is None else in_copy,
        **_level_of(section),
    }

"""Roles out, as role files in a folder or a zip archive: the same roles, the same bytes."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from roles.files import RoleFile, SectionFile, write_role
from roles.models import Role, RoleLevel, Section
from roles.moving.states import LEVEL_FIELDS

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first day that zip knows


def role_file(role: Role) -> RoleFile:
    """Return everything that a role's working copy says."""
    meta: dict[str, Any] = {
        "title": role.title,
        "title_plural": role.title_plural,
        "slug": role.slug,
        "language": role.language,
        "translation_group": str(role.translation_group),
        "category": _english_address(role.category),
        "author": role.author.slug,
        "summary": role.summary,
        "search_title": role.search_title,
        "search_description": role.search_description,
        "picture": role.picture.name if role.picture else "",
        "related": sorted(other.slug for other in role.related.all()),
        "levels": [_level(level) for level in role.levels.all()],
        "resumes": [{"picture": resume.picture.name, "title": resume.title} for resume in role.resumes.all()],
    }
    return RoleFile(meta, [_section(section) for section in role.sections.all()])


def _section(section: Section) -> SectionFile:
    usual = section.kind in Section.IN_COPY
    texts = {name: getattr(section, name) for name in ("kind", "level", "heading", "body", "advice", "note")}
    return SectionFile(**texts, in_copy=None if section.in_copy == usual else section.in_copy)


def _level(level: RoleLevel) -> dict[str, str]:
    return {name: value for name in LEVEL_FIELDS if (value := getattr(level, name))}


def _english_address(category: Any) -> str:
    if category.language == settings.LANGUAGE_CODE:
        return category.slug
    original = category.translations().filter(language=settings.LANGUAGE_CODE).first()
    return original.slug if original else category.slug


def role_files(roles: Iterable[Role]) -> Iterator[tuple[str, str]]:
    """Yield (path, text) for roles, by path."""
    for role in sorted(roles, key=lambda role: (role.language, role.slug)):
        yield f"{role.language}/{role.slug}.md", write_role(role_file(role))


def write_folder(roles: Iterable[Role], folder: Path) -> int:
    """Write role files into a folder. Return how many."""
    files = list(role_files(roles))
    for name, text in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return len(files)


def write_zip(roles: Iterable[Role]) -> bytes:
    """Return role files in a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in role_files(roles):
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), text.encode(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def all_roles() -> Any:
    """Return all roles with what their files need."""
    related = ("sections", "levels", "related", "resumes__picture")
    return Role.objects.select_related("category", "author", "picture").prefetch_related(*related)

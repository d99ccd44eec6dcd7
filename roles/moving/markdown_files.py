"""Markdown files of any make: our own role files, and others' with front matter in YAML or TOML, or none."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from roles.files import RoleFile, one_line_end, read_role, split_front_matter
from roles.levels import Level
from roles.models import Section
from roles.moving.incoming import Incoming, UnreadableError, completed, known_language
from roles.moving.outline import markdown_notes, outline

FRONT_BYTES = 64 * 1024
YAML = re.compile(r"\A\ufeff?\s*---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
OWN = re.compile(rf"^## ({'|'.join(Section.Kind.values)})(?:: .+)?$", re.MULTILINE)
# What others call our fields.
NAMES = {
    "title": ("title", "name", "job_title", "jobtitle", "position", "role"),
    "title_plural": ("title_plural", "plural"),
    "slug": ("slug", "permalink", "url", "handle"),
    "language": ("language", "lang", "locale"),
    "summary": ("summary", "description", "excerpt", "abstract", "subtitle", "intro", "teaser"),
    "search_title": ("search_title", "seo_title", "meta_title", "metatitle"),
    "search_description": ("search_description", "seo_description", "meta_description", "metadescription"),
    "author": ("author", "authors", "by"),
    "category": ("category", "categories", "department", "team", "section"),
    "picture": ("picture", "image", "cover", "featured_image", "thumbnail", "hero"),
    "aliases": ("aliases", "redirect_from", "old_paths"),
    "group": ("translation_group", "translationkey", "translation_key", "translation_id"),
}


class _PlainLoader(yaml.SafeLoader):
    """Reads plain values. Aliases, by which a few lines become gigabytes, are refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def read_markdown(name: str, text: str) -> Incoming:
    """Return the document in a Markdown file; `name`: its path, by which a second run knows it again.

    Raises UnreadableError where its front matter cannot be read.
    """
    text = one_line_end(text)
    if is_own(text):
        return _own_file(name, text)
    meta, body = front_matter(text)
    values = {ours: _value(meta, theirs, ours) for ours, theirs in NAMES.items()}
    found = outline(body, title=values["title"])
    item = Incoming(
        source="files",
        key=name[:300],
        title=found.title or title_from(name),
        type="Markdown file",
        sections=found.sections,
        language=values["language"] or language_in(name),
        slug=values["slug"].strip("/").rpartition("/")[2],
        fields={key: values[key] for key in ("title_plural", "summary", "search_title", "search_description")},
        author=values["author"],
        category=values["category"],
        group=values["group"],
        picture=values["picture"],
        old_paths=[path for path in values["aliases"].split(", ") if path.startswith("/")],
        notes=markdown_notes(body) + _unused(meta),
    )
    return completed(item)


def is_own(text: str) -> bool:
    """Tell whether a text is a role file of ours: TOML between +++, and a section of a known kind."""
    return text.lstrip("\ufeff \n").startswith("+++") and bool(OWN.search(text))


def _own_file(name: str, text: str) -> Incoming:
    try:
        file = read_role(text)
    except (ValueError, tomllib.TOMLDecodeError) as error:
        raise UnreadableError(f"{name}: {error}") from error
    unknown = sorted({section.kind for section in file.sections} - set(Section.Kind.values))
    if "\0" in "".join(_texts(file)):
        raise UnreadableError(f"{name}: there is a character in it that no database keeps (U+0000).")
    levels = [dict(level) for level in file.meta.get("levels", [])]
    named = {str(level.get("level", "")) for level in levels} | {section.level or "" for section in file.sections}
    odd = sorted(named - {"", *Level.values})
    if odd:
        raise UnreadableError(f"{name}: no level is called {', '.join(odd)}.")
    if unknown:
        raise UnreadableError(f"{name}: no kind of section is called {', '.join(unknown)}.")
    meta = {key: value if isinstance(value, list | str) else str(value) for key, value in file.meta.items()}
    language = known_language(str(meta.get("language") or language_in(name)))
    return Incoming(
        source="roles",
        key=f"{language}/{meta.get('slug', name)}"[:300],
        title=str(meta.get("title", "")),
        type="Role file",
        target="role",
        sections=[vars(section) for section in file.sections],
        language=language,
        slug=str(meta.get("slug", "")),
        fields={
            key: str(meta.get(key, "")) for key in ("title_plural", "summary", "search_title", "search_description")
        },
        author=str(meta.get("author", "")),
        category=str(meta.get("category", "")),
        group=str(meta.get("translation_group", "")),
        picture=str(meta.get("picture", "")),
        resumes=[dict(resume) for resume in meta.get("resumes", [])],  # type: ignore[arg-type]
        related=[str(slug) for slug in meta.get("related", [])],
        levels=levels,
    )


def _texts(file: RoleFile) -> Iterator[str]:
    rows = [*file.meta.get("resumes", []), *file.meta.get("levels", []), *(vars(section) for section in file.sections)]
    for values in [file.meta, *rows]:
        yield from (value for value in values.values() if isinstance(value, str))
    yield from file.meta.get("related", [])


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return (front matter in YAML or TOML, the text after it). Raises UnreadableError for one that cannot be read."""
    try:
        if text.lstrip("\ufeff \n").startswith("+++"):
            return split_front_matter(text)
        found = YAML.match(text)
        if not found or not re.match(r"\s*(?:[\w\"'-][^\n]*?:|#|\{)", found[1]):
            return {}, text.removeprefix("\ufeff")
        if len(found[1]) > FRONT_BYTES:
            raise UnreadableError("The front matter is too long.")
        meta = yaml.load(found[1], Loader=_PlainLoader)  # noqa: S506  (a loader of plain values)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"The front matter cannot be read: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(meta, dict):
        return {}, text
    return {str(key): value for key, value in meta.items()}, text[found.end() :]


def _value(meta: dict[str, Any], names: Iterable[str], ours: str) -> str:
    by_name = {re.sub(r"[\s-]", "_", key.lower()): value for key, value in meta.items()}
    value = next((by_name[name] for name in names if by_name.get(name) not in (None, "", [])), "")
    if isinstance(value, list):
        texts = [str(part) for part in value if not isinstance(part, dict | list)]
        return ", ".join(texts) if ours == "aliases" else next(iter(texts), "")
    if isinstance(value, dict):
        return str(value.get("name") or value.get("src") or value.get("url") or "")
    return str(value).replace("\0", "")


def _unused(meta: dict[str, Any]) -> list[str]:
    """Return a note for each value of the front matter that no field takes."""
    used = {name for names in NAMES.values() for name in names} | {"layout", "draft", "date", "type", "published"}
    return [
        f"Left out: {key}: {json.dumps(value, ensure_ascii=False, default=str)[:300]}"
        for key, value in meta.items()
        if re.sub(r"[\s-]", "_", key.lower()) not in used and value not in (None, "", [])
    ]


def title_from(name: str) -> str:
    """Return a title made of a file's name."""
    stem = re.sub(r"\.\w+$", "", name.rpartition("/")[2])
    words = re.sub(r"[-_.]+", " ", re.sub(r"^\d{4}-\d\d-\d\d-|\.(?:[a-z]{2})$", "", stem)).strip()
    return words[:1].upper() + words[1:]


def language_in(name: str) -> str:
    """Return the language that a path names: `pl/tester.md`, `tester.pl.md`; else ""."""
    found = re.search(r"(?:^|/)([a-z]{2})(?:[-_][A-Za-z]{2})?/|\.([a-z]{2})\.\w+$", name)
    return (found[1] or found[2]) if found else ""

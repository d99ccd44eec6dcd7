"""Roles as Markdown files with front matter in TOML. The format: docs/role-files.md."""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

NOTE = re.compile(r"^<!-- note: (.*?) -->[ \t]*\n?", re.MULTILINE)
ADVICE = re.compile(r"^<!-- advice -->[ \t]*$", re.MULTILINE)
HEADING = re.compile(r"^## ([a-z]+)(?:: (.+))?$", re.MULTILINE)


@dataclass
class SectionFile:
    kind: str
    heading: str = ""
    body: str = ""
    advice: str = ""
    note: str = ""


@dataclass
class RoleFile:
    """What a file says: `meta` is its front matter, as written."""

    meta: dict[str, Any]
    sections: list[SectionFile] = field(default_factory=list)


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return a file's front matter (TOML between two lines of +++) and the text after it.

    Raises ValueError where there is none or where it is no TOML.
    """
    _before, opening, rest = text.partition("+++\n")
    front, closing, body = rest.partition("\n+++")
    if not opening or not closing:
        raise ValueError("The file has no front matter between two lines of +++.")
    return tomllib.loads(front), body.strip()


def read_role(text: str) -> RoleFile:
    """Read a role file. Raises ValueError where its front matter cannot be read."""
    meta, body = split_front_matter(text)
    parts = HEADING.split(body)
    sections = [_section(*parts[number : number + 3]) for number in range(1, len(parts), 3)]
    return RoleFile(meta, sections)


def _section(kind: str, heading: str | None, text: str) -> SectionFile:
    note = NOTE.search(text)
    body, *advice = ADVICE.split(NOTE.sub("", text), maxsplit=1)
    return SectionFile(
        kind=kind,
        heading=heading or "",
        body=body.strip(),
        advice=advice[0].strip() if advice else "",
        note=note.group(1).strip() if note else "",
    )

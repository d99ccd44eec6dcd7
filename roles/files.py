"""Roles as Markdown files with front matter in TOML, read and written. The format: docs/role-files.md.

What is written is read back to the letter; only line ends become `\\n`, as in every text file.
"""

import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

import tomli_w

OPENING = re.compile(r"\ufeff?\s*\+\+\+[ \t]*\n")
CLOSING = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)
NOTE = re.compile(r"^<!-- note: (.*?) -->[ \t]*\n?", re.MULTILINE)
LEVEL = re.compile(r"^<!-- level: ([a-z-]+) -->[ \t]*\n?", re.MULTILINE)
IN_COPY = re.compile(r"^<!-- in copy: (yes|no) -->[ \t]*\n?", re.MULTILINE)
ADVICE = re.compile(r"^<!-- advice -->[ \t]*$", re.MULTILINE)
HEADING = re.compile(r"^## ([a-z]+)(?:: (.+))?$", re.MULTILINE)
CONTROL = re.compile(r"[\x00-\x1f]")
EXACT = "<!-- exact -->\n"
# Lines of a text that would be taken for one of the above get a backslash, and one more where they have some already.
MARK = r"\\*(?:## [a-z]+(?::.*)?[ \t]*$|<!-- (?:note|level|in copy|advice|exact)\b)"
LOOKS_LIKE_OURS = re.compile(rf"^(?={MARK})", re.MULTILINE)
ESCAPED = re.compile(rf"^\\(?={MARK})", re.MULTILINE)


@dataclass
class SectionFile:
    """One section; `in_copy` None: as is usual for its kind."""

    kind: str
    heading: str = ""
    body: str = ""
    advice: str = ""
    note: str = ""
    in_copy: bool | None = None
    level: str = ""


@dataclass
class RoleFile:
    """What a file says: `meta` is its front matter, as written."""

    meta: dict[str, Any]
    sections: list[SectionFile] = field(default_factory=list)


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return a file's front matter (TOML between two lines of +++) and the text after it.

    Raises ValueError where there is none or where it is no TOML.
    """
    text = one_line_end(text)
    opening = OPENING.match(text)
    closing = CLOSING.search(text, opening.end()) if opening else None
    if not opening or not closing:
        raise ValueError("The file has no front matter between two lines of +++.")
    return tomllib.loads(text[opening.end() : closing.start()]), text[closing.end() :]


def one_line_end(text: str) -> str:
    """Return a text with `\\n` alone at the ends of its lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_role(text: str) -> RoleFile:
    """Read a role file. Raises ValueError where its front matter cannot be read or words stand before the sections."""
    meta, body = split_front_matter(text)
    before, *parts = HEADING.split(body)
    if before.strip():
        raise ValueError(f"These words stand before the first section: “{before.strip()[:60]}”.")
    parts[2:-1:3] = [text.removesuffix("\n") for text in parts[2:-1:3]]  # the blank line before the next heading
    sections = [_section(*parts[number : number + 3]) for number in range(0, len(parts), 3)]
    return RoleFile(meta, sections)


def _section(kind: str, heading: str | None, text: str) -> SectionFile:
    note, level, in_copy = NOTE.search(text), LEVEL.search(text), IN_COPY.search(text)
    for mark in (NOTE, LEVEL, IN_COPY):
        text = mark.sub("", text, count=1)
    body, *advice = ADVICE.split(text, maxsplit=1)
    return SectionFile(
        kind=kind,
        heading=_read_line(heading or ""),
        body=_read_text(body),
        advice=_read_text(advice[0]) if advice else "",
        note=_read_line(note.group(1)) if note else "",
        in_copy=in_copy.group(1) == "yes" if in_copy else None,
        level=level.group(1) if level else "",
    )


def _read_text(text: str) -> str:
    before, exact, kept = text.partition(EXACT)
    words = kept[: -len("\n")] if exact and not before.strip() and kept.endswith("\n") else text.strip()
    return ESCAPED.sub("", words)


def _read_line(text: str) -> str:
    text = text.strip()
    if text.startswith('"') and text.endswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            pass  # a quotation, written by hand
    return text


def write_role(file: RoleFile) -> str:
    """Return the text of a role file, always the same for the same role."""
    front = tomli_w.dumps({name: value for name, value in file.meta.items() if value not in ("", [], None)})
    return f"+++\n{front}+++\n" + "".join(_write_section(section) for section in file.sections)


def _write_section(section: SectionFile) -> str:
    lines = [f"\n## {section.kind}" + (f": {_write_line(section.heading)}" if section.heading else "")]
    if section.note:
        lines.append(f"<!-- note: {_write_line(section.note)} -->")
    if section.level:
        lines.append(f"<!-- level: {section.level} -->")
    if section.in_copy is not None:
        lines.append(f"<!-- in copy: {'yes' if section.in_copy else 'no'} -->")
    lines.append(_write_text(section.body))
    if section.advice:
        lines += ["<!-- advice -->", _write_text(section.advice)]
    return "\n".join(lines) + "\n"


def _write_text(text: str) -> str:
    text = one_line_end(text)
    escaped = LOOKS_LIKE_OURS.sub(r"\\", text)
    return escaped if text == text.strip() else EXACT + escaped


def _write_line(text: str) -> str:
    odd = text != text.strip() or CONTROL.search(text) or text.startswith('"') or "-->" in text
    return json.dumps(text, ensure_ascii=False).replace(">", "\\u003e") if odd else text

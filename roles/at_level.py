"""A role at a level: what it says for all levels, with what it says otherwise at that one.

A section of a level stands in place of the one for all levels that it follows: the last of its kind before it, else the
first. Where there is none, the level adds it at its place. Only such sections are stored, and frozen:

{"levels": [{"level", "title", "title_plural", "summary", "search_title", "search_description",
"sections": {id: section}, "headings": {id: heading of a section that stays}, "order": [id, …]}, …]}
"""

import copy
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from django.utils.html import strip_tags
from django.utils.translation import gettext as _

WORDS_A_MINUTE = 200
Content = dict[str, Any]  # what `Role.freeze` returns
Frozen = dict[str, Any]  # one section of it


# --- the rows ---


class Standing(NamedTuple):
    """A section on the page of a level: as it stands, the row that says it, and the row for all levels in its place."""

    section: Any
    row: Any
    base: Any  # None: the level alone has it


def sections_at(sections: Sequence[Any], level: str = "") -> list[Standing]:
    """Return the sections of a role as they stand at a level, in order; "": for all levels.

    Those of a level come as copies that are not to be saved (`Section.over`).
    """
    instead: dict[int, Any] = {}
    added = set()
    for section in sections if level else []:
        if section.level == level:
            base = base_of(section, sections)
            if base is None or id(base) in instead:
                added.add(id(section))
            else:
                instead[id(base)] = section
    standing = []
    for section in sections:
        own = instead.get(id(section))
        if own:
            standing.append(Standing(own.over(section), own, section))
        elif not section.level:
            standing.append(Standing(section, section, section))
        elif id(section) in added:
            standing.append(Standing(section, section, None))
    return standing


def base_of(section: Any, sections: Sequence[Any]) -> Any:
    """Return the section for all levels that one of a level stands in place of; None where there is none."""
    places = [place for place, each in enumerate(sections) if section.stands_for(each)]
    here = sections.index(section)
    before = [place for place in places if place < here]
    return sections[(before[-1:] or places)[0]] if places else None


# --- frozen ---


def frozen_sections(role: Any, sections: Sequence[Any], levels: Iterable[Any], pictures: bool) -> Content:
    """Return {"sections", "levels"} of a role's rows; `pictures`: whether it has sample résumés."""
    shown = [each.section for each in sections_at(sections) if each.section.says_something(pictures)]
    ids: dict[int, str] = {}
    for section in shown:
        ids[id(section)] = _free_id(section.kind, ids.values())
    return {
        "sections": [section.freeze(role) | {"id": ids[id(section)]} for section in shown],
        "levels": [level.freeze() | _frozen_level(level, sections, ids, pictures) for level in levels if level.level],
    }


def _frozen_level(level: Any, sections: Sequence[Any], ids: Mapping[int, str], pictures: bool) -> Content:
    own: dict[str, Frozen] = {}
    headings: dict[str, str] = {}
    order = []
    for section, row, base in sections_at(sections, level.level):
        if not section.says_something(pictures):
            continue
        name = ids.get(id(base)) or _free_id(section.kind, [*ids.values(), *own])
        order.append(name)
        if row is base:
            headings[name] = section.heading_in(level)
        else:
            own[name] = section.freeze(level) | {"id": name}
    return {"sections": own, "headings": headings, "order": order}


def _free_id(kind: str, taken: Iterable[str]) -> str:
    """Return the id of the next section of a kind on a page: "duties", "duties-2"."""
    names = (kind if number == 1 else f"{kind}-{number}" for number in count(1))
    return next(name for name in names if name not in set(taken))


# --- read ---


def has_level(levels: Iterable[Mapping[str, Any]] | None, level: str) -> bool:
    """Tell whether a level is among those that were frozen; revisions of before have none."""
    return any(each["level"] == level for each in levels or [])


def at_level(revision: Any, level: str) -> Any:
    """Return a role's revision as it is at a level, not to be saved; None where the role has no such level.

    Its `base` is the revision that was given.
    """
    found = next((each for each in revision.content.get("levels", []) if each["level"] == level), None)
    if found is None:
        return None
    base = {section["id"]: section for section in revision.content["sections"]}
    said = found["sections"] | {name: base[name] | {"heading": heading} for name, heading in found["headings"].items()}
    there = copy.copy(revision)
    there.base, there.level, there.title = revision, level, found["title"]
    there.summary = found["summary"] or revision.summary
    there.content = revision.content | {
        "title_plural": found["title_plural"] or found["title"],
        "search_title": found["search_title"],
        "search_description": found["search_description"],
        "sections": [said[name] for name in found["order"]],
    }
    there.reading_minutes = _minutes(there.content["sections"])
    return there


def _minutes(sections: Iterable[Frozen]) -> int:
    words = sum(len(strip_tags(html).split()) for section in sections for html in _htmls(section))
    return max(1, math.ceil(words / WORDS_A_MINUTE))


def _htmls(section: Frozen) -> list[str]:
    cards = [html for card in section["cards"] for html in (card["title"], card["html"])]
    return [section["heading"], section["html"], *cards, section["advice_html"]]


# --- marked ---

# A block of text with the tag that opens it, up to the next tag that opens or closes a block.
BLOCK = re.compile(
    r"<(p|li|h[3-6]|t[dh])\b([^>]*)>(.*?)(?=</?(?:p|ul|ol|li|h[3-6]|blockquote|table|t[rdh])\b)", re.DOTALL
)


def mark_changes(content: Content, base: Content) -> Content:
    """Return the content of a role at a level with its changed lines marked, for the page alone.

    Headings that follow the role's title are not marked: all of them do.
    """
    before = {section["id"]: section for section in base["sections"]}
    return content | {"sections": [_marked(section, before.get(section["id"])) for section in content["sections"]]}


def _marked(section: Frozen, base: Frozen | None) -> Frozen:
    cards = base["cards"] if base else []
    return section | {
        "html": mark_blocks(section["html"], base["html"] if base else ""),
        "cards": [card | {"changed": card not in cards} for card in section["cards"]],
        "advice_html": mark_blocks(section["advice_html"], base["advice_html"] if base else ""),
    }


def mark_blocks(html: str, base: str) -> str:
    """Mark the paragraphs, list items and headings of rendered HTML that are not in another one."""
    known = {block[3].strip() for block in BLOCK.finditer(base)}
    said = f'<span class="vh noprint">{_("Changed:")} </span>'

    def marked(block: re.Match[str]) -> str:
        text = block[3].strip()
        return block[0] if not text or text in known else f"<{block[1]} data-changed{block[2]}>{said}{block[3]}"

    return BLOCK.sub(marked, html)

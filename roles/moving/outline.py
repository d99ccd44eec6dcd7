"""The outline of a Markdown text that somebody else wrote: its title, and its sections by what their headings name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from roles.files import one_line_end
from roles.moving.hidden_headings import CELL_BREAK, set_free, unquoted
from roles.moving.matching import OTHER, kind_of, names_a_kind
from roles.moving.rich_text import COMMENT, to_markdown

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
CODE = re.compile(r"(?<!`)(`+)(?!`)[^\n]+?(?<!`)\1(?!`)")
ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+|(?<=##)(?=[^#\s]))(.*?)(?:[ \t]+#+)?[ \t]*$")
UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
BOLD_LINE = re.compile(r"^ {0,3}(?:[^\w\s*]{1,3}\s*)?(\*{2,3}|_{2,3})(?=[^\s*_])((?:(?!\1).)+?)\1[ \t]*(:?)[ \t]*\\?$")
BOLD_LEAD = re.compile(r"^ {0,3}(\*\*|__)(?=\S)((?:(?!\1).)+?)(?:(:)\1|\1[ \t]*(:))[ \t]+(?=\S)(.*)$")
LIST_ITEM = re.compile(r"^([ \t]*)([-*+•●▪■◦○‣⁃·–—➤►✓✔✅☑]|\d{1,3}[.)])[ \t]+(?=\S)(?:\[[ xX]\][ \t]+)?")
OUR_ITEM = re.compile(r"^ *(?:- |\d+\. )")
TABLE_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
TABLE_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$")
HTML_BLOCK = re.compile(
    r"<(ul|ol|table|h[1-6]|p|div|blockquote|dl|details|section|center)\b[^<>]*>.{0,50000}?</\1\s*>",
    re.DOTALL | re.IGNORECASE,
)
HTML_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])[^<>]*>")
HTML_NAMES = {
    "a", "abbr", "article", "aside", "b", "big", "blockquote", "br", "button", "center", "cite", "code", "dd", "del",
    "details", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "form", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hr", "i", "iframe", "img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "picture",
    "pre", "s", "section", "small", "source", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "video",
}  # fmt: skip
DEFINITION = re.compile(r"^ {0,3}\[([^\]\n]+)\]:[ \t]+<?(\S+?)>?(?:[ \t]+[\"'(].*[\"')])?[ \t]*$", re.MULTILINE)
IMAGE = re.compile(r"!\[([^\]]{0,500})\]\(([^)\s]{0,2000})(?:\s+[\"'][^)]*[\"'])?\)")
HEADING_LENGTH = 120
TAGS_CONVERTED = 2_000  # a Markdown text with more of them is no text; its tags are only taken out
BOLD_LEVEL = 7  # below every real heading
PLAIN_LEVEL = 8


@dataclass
class Outline:
    """What a text consists of. Each section: {"kind", "heading", "body"}; the first one may have no heading."""

    title: str = ""
    sections: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Part:
    level: int
    heading: str
    lines: list[str]


def outline(text: str, title: str = "", role: str = "") -> Outline:
    """Return the outline of a Markdown text. `title`: its title, where known; `role`: the role named in headings."""
    lines = set_free(_tidied_lines(unquoted(text)))
    parts = _parts(lines)
    levels = [part.level for part in parts if part.heading]
    if sum(level < PLAIN_LEVEL for level in levels) <= 1 or min(levels) >= BOLD_LEVEL:
        parts = _parts(lines, plain=True)
    found = title
    first = next((part for part in parts if part.heading), None)
    if first and _is_title(first, parts, title):
        found = found or _plain(first.heading)
        first.heading, first.level = "", 0
    return Outline(found, list(_sections(parts, role or found)))


def _is_title(first: _Part, parts: list[_Part], title: str) -> bool:
    """Tell whether the first heading is the title: it says the same, or stands alone on top, or opens the text."""
    if title:
        return _plain(first.heading).casefold() == title.casefold()
    levels = [part.level for part in parts if part.heading]
    if first.level == 1 and levels.count(1) == 1:
        return True
    opens = not "".join("".join(part.lines) for part in parts[: parts.index(first)]).strip()
    return opens and len(levels) > 1 and first.level == min(levels) and kind_of(first.heading) == OTHER


def tidied(text: str) -> str:
    """Return Markdown as ours reads it: one bullet, lists set apart and nested by four spaces, no HTML."""
    return "\n".join(_tidied_lines(text)).replace(CELL_BREAK, " ").strip()


def markdown_notes(text: str) -> list[str]:
    """Return what a Markdown text shows that cannot be taken along: its pictures."""
    return [f"Left out: picture {source}" for _alt, source in IMAGE.findall(text)]


def _tidied_lines(text: str) -> list[str]:
    text = one_line_end(text).replace("\0", "").replace("\u00a0", " ").expandtabs(4)
    prose = "".join(part if code else _without_html(part) for code, part in _by_code(text))
    return _spaced_lists(_links_in_place(prose))


def _by_code(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (is it fenced code, text) for the stretches of a text."""
    held: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = FENCE.match(line)
        if mark and not fence:
            yield False, "".join(held)
            held, fence = [line], mark[1][:3]
        elif mark and mark[1].startswith(fence):
            yield True, "".join([*held, line])
            held, fence = [], ""
        else:
            held.append(line)
    yield bool(fence), "".join(held)


def _without_html(text: str) -> str:
    if "<" not in text:
        return text
    text = CODE.sub(lambda code: code[0].replace("<", "\0"), text)
    text = COMMENT.sub("", text)
    if text.count("<") < TAGS_CONVERTED:
        text = HTML_BLOCK.sub(lambda block: f"\n\n{_block(block[0])}\n\n", text)
    text = TABLE_ROW.sub(lambda row: BREAK.sub(CELL_BREAK, row[0]), text)
    text = BREAK.sub("  \n", text)
    text = re.sub(r"</?(?:strong|b)>", "**", text)
    text = re.sub(r"<img\b[^<>]*?\balt=[\"']([^\"'<>]*)[\"'][^<>]*>", r"\1", text)
    text = re.sub(r"<a\b[^<>]*?href=[\"']([^\"'<>]*)[\"'][^<>]*>([^<>]*)</a>", r"[\2](\1)", text)
    text = HTML_TAG.sub(lambda tag: "" if tag[1].lower() in HTML_NAMES else tag[0].replace("<", "&lt;"), text)
    return text.replace("\0", "<")


def _block(html: str) -> str:
    """Return a block of HTML as Markdown; one that only wraps Markdown is unwrapped."""
    inner = re.sub(r"^<[^>]*>|<[^>]*>$", "", html)
    if re.match(r"<(?:p|div|section|center|details)\b", html, re.IGNORECASE) and not HTML_BLOCK.search(inner):
        return re.sub(r"<summary[^>]*>(.*?)</summary>", r"\n**\1**\n", inner, flags=re.DOTALL | re.IGNORECASE)
    return to_markdown(html)


def _links_in_place(text: str) -> str:
    """Put the addresses of reference links where they are used: each section is read by itself."""
    text = IMAGE.sub(r"\1", text)
    addresses = {name.casefold(): address for name, address in DEFINITION.findall(text) if not name.startswith("^")}
    if not addresses:
        return text
    text = DEFINITION.sub(lambda found: "" if found[1].casefold() in addresses else found[0], text)

    def linked(found: re.Match[str]) -> str:
        address = addresses.get((found[2] or found[1]).casefold())
        return f"[{found[1]}]({address})" if address else found[0]

    return re.sub(r"\[([^\[\]\n]+)\](?:\[([^\[\]\n]*)\])?(?!\()", linked, text)


def _spaced_lists(text: str) -> list[str]:
    """Return lines with lists as our Markdown wants them."""
    lines: list[str] = []
    for code, part in _by_code(text):
        lines += part.rstrip("\n").split("\n") if code else _list_lines(part.split("\n"), lines)
    return lines


def _list_lines(lines: list[str], before: list[str]) -> list[str]:
    out: list[str] = []
    indents: list[int] = []
    for line in lines:
        previous = (out or before or [""])[-1]
        item = LIST_ITEM.match(line)
        if (
            item
            and not TABLE_RULE.match(line)
            and not UNDERLINE.match(line)
            and not re.match(r"^ {0,3}([-*_] *){3,}$", line)
        ):
            indent = len(item[1])
            if not indents and indent >= 4 and not previous.strip():
                indent = 0 if item[2] not in "-*+" else indent
            while indents and indent <= indents[-1] - 1:
                indents.pop()
            if not indents or indent > indents[-1] + 1:
                indents.append(indent)
            if (
                previous.strip()
                and not OUR_ITEM.match(previous)
                and not previous.startswith("    ")
                and len(indents) == 1
            ):
                out.append("")
            bullet = f"{item[2][:-1]}. " if item[2][0].isdigit() else "- "
            out.append("    " * (len(indents) - 1) + bullet + line[item.end() :])
        elif indents and line.strip() and line.startswith(" "):
            out.append("    " * len(indents) + line.strip())  # goes on in an item
        else:
            if line.strip() and not (previous.strip() and indents):
                indents = []
            out.append(line)
    return out


def _parts(lines: list[str], plain: bool = False) -> list[_Part]:
    """Split lines at headings of every look. The first part is what stands before them all.

    `plain`: the text has no headings by markup but its title, so that a line that only names a kind is one anywhere.
    """
    parts = [_Part(0, "", [])]
    fence = ""
    for number, line in enumerate(lines):
        mark = FENCE.match(line)
        fence = "" if mark and fence and mark[1].startswith(fence) else (mark[1][:3] if mark and not fence else fence)
        lead = (
            None
            if fence or mark
            else _heading(line, (lines[number + 1 : number + 2] or [""])[0], parts[-1].lines, plain)
        )
        if lead is None:
            parts[-1].lines.append(line)
            continue
        level, heading, rest = lead
        if level in {-1, -2}:  # underlined: the line before was the heading
            heading = OUR_ITEM.sub("", parts[-1].lines.pop()).strip()
            level = -level
        parts.append(_Part(level, heading, [rest] if rest else []))
    return parts


def _heading(line: str, below: str, before: list[str], plain: bool) -> tuple[int, str, str] | None:
    """Return (level, heading, text behind it on the same line) where a line is a heading."""
    if atx := ATX.match(line):
        return (len(atx[1]), atx[2].strip(), "") if atx[2].strip() else None
    above = before[-1] if before else ""
    if (under := UNDERLINE.match(line)) and above.strip() and _may_be_underlined(above, before):
        return (-1 if under[1].startswith("=") else -2), "", ""
    alone = not above.strip()
    bold = BOLD_LINE.match(line)
    if bold and not re.search(r"[.;,]$", bold[2]) and (alone or names_a_kind(bold[2], marked=True)):
        return BOLD_LEVEL, bold[2].strip(), ""
    if alone and (lead := BOLD_LEAD.match(line)) and names_a_kind(lead[2], marked=True):
        return BOLD_LEVEL, lead[2].strip(), lead[5]
    apart = alone and (not below.strip() or line.rstrip().endswith(":"))
    if (plain or apart) and not UNDERLINE.match(below) and _may_be_plain(line) and names_a_kind(line):
        return PLAIN_LEVEL, line.strip(), ""
    return None


def _may_be_plain(line: str) -> bool:
    """Tell whether a line without markup looks like a heading."""
    words = line.strip()
    looks_like_text = OUR_ITEM.match(line) or line.startswith("    ") or "|" in words or re.search(r"[.!;,]$", words)
    return 1 < len(words) <= 60 and not looks_like_text and not words[0].islower()


def _may_be_underlined(above: str, before: list[str]) -> bool:
    paragraph = len(before) > 1 and before[-2].strip()
    item = OUR_ITEM.match(above) and not names_a_kind(above)
    return not paragraph and not item and "|" not in above and len(above) <= 200


def _sections(parts: list[_Part], role: str) -> Iterator[dict[str, Any]]:
    """Yield the sections: a part begins one where it is of the highest level or names a kind of its own."""
    headed = [part for part in parts if part.heading]
    top = min((part.level for part in headed), default=0)
    section: dict[str, Any] = {"kind": "introduction", "heading": "", "body": "", "level": top}
    for part in parts:
        text = "\n".join(part.lines) if part.level == top else ""
        kind = kind_of(part.heading, role, text) if part.heading else "introduction"
        begins = part.heading and (part.level == top or kind not in {OTHER, section["kind"]})
        if begins:
            yield from _told(section)
            section = {"kind": kind, **_fitting(part.heading), "level": part.level}
        elif part.heading:
            section["body"] += f"\n\n{_subheading(part, section['level'])}"
        section["body"] += "\n\n" + "\n".join(part.lines).strip("\n")
    yield from _told(section)


def _told(section: dict[str, Any]) -> Iterator[dict[str, Any]]:
    body = re.sub(r"\n{3,}", "\n\n", section["body"]).strip("\n").rstrip()
    body = re.sub(r"\A\s*(?:[-*_] *){3,}\s*(?:\n|\Z)|\n\s*(?:[-*_] *){3,}\s*\Z", "", body).strip("\n")
    if section["heading"] or body.strip():
        yield {"kind": section["kind"], "heading": section["heading"], "body": body}


def _subheading(part: _Part, level: int) -> str:
    if part.level == BOLD_LEVEL:
        return f"**{part.heading}**"
    if part.level == PLAIN_LEVEL:
        return part.heading
    return f"{'#' * max(3, min(6, part.level - level + 2))} {part.heading}"


def _fitting(heading: str) -> dict[str, str]:
    """Return a heading without markup; one that is too long for the field opens the text instead."""
    plain = _plain(heading)
    if len(plain) <= HEADING_LENGTH:
        return {"heading": plain, "body": ""}
    return {"heading": plain[: HEADING_LENGTH - 1].rsplit(" ", 1)[0] + "…", "body": f"### {heading}"}


def _plain(heading: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = text.replace("&lt;", "<").replace("&amp;", "&")
    return re.sub(r"\\([\\`*_{}\[\]()#+\-.!<>|])", r"\1", text).strip().rstrip(":").strip()

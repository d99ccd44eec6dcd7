"""What WordPress editors and page builders leave in a text: shortcodes, block comments, paragraphs without tags."""

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterator
from html import escape, unescape
from typing import Any
from urllib.parse import unquote

from roles.moving.rich_text import BLOCKS

NAME = r"[a-zA-Z][a-zA-Z0-9_-]*"
ATTRIBUTE = r"""[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'\]]+)"""
TAG = re.compile(
    rf"""\[(?P<close>/)?(?P<name>{NAME})"""
    rf"""(?P<attributes>(?:\s+(?:{ATTRIBUTE}|"[^"]*"|[^\s\[\]"=]+))*)\s*(?P<alone>/)?\]"""
)
ATTRIBUTES = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'\]]+))""")
# Known to be shortcodes even where nothing else shows it; other words in brackets are words to fill in.
BUILDERS = re.compile(
    r"^(vc_|et_pb_|fusion_|av_|cs_|fl_|wpb_|nectar_|ux_|mk_|tatsu_|us_|kc_|thrive_|siteorigin_|mpc_|dt_|rev_slider)",
    re.IGNORECASE,
)
KNOWN = {
    "gallery", "caption", "wp_caption", "embed", "audio", "video", "playlist", "contact-form-7", "contact-form",
    "gravityform", "gravityforms", "wpforms", "ninja_form", "ninja_forms", "formidable", "mc4wp_form", "rev_slider",
    "toc", "ez-toc", "recent_posts", "jobs", "job_listings", "job_summary", "submit_job_form", "su_spacer", "divider",
    "spacer", "clear", "hr", "more", "columns", "column", "row", "button", "social_share", "addtoany", "sharethis",
    "tablepress",
}  # fmt: skip
SHOW_A_CAPTION = {"caption", "wp_caption", "gallery", "contact-form-7", "gravityform", "wpforms", "audio", "video"} | {
    "playlist",
    "embed",
    "rev_slider",
}
HEADLINES = ("title", "heading", "headline", "main_heading", "question")
WORDS = (
    "subtitle", "sub_heading", "text", "label", "caption", "content", "description", "button_text", "answer", "name",
    "author", "quote",
)  # fmt: skip
BLOCK = re.compile(r"<!--\s*(/)?wp:([a-z][a-z0-9/_-]*)\s*(\{(?:(?!<!--).)*?\})?\s*(/)?-->", re.DOTALL)
RAW = re.compile(r"\[(vc_raw_html|vc_raw_js)\b[^\[\]]*\]((?:(?!\[vc_raw).)*?)\[/\1\]", re.DOTALL)


def to_html(text: str, seen: Counter[str], notes: list[str]) -> str:
    """Return a WordPress text as plain HTML. Counts shortcodes in `seen`; adds what shows nothing to `notes`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = bool(BLOCK.search(text))
    text = BLOCK.sub(lambda found: _block(found, seen, notes), text)
    text = RAW.sub(lambda found: _raw(found, seen, notes), text)
    closed = {name.lower() for name in re.findall(rf"\[/({NAME})\]", text)}
    text = re.sub(r"\[(\[[^\[\]]+\])\]", lambda found: found[1].replace("[", "&#91;").replace("]", "&#93;"), text)
    text = TAG.sub(lambda found: _shortcode(found, closed, seen, notes), text)
    return text if blocks else paragraphs(text)


def paragraphs(text: str) -> str:
    """Put in the paragraphs that WordPress makes of blank lines when it shows a text."""
    kept = re.split(r"(<pre\b(?:(?!<pre\b).)*?</pre\s*>)", text, flags=re.DOTALL | re.IGNORECASE)
    return "".join(part if number % 2 else _paragraphs(part) for number, part in enumerate(kept))


def _paragraphs(text: str) -> str:
    text = re.sub(rf"(<{BLOCKS}\b[^<>]*>)", r"\n\n\1", text, flags=re.IGNORECASE)
    text = re.sub(rf"(</{BLOCKS}\s*>)", r"\1\n\n", text, flags=re.IGNORECASE)
    out = []
    for chunk in re.split(r"\n\s*\n", text):
        if not chunk.strip():
            continue
        block = re.match(rf"\s*</?{BLOCKS}\b", chunk, re.IGNORECASE)
        lines = re.sub(r"(?<!<br>)(?<!<br/>)(?<!<br />)\n", "<br>\n", chunk.strip())
        out.append(chunk if block else f"<p>{lines}</p>")
    return "\n".join(out)


def _block(found: re.Match[str], seen: Counter[str], notes: list[str]) -> str:
    closing, name, attributes, alone = found.groups()
    if not alone or closing:
        return ""
    seen[f"wp:{name}"] += 1
    words = "".join(f"<p>{escape(text)}</p>" for text in _sentences(_json(attributes)))
    if not words and name not in {"separator", "spacer", "more", "nextpage"}:
        notes.append(f"Left out: block {name}")
    return words


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}


def _sentences(value: Any) -> list[str]:
    """Return the texts of a block's data: strings of several words, keys that begin with _ aside."""
    if isinstance(value, dict):
        return [text for key, inner in value.items() if not key.startswith("_") for text in _sentences(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _sentences(inner)]
    return [re.sub(r"<[^<>]*>", " ", value)] if isinstance(value, str) and len(value.split()) > 1 else []


def _raw(found: re.Match[str], seen: Counter[str], notes: list[str]) -> str:
    """Return WPBakery's HTML, which it keeps in base64."""
    seen[found[1]] += 1
    if found[1] == "vc_raw_js":
        notes.append("Left out: a script")
        return ""
    try:
        return unquote(base64.b64decode(found[2].strip(), validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        return found[2]


def _shortcode(found: re.Match[str], closed: set[str], seen: Counter[str], notes: list[str]) -> str:
    name = found["name"].lower()
    attributes = {key.lower(): _value(*values) for key, *values in ATTRIBUTES.findall(found["attributes"])}
    if not (attributes or found["close"] or name in closed or name in KNOWN or BUILDERS.match(name)):
        return found[0]  # words to fill in
    if found["close"]:
        return "\n\n" if name not in {"dropcap", "highlight"} else ""
    seen[name] += 1
    shown = _shown(name, attributes)
    if not shown and name not in closed and not BUILDERS.match(name):
        notes.append(f"Left out: {found[0][:200]}")
    return f"\n\n{shown}\n\n" if shown or name in closed or BUILDERS.match(name) else ""


def _value(*values: str) -> str:
    value = next((value for value in values if value), "")
    for code, letter in (("``", '"'), ("`{`", "["), ("`}`", "]"), ("%22", '"'), ("%91", "["), ("%93", "]")):
        value = value.replace(code, letter)
    return unescape(value).strip("”″»")


def _shown(name: str, attributes: dict[str, str]) -> str:
    """Return the words that a shortcode shows from its attributes: headings for titles, paragraphs for the rest."""
    if name in SHOW_A_CAPTION:
        return f"<p>{escape(attributes['caption'])}</p>" if attributes.get("caption") else ""
    tag = re.search(r"tag:(h[1-6])", attributes.get("font_container", ""))
    level = tag[1] if tag else "h2" if "heading" in name else "h3"
    shown = [f"<{level}>{escape(attributes[key])}</{level}>" for key in HEADLINES if attributes.get(key)]
    for key in WORDS:
        words = attributes.get(key, "")
        if "heading" in name and key == "text" and words:
            shown.insert(0, f"<{level}>{escape(words)}</{level}>")
        elif len(re.sub(r"[\W\d_]", "", words)) > 2 and not re.fullmatch(r"(https?:\S+|[a-z0-9_-]+)", words):
            shown.append(f"<p>{escape(words)}</p>")
    return "\n\n".join(shown)


def of_elementor(data: str) -> str:
    """Return as HTML what Elementor keeps of a page; "" where it is none of its data."""
    try:
        return "\n\n".join(_widgets(json.loads(data or "[]")))
    except (ValueError, RecursionError):
        return ""


def _widgets(elements: Any) -> Iterator[str]:
    """Yield the headings and texts of elements, and of what they hold: lists, tabs, columns."""
    for element in elements if isinstance(elements, list) else []:
        if not isinstance(element, dict):
            continue
        settings: Any = element.get("settings")
        settings = settings if isinstance(settings, dict) else element
        for key in ("title", "title_text", "tab_title"):
            if isinstance(settings.get(key), str) and settings[key].strip():
                yield f"<h2>{escape(settings[key])}</h2>"
        for key in ("editor", "text", "description_text", "tab_content", "html"):
            if isinstance(settings.get(key), str) and settings[key].strip():
                yield f"<div>{settings[key]}</div>"
        for inner in settings.values():
            yield from _widgets(inner)
        if settings is not element:
            yield from _widgets(element.get("elements"))

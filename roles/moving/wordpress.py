"""WordPress export files (WXR), read as a stream: an export of any size needs the memory of its largest item."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError as SafeParseError
from defusedxml.ElementTree import iterparse

from roles.moving import shortcodes
from roles.moving.incoming import Incoming, Seen, UnreadableError, completed
from roles.moving.outline import outline
from roles.moving.rich_text import to_markdown, words_alone

EXPORT = re.compile(r"^https?://(?:www\.)?wordpress\.org/export/")
DUBLIN = "http://purl.org/dc/elements/1.1/"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
ITEM_BYTES = 20 * 1024 * 1024
# What XML forbids and WordPress writes all the same, as characters and as references to them.
CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:x0*(?:[0-8bcBC]|[eEfF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));"
)
ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
# Entries that are no pages.
NOT_PAGES = {
    "attachment": "a file of the media library", "nav_menu_item": "an entry of a menu", "revision": "an old version",
    "custom_css": "a style sheet", "customize_changeset": "a theme's settings", "oembed_cache": "a cache",
    "user_request": "a privacy request", "acf-field": "a field's definition", "acf-field-group": "a field's definition",
}  # fmt: skip
NO_PAGE_TYPE = re.compile(
    r"^(wp_|acf-|elementor_|et_|vc_|wpcf7|wpforms|product_variation|shop_|mc4wp|tablepress|oceanwp|jet-)"
)
NO_SHELF = {"uncategorized", "uncategorised", "bez kategorii", "allgemein"}
NO_PAGE_STATES = {"trash": "in the bin", "auto-draft": "never saved"}
SEARCH = {
    "search_title": ("_yoast_wpseo_title", "rank_math_title", "_aioseo_title", "_seopress_titles_title"),
    "search_description": (
        "_yoast_wpseo_metadesc",
        "rank_math_description",
        "_aioseo_description",
        "_seopress_titles_desc",
    ),
}
LANGUAGE_KEYS = ("_wpml_import_language_code", "_wpml_language", "wpml_language", "_language", "language_code")
GROUP_KEYS = ("_wpml_import_translation_group", "_wpml_trid", "wpml_trid", "trid", "_translation_group")
PLACEHOLDER = re.compile(r"%{1,2}\w{1,60}%{1,2}|#\w+")  # of a plugin for search engines
LONGEST_TITLE = 1000  # characters of a title as it was written, tags included


class Stream:
    """Gives a parser the text of an export, without the characters that XML forbids.

    Raises UnreadableError for an item that is too large to be a page.
    """

    def __init__(self, file: BinaryIO) -> None:
        head = file.read(1024)
        self.file, self.head = file, head.removeprefix(codecs.BOM_UTF8)
        self.decoder = codecs.getincrementaldecoder(_encoding(head))(errors="replace")
        self.held = ""
        self.since_item = 0

    def read(self, size: int) -> str:
        chunk = self.head or self.file.read(size)
        self.head = b""
        self.since_item += len(chunk)
        if self.since_item > ITEM_BYTES:
            raise UnreadableError(f"One item is larger than {ITEM_BYTES // 1024 // 1024} MB: this is no page of text.")
        text = self.held + self.decoder.decode(chunk, final=not chunk)
        self.held = ""
        if chunk and (cut := text.rfind("&", -12)) >= 0:  # perhaps the beginning of a reference
            text, self.held = text[:cut], text[cut:]
        return CONTROLS.sub(" ", text) or (self.read(size) if chunk else "")


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = ENCODING.match(head.removeprefix(codecs.BOM_UTF8))
    try:
        return codecs.lookup(declared[1].decode()).name if declared else "utf-8"
    except LookupError:
        raise UnreadableError(f"The file’s encoding is unknown: {declared[1].decode()!r}.") from None  # type: ignore[index]


def read_export(file: BinaryIO, seen: Seen) -> Iterator[Incoming]:
    """Yield what an export holds, in its order.

    Raises UnreadableError, with the line, for what is no whole WXR file; what was yielded before is whole.
    """
    stream = Stream(file)
    site = _Site()
    path: list[Any] = []
    try:
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                path.append(element)
                _refuse_others(path)
                continue
            path.pop()
            if len(path) != 2:
                continue
            if element.tag == "item":
                stream.since_item = 0
                item = site.item(element, seen)
                seen.count(item)
                yield item
            else:
                site.read(element)
            path[1].clear()
    except DefusedXmlException:
        raise UnreadableError(
            "The file declares entities or a document type. WordPress writes neither, so something else made it. "
            "It is refused."
        ) from None
    except (ParseError, SafeParseError) as error:
        raise UnreadableError(_where(error)) from None
    if not site.is_wordpress:
        raise UnreadableError("This is XML, but no WordPress export: it has no WXR version.")


def _refuse_others(path: list[Any]) -> None:
    """Refuse what is no RSS, at its first element."""
    if len(path) == 1 and path[0].tag != "rss":
        raise UnreadableError(
            f"This is XML, but no WordPress export: it begins with <{_local(path[0].tag)}>, not with <rss>."
        )
    if len(path) > 60:
        raise UnreadableError("The file’s elements are nested too deeply for a WordPress export.")


def _where(error: Any) -> str:
    line, column = getattr(error, "position", (0, 0))
    said = str(error).split(":")[0]
    if "no element found" in said or "unclosed" in said:
        return f"The file breaks off at line {line}: its end is missing. Export it again, or copy the whole file."
    return f"The file is damaged at line {line}, character {column + 1} ({said})."


class _Site:
    """What the head of an export says of all its items."""

    def __init__(self) -> None:
        self.is_wordpress = False
        self.address = self.language = ""
        self.names: dict[str, str] = {}

    def read(self, element: Any) -> None:
        name = _own(element.tag)
        if name == "wxr_version":
            self.is_wordpress = True
        elif element.tag == "link" or name in {"base_blog_url", "base_site_url"}:
            self.address = _text(element) or self.address
        elif element.tag == "language":
            self.language = _text(element)
        elif name == "author":
            parts = {_own(child.tag): _text(child) for child in element}
            self.names[parts.get("author_login", "")] = parts.get("author_display_name") or parts.get(
                "author_login", ""
            )

    def item(self, element: Any, seen: Seen) -> Incoming:
        return completed(_item(_Fields(element), self, seen))


class _Fields:
    """The fields of an item, by their names without a prefix; foreign ones of the same name are not taken for ours."""

    def __init__(self, element: Any) -> None:
        self.plain: dict[str, str] = {}
        self.own: dict[str, str] = {}
        self.meta: dict[str, str] = {}
        self.terms: dict[str, list[tuple[str, str]]] = {}
        self.content = self.excerpt = self.creator = ""
        for child in element:
            self._read(child)

    def _read(self, child: Any) -> None:
        space, _brace, name = child.tag[1:].partition("}") if child.tag.startswith("{") else ("", "", child.tag)
        if name == "encoded" and EXPORT.match(space):
            self.excerpt = _text(child)
        elif name == "encoded" and space == CONTENT:
            self.content = _text(child)
        elif name == "creator" and space == DUBLIN:
            self.creator = _text(child)
        elif name == "postmeta" and EXPORT.match(space):
            parts = {_own(part.tag): part.text or "" for part in child}
            self.meta.setdefault(parts.get("meta_key", "").strip(), parts.get("meta_value", ""))
        elif name == "category" and not space:
            term = (child.get("nicename", ""), _text(child))
            self.terms.setdefault(child.get("domain", "category"), []).append(term)
        elif EXPORT.match(space):
            self.own[name] = _text(child)
        elif not space:
            self.plain[name] = _text(child)
        elif "wpml" in space.lower():
            self.meta.setdefault(
                {"language": "_wpml_language", "translation": "_wpml_trid"}.get(name, name), _text(child)
            )


def _item(fields: _Fields, site: _Site, seen: Seen) -> Incoming:
    number = fields.own.get("post_id") or fields.plain.get("guid") or fields.plain.get("link", "")
    item = Incoming(
        source=f"wordpress {urlsplit(site.address).netloc}{urlsplit(site.address).path}".rstrip("/"),
        key=f"{number}"[:300],
        title=_plain(fields.plain.get("title", "")),
        type=fields.own.get("post_type", "") or "post",
        slug=fields.own.get("post_name", ""),
        language=_language(fields, site),
        group=_group(fields),
        author=site.names.get(fields.creator, fields.creator),
        category=_category(fields),
        old_paths=_old_paths(fields),
    )
    reason = _why_no_page(fields, item.type)
    if reason:
        item.target, item.notes = "leave", [f"Left out: {reason}"]
        if item.type == "attachment":
            _see_media(fields, item, seen)
        return item
    _read_texts(fields, item, seen)
    return item


def _why_no_page(fields: _Fields, kind: str) -> str:
    state = fields.own.get("status", "")
    if kind in NOT_PAGES or state in NO_PAGE_STATES:
        return NOT_PAGES.get(kind) or NO_PAGE_STATES[state]
    return f"of the type {kind}" if NO_PAGE_TYPE.match(kind) else ""


def _see_media(fields: _Fields, item: Incoming, seen: Seen) -> None:
    address = fields.own.get("attachment_url") or fields.plain.get("guid", "")
    item.picture = unquote(urlsplit(address).path.rsplit("/", 1)[-1])
    item.fields = {"alt": fields.meta.get("_wp_attachment_image_alt", "")}
    seen.media[address] += 1


def _read_texts(fields: _Fields, item: Incoming, seen: Seen) -> None:
    """Read a page's text, what search engines are told, and what cannot be taken along."""
    content = fields.content.strip() or shortcodes.of_elementor(fields.meta.get("_elementor_data", ""))
    html = shortcodes.to_html(content, seen.shortcodes, item.notes)
    item.sections = outline(to_markdown(html, item.notes), title=item.title, role=item.title).sections
    if fields.excerpt.strip():
        counted: Counter[str] = Counter()
        item.fields["summary"] = words_alone(shortcodes.to_html(fields.excerpt, counted, item.notes)).replace(
            "\u00a0", " "
        )
    for name, keys in SEARCH.items():
        words = next((fields.meta[key] for key in keys if fields.meta.get(key)), "")
        item.fields[name] = " ".join(PLACEHOLDER.sub(" ", words[:LONGEST_TITLE]).split()).strip(" -–|")
    item.picture = fields.meta.get("_thumbnail_id", "").strip()
    for key, words in fields.meta.items():
        if not key.startswith("_") and not key.startswith("rank_math") and len(words.split()) > 3:
            item.notes.append(f"Left out: custom field {key}: “{' '.join(words.split())[:300]}”")
    if fields.own.get("post_password"):
        item.notes.append("Was protected by a password there.")
    state = fields.own.get("status", "publish")
    if state not in {"publish", ""}:
        item.notes.append(f"Was not public there: {state}.")


def _language(fields: _Fields, site: _Site) -> str:
    """Return the language that Polylang or WPML gave an item, else the site's."""
    polylang = next((nicename for nicename, _name in fields.terms.get("language", [])), "")
    wpml = next((fields.meta[key] for key in LANGUAGE_KEYS if fields.meta.get(key)), "")
    return polylang or wpml or site.language


def _group(fields: _Fields) -> str:
    """Return what Polylang or WPML gave all translations of an item, or ""."""
    polylang = next((nicename for nicename, _name in fields.terms.get("post_translations", [])), "")
    return polylang or next((fields.meta[key] for key in GROUP_KEYS if fields.meta.get(key)), "")


def _category(fields: _Fields) -> str:
    found = [
        name or nicename for domain, terms in fields.terms.items() for nicename, name in terms if _is_shelf(domain)
    ]
    return next((name for name in found if name.casefold() not in NO_SHELF), "")


def _is_shelf(domain: str) -> bool:
    return domain == "category" or domain.endswith(("_category", "_cat", "_categories"))


def _old_paths(fields: _Fields) -> list[str]:
    """Return the paths at which visitors found an item, the latest first."""
    link = urlsplit(fields.plain.get("link", ""))
    path = unquote(link.path)
    if path in {"", "/"}:
        return [f"/?{link.query}"] if link.query else []
    earlier = fields.meta.get("_wp_old_slug", "").strip()
    parent = path.rstrip("/").rpartition("/")[0]
    return [path, f"{parent}/{earlier}/"] if earlier else [path]


def _plain(text: str) -> str:
    """Return a title in words alone: WordPress allows tags in it."""
    return unescape(re.sub(r"<[^<>]*>", "", text[:LONGEST_TITLE])).replace("\u00a0", " ").strip()


def _own(tag: str) -> str:
    """Return the local name of one of WordPress's own elements, of whichever version; else ""."""
    space, _brace, name = tag[1:].partition("}")
    return name if EXPORT.match(space) else ""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _text(element: Any) -> str:
    return (element.text or "").strip()

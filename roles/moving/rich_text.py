"""From HTML that other programs wrote (WordPress, Word, Google Docs) to the Markdown of a role's texts."""

import re
from html import unescape
from typing import Any

import nh3
from bs4 import BeautifulSoup, Comment, Tag
from markdownify import MarkdownConverter

TAGS = {
    "p", "div", "section", "article", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt",
    "dd",
    "blockquote", "pre", "code", "a", "strong", "b", "em", "i", "table", "thead", "tbody", "tfoot", "tr", "th", "td",
    "caption", "figure", "figcaption", "details", "summary", "header", "footer", "main", "aside", "address",
}  # fmt: skip
DROPPED = {"script", "style", "svg", "math", "object", "template", "head", "title", "select"}
BLOCKS = (
    r"(?:"
    r"p|div|h[1-6]|ul|ol|li|dl|dt|dd|table|thead|tbody|tfoot|tr|td|th|blockquote|pre|"
    r"section|article|header|footer|aside|main|figure|figcaption|details|summary|hr|form|"
    r"address|center"
    r")"
)
# Ends at its own end mark: a row of openings without one is passed over once.
COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)
STRAY = re.compile(r"<(?![a-zA-Z/!?][^<>]*>)")  # of a sum or a broken tag
DEEPEST = 200
MOST_TAGS = 40_000  # each takes memory, however short it is
NESTING = re.compile(
    r"<(/?)(?:div|span|section|blockquote|ul|ol|table|pre|b|i|em|strong|a|font|center)\b", re.IGNORECASE
)
WORD_BULLET = re.compile(r"^\s*(?:[·•▪■●○◦§oØü*–-]|\(?\d{1,3}[.)]|\(?[a-z][.)])(?:\s|\u00a0)+", re.IGNORECASE)
BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
NOT_BOLD = re.compile(r"font-weight\s*:\s*(?:normal|[1-4]00)", re.IGNORECASE)
ITALIC = re.compile(r"font-style\s*:\s*italic", re.IGNORECASE)
WORD_LIST = re.compile(r"mso-list\s*:\s*l\d+\s+level(\d)", re.IGNORECASE)
ENTITY = re.compile(r"&(?=#?\w{1,32};)")
BEFORE_PUNCTUATION = re.compile(r"\\(?=[\\`*_{}\[\]()#+\-.!<>|])")
LINE_START = re.compile(r"^([ \t]*)(#{1,6}(?=\s|$)|>|=+(?=\s*$))", re.MULTILINE)


class Converter(MarkdownConverter):
    """Writes what our Markdown needs: nested lists by four spaces, and nothing that is taken for a tag or an entity."""

    class Options(MarkdownConverter.DefaultOptions):  # type: ignore[name-defined]
        heading_style = "atx"
        bullets = "-"
        table_infer_header = True
        autolinks = False

    def escape(self, text: str, parent_tags: set[str]) -> str:
        text = super().escape(BEFORE_PUNCTUATION.sub(r"\\\\", text), parent_tags)  # type: ignore[misc]
        return ENTITY.sub("&amp;", text).replace("<", "&lt;")

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        text = (text or "").strip()
        if not text:
            return "\n"
        numbered = el.parent is not None and el.parent.name == "ol"
        bullet = f"{len(el.find_previous_siblings('li')) + 1}. " if numbered else "- "
        lines = (line if not line.strip() else f"    {line}" for line in text.split("\n")[1:])
        return "\n".join([bullet + text.split("\n")[0], *lines]) + "\n"

    def convert_p(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return super().convert_p(el, LINE_START.sub(r"\1\\\2", text), parent_tags)  # type: ignore[misc]

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text if "_inline" in parent_tags or not text.strip() else f"\n\n{text.strip()}\n\n"

    convert_section = convert_article = convert_main = convert_aside = convert_address = convert_div
    convert_header = convert_footer = convert_figure = convert_details = convert_div

    def convert_summary(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n**{text.strip()}**\n\n" if text.strip() else ""

    def convert_dt(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n**{text.strip()}**\n\n" if text.strip() else ""

    def convert_dd(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{text.strip()}\n\n"


def to_markdown(html: str, notes: list[str] | None = None) -> str:
    """Return Markdown that says what some HTML says; what cannot be taken along is added to `notes`.

    Scripts, styles and frames go; of pictures the alternative text stays.
    """
    notes = [] if notes is None else notes
    try:
        if html.count("<") > MOST_TAGS or _depth(html) > DEEPEST:
            raise RecursionError
        html = STRAY.sub("&lt;", COMMENT.sub("", html))
        soup = BeautifulSoup(html, "html.parser")
        _undress(soup, notes)
        clean = nh3.clean(
            str(soup), tags=TAGS, attributes={"a": {"href"}, "td": {"colspan"}, "th": {"colspan"}, "ol": {"start"}},
            clean_content_tags=DROPPED, link_rel=None, url_schemes={"http", "https", "mailto", "tel"},
        )  # fmt: skip
        text = Converter().convert(clean)
    except RecursionError:
        notes.append("The markup is nested too deeply, or has too many tags: only the words were kept.")
        text = words_alone(html)
    return _spaced(text)


def _depth(html: str) -> int:
    """Return how deep the blocks of some HTML are nested, before anything is built of them."""
    depth = deepest = 0
    for tag in NESTING.finditer(html):
        depth += -1 if tag[1] else 1
        deepest = max(deepest, depth)
    return deepest


def words_alone(html: str) -> str:
    """Return the words of HTML, a paragraph for each block."""
    text = re.sub(r"(?is)<(script|style)\b(?:(?!<\1\b).)*?</\1\s*>", " ", COMMENT.sub(" ", html))
    text = re.sub(rf"(?i)</?{BLOCKS}\b[^<>]*>|<br\b[^<>]*>", "\n\n", text)
    return unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", text))


def _undress(soup: BeautifulSoup, notes: list[str]) -> None:
    """Read what styles and odd tags mean, before they are taken away."""
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in soup.find_all(["img", "picture", "iframe", "video", "audio", "embed", "object"]):
        _leave_out(tag, notes)
    for tag in soup.find_all(style=True):
        _read_style(tag)
    _word_lists(soup)


def _leave_out(tag: Any, notes: list[str]) -> None:
    """Put the words of a picture or frame in its place, and note which one it was."""
    if tag.name is None or tag.name == "picture":
        return
    source = str(tag.get("src") or tag.get("data-src") or tag.get("data") or "")[:200]
    if source and not source.startswith("data:"):
        notes.append(f"Left out: {'picture' if tag.name == 'img' else tag.name} {source}")
    tag.replace_with(str(tag.get("alt") or "").strip() if tag.name == "img" else f" {tag.get_text(' ')} ")


def _read_style(tag: Tag) -> None:
    if tag.decomposed:
        return
    style = str(tag["style"])
    if "mso-list:ignore" in style.replace(" ", "").lower():
        tag.decompose()  # Word's own bullet, a letter of a symbol font
    elif tag.name in {"b", "strong"} and NOT_BOLD.search(style):
        tag.name = "span"  # Google Docs wraps everything in one
    elif tag.name == "span" and tag.get_text(strip=True):
        if BOLD.search(style):
            tag.name = "strong"
        elif ITALIC.search(style):
            tag.name = "em"


def _word_lists(soup: BeautifulSoup) -> None:
    """Make lists of the paragraphs that Word writes for them."""
    for first in soup.find_all("p", style=WORD_LIST):
        if first.parent is None or first.name != "p":
            continue
        items = [first, *_following(first)]
        numbered = bool(re.match(r"\s*\(?\d", first.get_text()))
        holder = soup.new_tag("ol" if numbered else "ul")
        first.insert_before(holder)
        for item in items:
            level = int(WORD_LIST.search(str(item["style"]))[1])  # type: ignore[index]
            _drop_bullet(item)
            item.name, item.attrs = "li", {}
            _list_of_level(soup, holder, level).append(item.extract())


def _following(first: Tag) -> list[Tag]:
    found = []
    for sibling in first.next_siblings:
        if isinstance(sibling, Tag):
            if sibling.name != "p" or not WORD_LIST.search(str(sibling.get("style", ""))):
                break
            found.append(sibling)
        elif str(sibling).strip():
            break
    return found


def _list_of_level(soup: BeautifulSoup, holder: Tag, level: int) -> Tag:
    for _deeper in range(min(level, 6) - 1):
        items = holder.find_all("li", recursive=False)
        if not items:
            break
        inner = items[-1].find(["ul", "ol"], recursive=False)
        if inner is None:
            inner = soup.new_tag("ul")
            items[-1].append(inner)
        holder = inner
    return holder


def _drop_bullet(item: Tag) -> None:
    words = item.find(string=True)
    if words is not None and WORD_BULLET.match(str(words)):
        words.replace_with(WORD_BULLET.sub("", str(words)))


def _spaced(text: str) -> str:
    """Return Markdown without the blanks that only look: at ends of lines, between blank lines, hard and zero-width."""
    text = re.sub(r"[\u200b\u200c\u2060\ufeff\u00ad]", "", text).replace("\u00a0", " ")
    text = re.sub(
        r"[ \t]+$", lambda found: "  " if len(found[0]) > 1 and "\t" not in found[0] else "", text, flags=re.MULTILINE
    )
    text = re.sub(r"^ +$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip()

"""From Markdown to HTML, in one place: `render_markdown` is the only way (SEC-5).

`markdown` converts, `nh3` keeps an explicit list of tags and attributes, and words in square brackets that are no link
become fill-in words.
"""

import re
from collections.abc import Iterator
from html import escape, unescape
from itertools import accumulate

import markdown
import nh3

TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "h3", "h4", "blockquote", "a", "code", "pre", "hr", "mark"} | {
    "table", "thead", "tbody", "tr", "th", "td"
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "mark": {"class"}, "th": {"scope"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto", "tel"}
EXTENSIONS = ["sane_lists", "tables"]
# A fill-in word is short, on one line, and not itself a bracketed expression.
FILL_IN = re.compile(r"\[([^\[\]<>\n]{1,80})\]")
# The same in Markdown: no picture, no text of a link. The second group is the bracket that follows at once.
TYPED_FILL_IN = re.compile(rf"(?<![!\\]){FILL_IN.pattern}(?!\()(?=(?:\[([^\[\]\n]*)\])?)")
DEFINITION = re.compile(r"^ {0,3}\[([^\[\]\n]+)\]:[ \t]*\S+[ \t]*(?:[\"'(].*)?$", re.MULTILINE)
# Code in a text, and what stands before an address within the site or the page: `[a](`, `[a]: `, `<a href="`.
FENCED = r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)[ \t]*$"
CODE_SPAN = r"(?<![\\`])(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`)"
LINK_START = r"(?<!\\)\]\(\s*<?|^ {0,3}\[[^\[\]\n]+\]:[ \t]*<?|<a\s[^>]{0,200}?href=[\"']"
CODE_OR_LINK = re.compile(
    rf"(?P<code>{FENCED}|{CODE_SPAN})|(?P<before>{LINK_START})(?P<address>/(?!/)|#)", re.MULTILINE | re.DOTALL
)
TEXT_OR_TAG = re.compile(r"(<[^>]*>)")
# What no text has that is meant to be read, and what the converter takes minutes for: it grows with the square of them.
MOST_OPEN = 100  # brackets of a kind within one another
MOST_LINES = 500  # of one block
MOST_SIGNS = 3000  # of emphasis and code, of a kind in one block


def render_markdown(text: str, mark_fill_ins: bool = True, heading: int = 3) -> str:
    """Return safe HTML of a Markdown text whose highest headings get the level `heading` (3, or 2 on plain pages).

    A new converter for each call: one `Markdown` object shared by threads mixes their outputs. A text that it would
    take too long for, or that is nested too deeply, is shown as plain paragraphs.
    """
    try:
        html = _plain_paragraphs(text) if _is_intricate(text) else _converted(text)
    except RecursionError:
        html = _plain_paragraphs(text)
    html = re.sub(r"<(/?)h[12]>", r"<\1h3>", html)
    html = re.sub(r"<(/?)h[56]>", r"<\1h4>", html)
    html = _clean(html)
    html = html.replace("<th>", '<th scope="col">')
    html = re.sub(r'<a href="(?!/(?![/\\\\])|#|mailto:|tel:)', '<a rel="noopener nofollow ugc" href="', html)
    if heading == 2:
        html = re.sub(r"<(/?)h([34])>", lambda tag: f"<{tag[1]}h{int(tag[2]) - 1}>", html)
    return _mark_fill_ins(html) if mark_fill_ins else html


def _converted(text: str) -> str:
    return markdown.markdown(text, extensions=EXTENSIONS, output_format="html")


def _is_intricate(text: str) -> bool:
    if any(_most_open(text, *pair) > MOST_OPEN for pair in ("[]", "()", "<>")):
        return True
    return any(block.count("\n") > MOST_LINES or _most_signs(block) > MOST_SIGNS for block in _blocks(text))


def _most_signs(block: str) -> int:
    return max(block.count(sign) for sign in "*_`")


def _most_open(text: str, opening: str, closing: str) -> int:
    """Return how many brackets of a kind are open at once, at most."""
    steps = (1 if sign == opening else -1 for sign in text if sign in {opening, closing})
    return max(accumulate(steps, lambda depth, step: max(depth + step, 0)), default=0)


def _plain_paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(block)}</p>" for block in _blocks(text))


def _blocks(text: str) -> list[str]:
    return re.split(r"\n\s*\n", text)


def plain_text(html: str) -> str:
    """Return the words of rendered HTML, blocks apart, without tags or entities."""
    return unescape(re.sub(r"[ \t]+", " ", TEXT_OR_TAG.sub(" ", html))).strip()


def split_by_headings(text: str) -> list[tuple[str, str]]:
    """Split Markdown at its third-level headings: [(title, text), …]. Text before the first one gets the title ""."""
    parts = re.split(r"^###[ \t]+(.+?)[ \t#]*$", text, flags=re.MULTILINE)
    pairs = [("", parts[0])] if parts[0].strip() else []
    return pairs + [(parts[i].strip(), parts[i + 1].strip()) for i in range(1, len(parts), 2)]


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags={"script", "style", "svg", "math", "iframe", "object", "template", "noscript"},
        url_schemes=SCHEMES,
        link_rel=None,  # set above, on links that leave the site
        attribute_filter=_safe_links_only,
    )


def typed_fill_ins(text: str) -> Iterator[re.Match[str]]:
    """Yield where a Markdown text has fill-in words; the first group is the word. Reference links are none."""
    defined = {name.casefold() for name in DEFINITION.findall(text)}
    for found in TYPED_FILL_IN.finditer(text):
        if defined.isdisjoint(name.casefold() for name in found.groups() if name):
            yield found


def with_whole_addresses(text: str, html: str, page: str) -> str:
    """Return Markdown that can be read elsewhere: its links within the site and its page say the whole address.

    `html` is what the Markdown renders to, `page` the address that it is read at here. Code stays as it is.
    """
    site = "/".join(page.split("/")[:3])
    quoted = {line.strip() for block in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL) for line in _lines(block)}

    def whole(link: re.Match[str]) -> str:
        line = text[text.rfind("\n", 0, link.start()) + 1 :].partition("\n")[0]
        if link["code"] or line.strip() in quoted:
            return link[0]
        return f"{link['before']}{page if link['address'] == '#' else site}{link['address']}"

    return CODE_OR_LINK.sub(whole, text)


def _lines(html: str) -> list[str]:
    return unescape(TEXT_OR_TAG.sub("", html)).splitlines()


def _safe_links_only(tag: str, attribute: str, value: str) -> str | None:
    """Drop addresses that a browser reads otherwise than they are written: `java\\tscript:`, `/\\host`, `//host`."""
    if attribute != "href":
        return value
    as_read = re.sub(r"[\x00-\x20]", "", value).replace("\\", "/")
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", as_read, re.IGNORECASE)
    if as_read.startswith("//") or (scheme and scheme[1].lower() not in SCHEMES):
        return None
    return as_read


def _mark_fill_ins(html: str) -> str:
    """Wrap `[words]` in the text (never inside a tag, a link or code) in the mark that the design gives them."""
    out, depth = [], 0
    for part in TEXT_OR_TAG.split(html):
        if part.startswith("<"):
            if re.match(r"<(a|code|pre)\b", part):
                depth += 1
            elif re.match(r"</(a|code|pre)>", part):
                depth -= 1
            out.append(part)
        else:
            out.append(part if depth else FILL_IN.sub(r'<mark class="slot">[\1]</mark>', part))
    return "".join(out)

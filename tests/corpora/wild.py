"""Job descriptions in the shapes and with the headings of real ones, each written out by hand; all of it invented.

wild.txt and headings_ordinary, _mixed and _odd.txt have one on each line: language | title | kind: heading ; kind: heading. Several kinds (`what/introduction`)
mean that either is right; `other` that the heading names none of ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

from tests.corpora.wordpress import FOOT, HEAD, cdata

SAID = {
    "en": ["Take part in the weekly meeting of Fernhill number {}.", "Write down what was agreed ({} lines at most).",
           "Hand the log over to the next shift, step {}."],
    "pl": ["Udział w cotygodniowym spotkaniu nr {} w Fernhill.", "Notatka z ustaleń, najwyżej {} wierszy.",
           "Przekazanie dziennika następnej zmianie, krok {}."],
    "de": ["Teilnahme am wöchentlichen Treffen Nr. {} bei Fernhill.", "Notiz der Beschlüsse, höchstens {} Zeilen.",
           "Übergabe des Protokolls an die nächste Schicht, Schritt {}."],
}  # fmt: skip


@dataclass
class Described:
    """A job description: [(kinds that are right, heading, sentences)]."""

    language: str
    title: str
    parts: list[tuple[set[str], str, list[str]]]


def described(text: str) -> Iterator[Described]:
    """Yield the descriptions in lines as wild.txt has them."""
    numbers = count(1)
    for line in filter(None, text.splitlines()):
        language, title, listed = line.split(" | ", 2)
        parts = []
        for part in listed.split(" ; "):
            kinds, heading = part.split(": ", 1)
            parts.append((set(kinds.split("/")), heading, [said.format(next(numbers)) for said in SAID[language]]))
        yield Described(language, title, parts)


def all_described(name: str = "wild") -> list[Described]:
    """Return the descriptions of a file."""
    return list(described((Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8")))


# --- Markdown ---

EMOJI = ["🚀", "🎯", "✨", "💼", "🧰", "🌍", "❤️"]


def _bullets(said: list[str], mark: str = "- ") -> str:
    return "\n".join(mark + sentence for sentence in said)


def _nested(said: list[str]) -> str:
    return f"* {said[0]}\n    * {said[1]}\n        * {said[2]}"


def _table(said: list[str]) -> str:
    return f"| What | Note |\n|------|:----:|\n| {said[0]} | {said[1]} |\n| {said[2]} | |"


def _html_list(said: list[str]) -> str:
    return f"<ul>\n<li>{said[0]}<ul><li>{said[1]}</li></ul></li>\n<li>{said[2]}</li>\n</ul>"


MARKDOWN: list[Any] = [
    lambda n, h, s: f"## {h}\n{_bullets(s)}",
    lambda n, h, s: f"**{h}**\n\n{_bullets(s, '* ')}",
    lambda n, h, s: f"## {EMOJI[n % 7]} {h}\n\n{_bullets(s)}",
    lambda n, h, s: f"## {h.upper()}\n\n{_bullets(s)}",
    lambda n, h, s: f"**{h}:**\n{_bullets(s)}",
    lambda n, h, s: f"{h}\n{'-' * len(h)}\n{' '.join(s)}",
    lambda n, h, s: f"<h3>{escape(h, quote=False)}</h3>\n{_html_list(s)}",
    lambda n, h, s: f"{'#' * (2 + n % 3)} {h}\n\n{' '.join(s)}",
    lambda n, h, s: f"### **{h}**\n\n{_nested(s)}",
    lambda n, h, s: f"## {h}:\n\n{_table(s)}",
    lambda n, h, s: f"### {n + 1}. {h} ###\n\n{_bullets(s, '1. ')}",
    lambda n, h, s: f"***{h}***\n\n{_bullets(s, '+ ')}",
    lambda n, h, s: f'<p><strong>{escape(h, quote=False)}</strong></p>\n\n{_bullets(s)}',
    lambda n, h, s: f"<details>\n<summary>{h}</summary>\n\n{_bullets(s)}\n\n</details>",
    lambda n, h, s: f"## {h} {{#part-{n}}}\n\n{_bullets(s)}",
    lambda n, h, s: f"**{EMOJI[n % 7]} {h}**\n{_bullets(s, '• ')}",
    lambda n, h, s: f"---\n\n## _{h}_\n\n{_bullets(s)}\n",
    lambda n, h, s: f'## <a name="p{n}"></a>{h}\n\n{_bullets(s, "  - ")}',
    lambda n, h, s: f"__{h.upper()}__\n\n{' '.join(s)}",
    lambda n, h, s: f"#### {h} …\n\n{_bullets(s)}",
]  # fmt: skip


def markdown_file(item: Described, look: int) -> str:
    """Return a description as Markdown in one of the looks."""
    looked = MARKDOWN[look % len(MARKDOWN)]
    parts = [looked(number, heading, said) for number, (_kinds, heading, said) in enumerate(item.parts)]
    return f"# {item.title}\n\nFernhill, {look}.\n\n" + "\n\n".join(parts) + "\n"


# --- WordPress ---


def _ul(said: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{sentence}</li>" for sentence in said) + "</ul>"


def _block(name: str, html: str, more: str = "") -> str:
    return f"<!-- wp:{name}{more} -->\n{html}\n<!-- /wp:{name} -->\n\n"


def _block_list(said: list[str]) -> str:
    items = "".join(_block("list-item", f"<li>{sentence}</li>") for sentence in said)
    return _block("list", f'<ul class="wp-block-list">{items}</ul>')


def _block_table(said: list[str]) -> str:
    rows = "".join(f"<tr><td>{number}</td><td>{sentence}</td></tr>" for number, sentence in enumerate(said, start=1))
    return _block("table", f'<figure class="wp-block-table"><table><tbody>{rows}</tbody></table></figure>')


WORDPRESS: list[Any] = [
    lambda n, h, s: _block("heading", f'<h2 class="wp-block-heading">{h}</h2>') + _block_list(s),
    lambda n, h, s: f"<h3>{h}</h3>\n{_ul(s)}",
    lambda n, h, s: _block("paragraph", f"<p><strong>{h}</strong></p>") + _block_list(s),
    lambda n, h, s: f"<strong>{h}:</strong>\n{_ul(s)}",
    lambda n, h, s: _block("heading", f'<h{2 + n % 3} class="wp-block-heading">{EMOJI[n % 7]} {h}</h{2 + n % 3}>',
                           f' {{"level":{2 + n % 3}}}') + _block("paragraph", f"<p>{'<br>'.join(s)}</p>"),
    lambda n, h, s: f"<b>{h.upper()}</b>\n\n" + "\n".join(f"&bull; {sentence}" for sentence in s),
    lambda n, h, s: _block("group", '<div class="wp-block-group">' + _block("heading", f"<h3>{h}</h3>")
                           + _block_table(s) + "</div>", ' {"layout":{"type":"constrained"}}'),
    lambda n, h, s: f'<h4><span style="color: #336699;"><strong>{h}</strong></span></h4>\n{_ul(s)}',
    lambda n, h, s: _block("details", f'<details class="wp-block-details"><summary>{h}</summary>{_block_list(s)}</details>'),
    lambda n, h, s: f"<p><b>{h}</b><br />{'<br />'.join(s)}</p>",
    lambda n, h, s: f'[accordion-item title="{escape(h)}"]{_ul(s)}[/accordion-item]',
    lambda n, h, s: f'<div class="elementor-widget-container"><h2 class="elementor-heading-title">{h}</h2></div>'
                    f'<div class="elementor-widget-container"><ul><li>{s[0]}<ul><li>{s[1]}</li></ul></li><li>{s[2]}</li></ul></div>',
    lambda n, h, s: _block("columns", '<div class="wp-block-columns"><div class="wp-block-column">'
                           + _block("heading", f'<h2 id="p{n}"><a id="a{n}"></a>{h}</h2>') + '</div><div class="wp-block-column">'
                           + "".join(_block("paragraph", f"<p>{sentence}</p>") for sentence in s) + "</div></div>"),
    lambda n, h, s: f"<h2><em>{h}</em></h2>\n{' '.join(s)}",
    lambda n, h, s: f"<h5>{n + 1}) {h}</h5>\n{' '.join(s)}",
]  # fmt: skip


def wordpress_export(items: list[Described], first: int = 1) -> str:
    """Return an export with an item for each description, numbered on from `first`."""
    return HEAD.format(version="1.2") + "".join(_item(first + n, item) for n, item in enumerate(items)) + FOOT


def _item(post: int, item: Described) -> str:
    looked = WORDPRESS[post % len(WORDPRESS)]
    content = "\n\n".join(
        looked(number, heading.replace("&", "&amp;"), said) for number, (_k, heading, said) in enumerate(item.parts)
    )
    return f"""<item><title>{cdata(item.title)}</title><link>https://old.example/job-{post}/</link>
<dc:creator>{cdata("ada")}</dc:creator><content:encoded>{cdata(content)}</content:encoded>
<excerpt:encoded>{cdata("")}</excerpt:encoded><wp:post_id>{post}</wp:post_id><wp:post_name>{cdata(f"job-{post}")}</wp:post_name>
<wp:status>{cdata("publish")}</wp:status><wp:post_type>{cdata("post")}</wp:post_type>
<category domain="language" nicename="{item.language}">{cdata(item.language)}</category></item>
"""

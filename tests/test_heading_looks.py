"""Headings of every look, in Markdown, HTML as WordPress keeps it, and Word: kinds found, no word lost."""

import re
from collections import Counter
from zipfile import ZipFile

import pytest

from recruitcms.markup import plain_text, render_markdown
from roles.moving.incoming import Seen
from roles.moving.markdown_files import read_markdown
from roles.moving.matching import kind_of
from roles.moving.outline import outline
from roles.moving.reading import Opened, read
from roles.moving.rich_text import to_markdown
from tests.test_imports import _style, archive_of, word_file

PARTS = [
    ("duties", "What you'll do", ["Build the interface", "Run the tests"]),
    ("required", "Who you are", ["Five years of Go", "Good English"]),
    ("nice", "Bonus points", ["Rust", "Kafka"]),
    ("offer", "Perks and benefits", ["Thirty days off", "A bicycle"]),
    ("contact", "How to apply", ["Write to us", "Send a letter"]),
]
KINDS = [kind for kind, _heading, _items in PARTS]


def words(text):
    return Counter(re.findall(r"\w+", text.lower()))


SAID = words(" ".join(f"{heading} {' '.join(items)}" for _kind, heading, items in PARTS))


def each(look, between="\n\n"):
    return between.join(look(number, heading, items) for number, (_kind, heading, items) in enumerate(PARTS))


def bullets(items, mark="- "):
    return "\n".join(mark + item for item in items)


def assert_all_found(sections):
    found = {section["kind"]: section["body"] for section in sections}
    text = " ".join(f"{part['heading']} {plain_text(render_markdown(part['body']))}" for part in sections)

    assert [part["kind"] for part in sections if part["kind"] != "introduction"] == KINDS
    for kind, _heading, items in PARTS:
        assert all(item in found[kind] for item in items)
    assert not SAID - words(text)
    assert not words(text) - SAID - words("Go Developer, section, text, some text, a line")


MARKDOWN = {
    "levels_mixed": each(lambda n, h, i: f"{'#' * (2 + n)} {h}\n\n{bullets(i)}"),
    "all_of_level_one": each(lambda n, h, i: f"# {h}\n\n{bullets(i)}"),
    "up_and_down": each(lambda n, h, i: f"{'#' * [3, 2, 5, 3, 6][n]} {h}\n\n{bullets(i)}"),
    "bold": each(lambda n, h, i: f"**{h}**\n\n{bullets(i)}"),
    "bold_colon_inside": each(lambda n, h, i: f"**{h}:**\n{bullets(i)}"),
    "bold_colon_outside_without_gaps": each(lambda n, h, i: f"**{h}**:\n{bullets(i)}", "\n"),
    "bold_right_below_text": "Some text.\n" + each(lambda n, h, i: f"**{h}**\n{bullets(i)}", "\n"),
    "bold_and_backslash": each(lambda n, h, i: f"**{h}**\\\n{bullets(i)}"),
    "bold_before_text": each(lambda n, h, i: f"**{h}:** {'. '.join(i)}."),
    "underlined": each(lambda n, h, i: f"{h}\n{'-' * len(h)}\n\n{bullets(i, '* ')}"),
    "underlined_crlf": each(lambda n, h, i: f"{h}\n{'=' * len(h)}\n\n{bullets(i, '* ')}").replace("\n", "\r\n"),
    "underscores": each(lambda n, h, i: f"__{h}__\n\n{bullets(i)}"),
    "italic": each(lambda n, h, i: f"*{h}*\n\n{bullets(i)}"),
    "bold_in_a_list": each(lambda n, h, i: f"- **{h}**\n{bullets(i, '  - ')}", "\n"),
    "plain_in_a_list": each(lambda n, h, i: f"* {h}:\n{bullets(i, '    * ')}", "\n"),
    "numbered": each(lambda n, h, i: f"{n + 1}. **{h}**\n{bullets(i, '   - ')}", "\n"),
    "hashes_in_a_list": each(lambda n, h, i: f"- ## {h}\n{bullets(i, '  - ')}", "\n"),
    "table": "| Section | Text |\n|---|---|\n" + each(lambda n, h, i: f"| **{h}** | {'<br>'.join(i)} |", "\n"),
    "quoted": each(lambda n, h, i: f"> ## {h}\n>\n{bullets(i, '> - ')}"),
    "plain": each(lambda n, h, i: f"{h}\n{bullets(i)}"),
    "plain_colon": each(lambda n, h, i: f"{h}:\n{bullets(i, '• ')}", "\n"),
    "plain_and_paragraphs": each(lambda n, h, i: f"{h}\n\n{'. '.join(i)}."),
    "capitals": each(lambda n, h, i: f"{h.upper()}\n\n{bullets(i, '– ')}"),
    "no_space_after_hashes": each(lambda n, h, i: f"##{h}\n{bullets(i)}"),
    "closed_hashes": each(lambda n, h, i: f"## {h} ##\n{bullets(i)}"),
    "emoji_rules_and_boxes": each(lambda n, h, i: f"## 🚀 **{h}** 🚀\n{bullets(i, '- [ ] ')}", "\n\n---\n\n"),
    "html": each(lambda n, h, i: f"<h2>{h}</h2>\n<ul><li>{i[0]}</li><li>{i[1]}</li></ul>"),
}


@pytest.mark.parametrize("look", MARKDOWN)
def test_headings_of_any_look_are_found_in_markdown(look):
    sections = read_markdown("go-developer.md", f"# Go Developer\n\n{MARKDOWN[look]}\n").sections

    assert_all_found(sections)


def ul(items):
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def wp(name, html):
    return f"<!-- wp:{name} -->\n{html}\n<!-- /wp:{name} -->"


HTML = {
    "blocks": each(lambda n, h, i: wp("heading", f'<h3 class="wp-block-heading">{h}</h3>') + wp("list", ul(i))),
    "blocks_of_bold": each(lambda n, h, i: wp("paragraph", f"<p><strong>{h}</strong></p>") + wp("list", ul(i))),
    "classic_without_p": "A line.\n\n" + each(lambda n, h, i: f"<strong>{h}</strong>\n{ul(i)}"),
    "classic_with_dashes": "A line.\n\n" + each(lambda n, h, i: f"<strong>{h}:</strong>\n- {i[0]}\n- {i[1]}"),
    "classic_without_markup": "A line.\n\n" + each(lambda n, h, i: f"{h}:\n{i[0]}\n{i[1]}"),
    "headings_and_bare_lines": each(lambda n, h, i: f"<h2>{h}</h2>\n{i[0]}\n\n{i[1]}"),
    "levels_mixed": each(lambda n, h, i: f"<h{[1, 4, 2, 6, 3][n]}>{h}</h{[1, 4, 2, 6, 3][n]}>{ul(i)}"),
    "boxes": each(lambda n, h, i: f"<div><b>{h}</b></div><div>{ul(i)}</div>"),
    "line_breaks": f"<p>{each(lambda n, h, i: f'<b>{h}</b><br>• {i[0]}<br>• {i[1]}', '<br><br>')}</p>",
    "list": f"<ul>{each(lambda n, h, i: f'<li><strong>{h}</strong>{ul(i)}</li>')}</ul>",
    "table": f"<table>{each(lambda n, h, i: f'<tr><td><b>{h}</b></td><td>{ul(i)}</td></tr>')}</table>",
    "table_of_one_column": f"<table>{each(lambda n, h, i: f'<tr><th>{h}</th></tr><tr><td>{ul(i)}</td></tr>')}</table>",
    "definitions": f"<dl>{each(lambda n, h, i: f'<dt>{h}</dt><dd>{i[0]}</dd><dd>{i[1]}</dd>')}</dl>",
    "styled": each(lambda n, h, i: f'<p><span style="font-weight:700">{h}</span></p>{ul(i)}'),
    "unfolding": each(lambda n, h, i: f"<details><summary>{h}</summary>{ul(i)}</details>"),
    "paragraphs": each(lambda n, h, i: f"<p>{h}</p>{ul(i)}"),
    "bold_line_of_a_paragraph": each(lambda n, h, i: f"<p><strong>{h}</strong><br/>{i[0]}. {i[1]}.</p>"),
}


@pytest.mark.parametrize("look", HTML)
def test_headings_of_any_look_are_found_in_html(look):
    sections = outline(to_markdown(HTML[look]), title="Go Developer").sections

    assert_all_found(sections)


def paragraph(text, style="", bold=False, level=0):
    dress = _style(style).replace('w:ilvl w:val="0"', f'w:ilvl w:val="{level}"')
    run = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:p><w:pPr>{dress}</w:pPr><w:r>{run}<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def paragraphs(items, mark="", style=""):
    return "".join(paragraph(mark + item, style) for item in items)


def row(heading, items):
    return f"<w:tr><w:tc>{paragraph(heading, bold=True)}</w:tc><w:tc>{paragraphs(items)}</w:tc></w:tr>"


WORD = {
    "styles_mixed": each(lambda n, h, i: paragraph(h, f"heading{1 + n % 2}") + paragraphs(i, style="list")),
    "bold": each(lambda n, h, i: paragraph(h, bold=True) + paragraphs(i, style="list")),
    "bold_colon_and_lines": each(lambda n, h, i: paragraph(f"{h}:", bold=True) + paragraphs(i)),
    "plain": each(lambda n, h, i: paragraph(h) + paragraphs(i, style="list")),
    "plain_and_typed_bullets": each(lambda n, h, i: paragraph(f"{h}:") + paragraphs(i, "- ")),
    "capitals": each(lambda n, h, i: paragraph(h.upper()) + paragraphs(i, "• ")),
    "list": each(lambda n, h, i: paragraph(h, "list", True) + "".join(paragraph(item, "list", level=1) for item in i)),
    "table": f"<w:tbl>{each(lambda n, h, i: row(h, i))}</w:tbl>",
}


@pytest.mark.parametrize("look", WORD)
def test_headings_of_any_look_are_found_in_word_documents(look):
    whole = ZipFile(word_file(("", "BODY")))
    body = re.escape(paragraph("BODY").replace(' xml:space="preserve"', ""))
    parts = [(name, re.sub(body, WORD[look], whole.read(name).decode())) for name in whole.namelist()]

    file = archive_of(*parts)
    file.seek(0)

    sections = next(read([Opened("job.docx", file)], Seen())).sections

    assert_all_found(sections)


def test_a_list_with_one_item_that_sounds_like_a_heading_stays_a_list():
    text = "# Tester\n\n## Your tasks\n\n- Benefits\n    - Compare them\n- Reports\n    - Write them\n"

    sections = read_markdown("tester.md", text).sections

    assert [(part["kind"], "Benefits" in part["body"]) for part in sections] == [("duties", True)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("duties", "- Design the services\n- Writing tests\n- Lead the meetings"),
        ("duties", "- Projektowanie usług\n- Tworzenie testów\n- Udział w spotkaniach"),
        ("duties", "- Entwicklung von Diensten\n- Betreuung der Kunden\n- Mitarbeit im Team"),
        ("required", "- Five years of experience\n- Knowledge of SQL\n- Fluent English"),
        ("required", "- Doświadczenie w Javie\n- Znajomość SQL\n- Wykształcenie wyższe"),
        ("offer", "- 26 days of holiday\n- Health insurance\n- A training budget"),
        ("offer", "- 30 Urlaubstage\n- Betriebliche Altersvorsorge\n- Homeoffice"),
        ("other", "- A red door\n- Five years of experience\n- A green door"),
    ],
)
def test_what_a_section_says_tells_where_its_heading_does_not(kind, text):
    assert kind_of("Qwertz", "", text) == kind


def test_a_heading_that_tells_is_not_overruled_by_its_text():
    holidays = "- 26 days of holiday\n- Health insurance\n- A training budget"

    assert kind_of("Who you are", "", holidays) == "required"
    assert kind_of("Frequently asked questions", "", holidays) == "other"

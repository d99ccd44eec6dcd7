"""Draws the salary report as a PDF: a cover, chapters with tables and charts, a linked table of contents."""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Spacer, Table
from reportlab.platypus.doctemplate import NextPageTemplate, PageBreak
from reportlab.platypus.tableofcontents import TableOfContents

FONTS = Path(__file__).parent.parent / "recruitcms" / "fonts"
TEXT, BOLD = "Literata-Regular", "Literata-SemiBold"
AUTHOR = "Northbeam Talent"
# The tokens of the site's design.
PAPER, SURFACE, SUNKEN, LINE = map(HexColor, ("#fbf9f4", "#ffffff", "#f2efe7", "#dcd7ca"))
INK, INK_2, INK_3, NIGHT, DUSK = map(HexColor, ("#14262b", "#43545a", "#5a696e", "#10272d", "#1f3d45"))
AMBER, TINT, AMBER_TEXT, LIGHT = map(HexColor, ("#f4b23c", "#fdeec9", "#7a4a00", "#fffaee"))

WIDTH, HEIGHT = A4
MARGIN = 68
COLUMN = WIDTH - 2 * MARGIN
MEASURE = 376  # about 68 characters of running text
CARD = COLUMN - 32  # the width inside a chart's frame
NUMBERS = 50  # the width of a column of figures
# How far each ray of the cover reaches, counted upwards, in pixels of the cover picture, which is 1200 wide.
RAYS = (1300, 900, 1081, 1300, 990, 1176, 870, 1035, 786, 900, 645, 750, 569)
LIT_RAY = 5

COMMON_LEVEL = "senior"  # what the chart of medians compares; a role without it stands there with its first level
MOST_BARS = 24  # that fit on a page
PAY = ("employment_low", "employment_median", "employment_high", "b2b_low", "b2b_median", "b2b_high")
ADDRESS = re.compile(r"[\w.]+@[\w.]+\w")

Figures = Callable[[dict[str, Any]], list[Any]]  # what follows the text of a chapter
Bar = tuple[str, str, list[int]]  # what it stands for, its level if that needs saying, one or two values


def style(size: float, leading: float, **rest: Any) -> ParagraphStyle:
    return ParagraphStyle("", **{"fontName": TEXT, "fontSize": size, "leading": leading, "textColor": INK, **rest})


CHAPTER = style(27, 31, fontName=BOLD, spaceBefore=12, spaceAfter=14)
LEAD = style(13, 19.5, textColor=INK_2, rightIndent=COLUMN - MEASURE - 30, spaceAfter=11)
BODY = style(11, 17, rightIndent=COLUMN - MEASURE, spaceAfter=9)
HEADING = style(13, 17, fontName=BOLD)
FINE = style(8.5, 12, textColor=INK_3)
ROLE = style(9.5, 11, fontName=BOLD)
LEVEL = style(9.5, 10, textColor=INK_2)
HEAD = style(8.5, 12, textColor=INK_2, alignment=2)
ALL = ((0, 0), (-1, -1))
FLUSH = [("LEFTPADDING", *ALL, 0), ("RIGHTPADDING", *ALL, 0), ("FONT", *ALL, TEXT, 8.5)]


def make_pdf(data: dict[str, Any], language: str, figures: Sequence[Figures] | None = None) -> tuple[bytes, int]:
    """Return the PDF, the same bytes for the same data, and its number of pages. ValueError: the data lacks a key.

    `figures`: what follows the text of each chapter; without it, those of the report that has them all.
    """
    pdf, document = build(data, language, figures)
    return pdf, document.page


def build(
    data: dict[str, Any], language: str, figures: Sequence[Figures] | None = None
) -> "tuple[bytes, ReportDocument]":
    """Return the PDF and the document it came from, which knows the page of each chapter."""
    figures = FIGURES if figures is None else figures
    source = strict(data)
    source["part"], source["words"], source["label"] = source[language], source["words"][language], f"label_{language}"
    if len(source["part"]["chapters"]) != len(figures):
        raise ValueError(f"The salary report needs {len(figures)} chapters in {language}.")
    for name in (TEXT, BOLD):
        font = TTFont(name, FONTS / f"{name}.ttf")
        font.face.name = name.encode()  # inside, both files are called Literata-Regular: one would replace the other
        registerFont(font)
    output = io.BytesIO()
    document = ReportDocument(output, source, language)
    document.multiBuild(list(story(source, figures)))
    return output.getvalue(), document


class Strict(dict[str, Any]):
    """A table of the data that says what it lacks, and beside what."""

    def __missing__(self, key: str) -> Any:
        raise ValueError(f"The salary report lacks {key!r} beside {', '.join(self)}.")


def strict(value: Any) -> Any:
    """Return a copy of the value with every table in it made strict."""
    if isinstance(value, list):
        return [strict(item) for item in value]
    return Strict({key: strict(item) for key, item in value.items()}) if isinstance(value, dict) else value


def typeset(text: str) -> str:
    """Escape text for a paragraph, keep short words and figures with what follows, and link e-mail addresses."""
    text = re.sub(r"(?<=\d) (?=\w)|(?<=\b[AIOUWZaiouwz]) | (?=\w{1,6}\.$)", "\u00a0", escape(text, quote=False))
    return ADDRESS.sub(r'<a href="mailto:\g<0>"><u color="#e59f1e">\g<0></u></a>', text)


def balanced(title: str, size: float) -> list[str]:
    """Return a title in one line where it fits the column, otherwise in two that are about as long."""
    words = title.split()
    breaks = [[" ".join(words[:at]), " ".join(words[at:])] for at in range(1, len(words))]
    one = stringWidth(title, BOLD, size) <= COLUMN or not breaks
    return [title] if one else min(breaks, key=lambda lines: max(stringWidth(line, BOLD, size) for line in lines))


def draw_text(canvas: Any, x: float, y: float, text: str, color: Any, font: str = TEXT, size: float = 8.5) -> None:
    canvas.setFillColor(color)
    canvas.setFont(font, size)
    canvas.drawString(x, y, text)


def draw_figure(
    canvas: Any, right: float, y: float, text: str, color: Any, font: str = TEXT, size: float = 9.5
) -> None:
    """Draw a number ending at `right`, digits stretched half the way to equal steps: gaps alone copy as "1 6,500"."""
    digit = sum(stringWidth(digit, font, size) for digit in "0123456789") / 10
    steps = [digit if character.isdigit() else stringWidth(character, font, size) for character in text]
    x = right - sum(steps)
    line = canvas.beginText()
    line.setFillColor(color)
    line.setFont(font, size)
    for character, step in zip(text, steps, strict=True):
        width = stringWidth(character, font, size)
        line.setTextOrigin(x + (step - width) / 4, y)
        line.setHorizScale(50 + 50 * step / width)
        line.textOut(character)
        x += step
    line.setHorizScale(100)
    canvas.drawText(line)


def draw_box(canvas: Any, box: tuple[float, float, float, float], color: Any, radius: float = 0) -> None:
    """Fill a box given by x, y, width and height."""
    canvas.setFillColor(color)
    canvas.roundRect(*box, radius, stroke=0, fill=1)


def draw_rays(canvas: Any, x: float, y: float, scale: float, dark: Any, lit: Any) -> None:
    """Draw the lamp and its rays, as on the cover picture; `scale` is points to a pixel of that picture."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(scale, scale)
    draw_box(canvas, (-54, -54, 108, 108), dark, 54)
    canvas.rotate(5.1)
    for position, reach in enumerate(RAYS):
        canvas.setFillColor(lit if position == LIT_RAY else dark)
        path = canvas.beginPath()
        path.moveTo(102, -4)
        for point in ((reach, -reach * 0.0393), (reach, reach * 0.0393), (102, 4)):
            path.lineTo(*point)
        canvas.drawPath(path, stroke=0, fill=1)
        canvas.rotate(6.56)
    canvas.restoreState()


class ReportDocument(BaseDocTemplate):
    """The pages around the story: cover, running titles, bookmarks. `chapters` holds each title and its page."""

    def __init__(self, output: io.BytesIO, source: dict[str, Any], language: str) -> None:
        self.part, self.words, self.day = source["part"], source["words"], source["edition_date"]
        self.author = source.get("author", AUTHOR)
        texts = {"title": self.part["title"], "subject": self.part["summary"]}
        texts |= {"author": self.author, "creator": self.author}
        super().__init__(output, pagesize=A4, lang=language, invariant=1, initialFontName=TEXT, **texts)
        frame = Frame(MARGIN, 66, COLUMN, HEIGHT - 146, 0, 0, 0, 0)
        inner = PageTemplate("inner", [frame], onPageEnd=self.draw_margins)
        inner.beforeDrawPage = lambda canvas, _document: draw_box(canvas, (0, 0, WIDTH, HEIGHT), PAPER)
        self.addPageTemplates([PageTemplate("cover", [frame], onPage=self.draw_cover), inner])

    def beforeDocument(self) -> None:  # noqa: N802
        self.chapters: list[tuple[str, int]] = []
        self.canv.setDateFormatter(lambda *_now: f"D:{self.day:%Y%m%d}000000Z")
        self.canv.setViewerPreference("DisplayDocTitle", "true")

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802
        """Enter a chapter's title in the bookmarks and the table of contents."""
        if getattr(flowable, "style", None) is CHAPTER:
            title, key = flowable.chapter, f"chapter-{len(self.chapters) + 1}"
            self.chapters.append((title, self.page))
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(title, key)
            self.notify("TOCEntry", (0, typeset(title), self.page, key))

    def draw_cover(self, canvas: Any, _document: Any) -> None:
        draw_box(canvas, (0, 0, WIDTH, HEIGHT), AMBER)
        draw_rays(canvas, MARGIN + 27, 96, WIDTH / 1200, NIGHT, LIGHT)
        draw_text(canvas, MARGIN, HEIGHT - 92, self.author, NIGHT, TEXT, 22)
        canvas.drawRightString(WIDTH - MARGIN, 46, self.words["region"])
        lines = balanced(self.part["title"], 68)
        size = min(68, 68 * COLUMN / max(stringWidth(line, BOLD, 68) for line in lines))  # long German words
        for place, line in enumerate(lines):
            draw_text(canvas, MARGIN - 2, HEIGHT - 166 - 72 * place, line, NIGHT, BOLD, size)
        note = Paragraph(typeset(self.part["chart_source"]), style(11, 16, textColor=NIGHT))
        note.wrapOn(canvas, 300, 60)
        note.drawOn(canvas, MARGIN, HEIGHT - 266 - note.height)

    def draw_margins(self, canvas: Any, document: Any) -> None:
        """Draw the running title above, and below it the label of sample figures and the page number."""
        chapter, opening = self.chapters[-1]
        draw_text(canvas, MARGIN, HEIGHT - 46, self.part["title"], INK_3)
        canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 46, self.author if opening == document.page else chapter)
        draw_box(canvas, (MARGIN, HEIGHT - 56, COLUMN, 0.6), LINE)
        if self.words["sample"]:
            draw_box(canvas, (MARGIN, 31, stringWidth(self.words["sample"], TEXT, 8.5) + 16, 17), TINT, 8.5)
            draw_text(canvas, MARGIN + 8, 36.5, self.words["sample"], AMBER_TEXT)
        draw_figure(canvas, WIDTH - MARGIN, 36.5, str(document.page), INK, BOLD, 10)


class Drawing(Flowable):
    """A place in the story, as wide as its column, that a function of the canvas draws."""

    def __init__(self, height: float, draw: Callable[..., object], **how: Any) -> None:
        super().__init__()
        self.height, self.drawing = height, partial(draw, **how)

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        return width, self.height

    def draw(self) -> None:
        self.drawing(self.canv)


def story(source: dict[str, Any], figures: Sequence[Figures]) -> Iterator[Any]:
    """Yield what follows the cover: each chapter on a new page, its text, then its figures."""
    yield NextPageTemplate("inner")
    for chapter, below in zip(source["part"]["chapters"], figures, strict=True):
        yield from (PageBreak(), Drawing(4, draw_box, box=(0, 0, 36, 4), color=AMBER, radius=2))
        title = Paragraph("<br/>".join(map(escape, balanced(chapter["title"], CHAPTER.fontSize))), CHAPTER)
        title.chapter = chapter["title"]
        yield title
        for place, text in enumerate(chapter["paragraphs"]):
            yield Paragraph(typeset(text), BODY if place else LEAD)
        yield Spacer(0, 12)
        yield from below(source)


def contents(source: dict[str, Any]) -> list[Any]:
    lines = [*FLUSH, ("LINEBELOW", *ALL, 0.6, LINE), ("TOPPADDING", *ALL, 7), ("BOTTOMPADDING", *ALL, 8)]
    table = TableOfContents(levelStyles=[style(11.5, 15)], tableStyle=lines, dotsMinLevel=-1)
    return [Paragraph(typeset(source["words"]["contents"]), HEADING), Spacer(0, 6), table]


def roles(data: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the rows of each role, in the order of the data."""
    return {row["role"]: [other for other in data["salary"] if other["role"] == row["role"]] for row in data["salary"]}


def pay(source: dict[str, Any]) -> list[Any]:
    """Return the table, which goes on over the next pages, and the chart of medians, the best paid first.

    A figure that is None is not known: a dash in the table, and its row is not in the chart.
    """
    labels = strict({row["level"]: row[source["label"]] for row in source["levels"]})
    bars: list[Bar] = []
    for role, rows in roles(source).items():
        both = [row for row in rows if row["employment_median"] is not None and row["b2b_median"] is not None]
        if not both:
            continue
        row = next((row for row in both if row["level"] == COMMON_LEVEL), both[0])
        level = "" if row["level"] == COMMON_LEVEL else labels[row["level"]]
        bars.append((role, level, [row["employment_median"], row["b2b_median"]]))
    bars.sort(key=lambda bar: -bar[2][1])
    pages = [bars[first : first + MOST_BARS] for first in range(0, len(bars), MOST_BARS)]
    charts = [part for page in pages for part in (PageBreak(), chart("medians", page, 23, source))]
    return [pay_table(source, labels), *charts]


def pay_table(source: dict[str, Any], labels: dict[str, str]) -> Table:
    words = source["words"]
    groups = [Paragraph(typeset(words[key]), HEAD) for key in ("employment", "b2b")]
    heads = [Paragraph(typeset(words[key]), HEAD) for key in ("low", "median", "high")] * 2
    cells: list[list[Any]] = [["", groups[0], "", "", groups[1]], [Paragraph(typeset(words["unit"]), FINE), *heads]]
    lines: list[Any] = [*FLUSH, ("SPAN", (1, 0), (3, 0)), ("SPAN", (4, 0), (6, 0))]
    for role, rows in roles(source).items():
        first, last = len(cells), len(cells) + len(rows)
        cells.append([Paragraph(typeset(role), ROLE)])
        cells += [
            [Paragraph(typeset(labels[row["level"]]), LEVEL), *(pay_cell(row, key, words) for key in PAY)]
            for row in rows
        ]
        lines += [("SPAN", (0, first), (-1, first)), ("NOSPLIT", (0, first), (-1, last))]
        lines += [("LINEABOVE", (0, first), (-1, first), 0.6, LINE), ("TOPPADDING", (0, first), (-1, first), 5)]
        lines += [("BOTTOMPADDING", (0, last), (-1, last), 6)]
    return Table(cells, [COLUMN - 6 * NUMBERS, *[NUMBERS] * 6], style=lines, repeatRows=2)


def pay_cell(row: dict[str, Any], key: str, words: dict[str, str]) -> Drawing:
    color, font = (INK, BOLD) if "median" in key else (INK_2, TEXT)
    text = "–" if row[key] is None else f"{row[key]:,}".replace(",", words["thousands"])
    return Drawing(10, draw_figure, right=NUMBERS, y=0.4, text=text, color=color, font=font)


def contracts(source: dict[str, Any]) -> list[Any]:
    """Return the chart of the report's web page with both medians. Each of its lines must stand in the table."""
    medians = strict({f"{row['role']} {row['b2b_median']}": row["employment_median"] for row in source["salary"]})
    bars: list[Bar] = []
    for line in source["part"]["chart"].strip().splitlines():
        label, value = line.split(" | ")
        bars.append((label, "", [medians[f"{label.split(',')[0]} {value}"], int(value)]))
    return [chart("contracts", bars, 28, source)]


def shares(name: str, source: dict[str, Any]) -> list[Any]:
    return [chart(name, [(row[source["label"]], "", [row["share"]]) for row in source[name]], 25, source, "%")]


def chart(name: str, bars: list[Bar], step: float, source: dict[str, Any], unit: str = "") -> Table:
    """Return a bar chart, shares against the whole. The last of a line's values is lit, one before it dark."""
    left = 16 + max(stringWidth(text, TEXT, 9) for bar in bars for text in bar[:2])
    whole, count = max(100, *(value for bar in bars for value in bar[2])), len(bars[0][2])
    track, thick = CARD - left - 44 * count, step * 0.52 / count

    def draw(canvas: Any) -> None:
        for place, (label, level, values) in enumerate(reversed(bars)):
            middle = (place + 0.5) * step
            draw_text(canvas, 0, middle + (1.5 if level else -3), label, INK, TEXT, 9)
            draw_text(canvas, 0, middle - 8, level, INK_3, TEXT, 8)
            draw_box(canvas, (left, middle - thick * count / 2, track, thick * count), SUNKEN)
            for after, value in enumerate(reversed(values)):
                color, font = (NIGHT, TEXT) if after else (AMBER, BOLD)
                draw_box(canvas, (left, middle + thick * (after - count / 2), track * value / whole, thick), color)
                text = f"{value:,}".replace(",", source["words"]["thousands"]) + unit
                draw_figure(canvas, CARD - 44 * after, middle - 3, text, INK, font, 9)

    return framed(name, Drawing(len(bars) * step, draw), source)


def framed(name: str, figure: Any, source: dict[str, Any]) -> Table:
    """Return a drawing on a white card, under its title and note and above the line on sample figures."""
    texts = (source["words"][name], source["words"][f"{name}_note"], source["part"]["chart_source"])
    title, note, origin = map(Paragraph, map(typeset, texts), (HEADING, FINE, FINE))
    lines = [*FLUSH, ("BACKGROUND", *ALL, SURFACE), ("BOX", *ALL, 0.6, LINE), ("ROUNDEDCORNERS", [8] * 4)]
    lines += [(f"{side}PADDING", *ALL, 16) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    return Table([[[title, note, Spacer(0, 10), figure, Spacer(0, 8), origin]]], [COLUMN], style=lines)


def quarters(source: dict[str, Any]) -> list[Any]:
    """Return the drawing of a row's three figures, which cut a group's offers into quarters."""
    words = source["words"]
    cells = [[words["low"], words["median"], words["high"], ""], [""] * 4, [words["quarter"]] * 4]
    lines = [
        *FLUSH,
        ("TEXTCOLOR", *ALL, INK_2),
        ("ALIGN", (0, 2), (-1, 2), "CENTER"),
        ("ALIGN", (0, 0), (2, 0), "RIGHT"),
    ]
    lines += [("RIGHTPADDING", (0, 0), (2, 0), 6), ("LINEAFTER", (0, 0), (2, 1), 1.2, INK)]
    lines += [("BACKGROUND", (0, 1), (-1, 1), TINT), ("BACKGROUND", (1, 1), (2, 1), AMBER)]
    return [framed("row", Table(cells, [CARD / 4] * 4, [18, 16, 20], style=lines), source)]


def rays(_source: dict[str, Any], dark: Any) -> list[Any]:
    return [Drawing(244, draw_rays, x=14, y=0, scale=0.26, dark=dark, lit=AMBER)]


# What follows the text of each chapter.
FIGURES: tuple[Figures, ...] = (
    *(contents, pay, contracts, partial(shares, "remote"), partial(shares, "benefits")),
    *(partial(rays, dark=LINE), quarters, partial(rays, dark=NIGHT)),
)

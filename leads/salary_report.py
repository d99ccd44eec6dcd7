"""Draws the salary report as a PDF: a cover, chapters with tables and charts, a linked table of contents."""

import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from reportlab import platypus
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus.tableofcontents import TableOfContents

FONTS = Path(__file__).parent.parent / "recruitcms" / "demo" / "fonts"
TEXT, BOLD = "Literata-Regular", "Literata-SemiBold"
AUTHOR = "Northbeam Talent"
# The tokens of the site's design.
PAPER, SURFACE, SUNKEN, LINE = map(HexColor, ("#fbf9f4", "#ffffff", "#f2efe7", "#dcd7ca"))
INK, INK_2, INK_3, NIGHT, DUSK = map(HexColor, ("#14262b", "#43545a", "#5a696e", "#10272d", "#1f3d45"))
AMBER, TINT, AMBER_TEXT, LIGHT = map(HexColor, ("#f4b23c", "#fdeec9", "#7a4a00", "#fffaee"))

WIDTH, HEIGHT = A4
MARGIN = 68
COLUMN = WIDTH - 2 * MARGIN
MEASURE = 372  # about 68 characters of running text
# How far each ray of the cover reaches, counted upwards, in pixels of the cover picture, which is 1200 wide.
RAYS = (1300, 900, 1081, 1300, 990, 1176, 870, 1035, 786, 900, 645, 750, 569)
LIT_RAY = 5

# The level that the chart of medians compares. A role without it stands there with its first level.
COMMON_LEVEL = "Senior"
PAY = ("employment_low", "employment_median", "employment_high", "b2b_low", "b2b_median", "b2b_high")

ALL = ((0, 0), (-1, -1))
FLUSH = [("LEFTPADDING", *ALL, 0), ("RIGHTPADDING", *ALL, 0)]

Bar = tuple[str, str, list[int]]  # label, quieter label, values


def style(size: float, leading: float, **rest: Any) -> ParagraphStyle:
    name = f"{size} on {leading}"
    return ParagraphStyle(name, **{"fontName": TEXT, "fontSize": size, "leading": leading, "textColor": INK, **rest})


CHAPTER = style(27, 31, fontName=BOLD, spaceBefore=12, spaceAfter=14)
LEAD = style(13, 19.5, textColor=INK_2, rightIndent=COLUMN - MEASURE - 28, spaceAfter=11)
BODY = style(11, 17, rightIndent=COLUMN - MEASURE, spaceAfter=9)
HEADING = style(13, 17, fontName=BOLD)
FINE = style(8.5, 12, textColor=INK_3)
ENTRY = style(11.5, 15)
ROLE = style(9.5, 12, fontName=BOLD)
LEVEL = style(9.5, 12, textColor=INK_2)
HEAD = style(8.5, 11, textColor=INK_2, alignment=2)


def make_pdf(data: dict[str, Any], language: str) -> tuple[bytes, int]:
    """Return the report in a language as a PDF, the same bytes for the same data, and its number of pages.

    Raises ValueError where the data (recruitcms/demo/report.toml) lacks something that is drawn.
    """
    pdf, document = build(data, language)
    return pdf, document.page


def build(data: dict[str, Any], language: str) -> "tuple[bytes, ReportDocument]":
    """Return the PDF and the document it came from, which knows the page of each chapter."""
    parsed = strict(data, "its data")
    source = {**parsed, "part": parsed[language], "words": parsed["words"][language], "label": f"label_{language}"}
    if len(source["part"]["chapters"]) != len(FIGURES):
        raise ValueError(f"The salary report needs {len(FIGURES)} chapters in {language}.")
    for name in (TEXT, BOLD):
        font = TTFont(name, FONTS / f"{name}.ttf")
        font.face.name = (
            name.encode()
        )  # both files call themselves Literata-Regular, and one would be drawn as the other
        registerFont(font)
    output = io.BytesIO()
    document = ReportDocument(output, source, language)
    document.multiBuild(list(story(source)))
    return output.getvalue(), document


class Strict(dict[str, Any]):
    """A table of the data that says by name what it lacks."""

    where = ""

    def __missing__(self, key: str) -> Any:
        raise ValueError(f"The salary report lacks {key!r} in {self.where}.")


def strict(value: Any, where: str) -> Any:
    """Return the value with every table in it made strict."""
    if isinstance(value, list):
        return [strict(item, f"{where}, item {position}") for position, item in enumerate(value, 1)]
    if not isinstance(value, dict):
        return value
    table = Strict({key: strict(item, key) for key, item in value.items()})
    table.where = where
    return table


def typeset(text: str) -> str:
    """Escape text for a paragraph, keep short words and figures with what follows, and link e-mail addresses."""
    text = re.sub(r"(?<!\w)([aiouwz]) ", "\\1\u00a0", escape(text, quote=False), flags=re.IGNORECASE)
    text = re.sub(r"(?<=\d) (?=\d{3}\b|proc\.|zł|PLN|per\b|r\.)", "\u00a0", text)
    return re.sub(r"[\w.]+@[\w.]+\w", r'<a href="mailto:\g<0>"><u color="#e59f1e">\g<0></u></a>', text)


def number(value: int, source: dict[str, Any]) -> str:
    return f"{value:,}".replace(",", source["words"]["thousands"])


def two_lines(title: str) -> list[str]:
    """Break a title where its longer line is shortest."""
    words = title.split()
    breaks = [[" ".join(words[:at]), " ".join(words[at:])] for at in range(1, len(words))] or [[title]]
    return min(breaks, key=lambda lines: max(stringWidth(line, BOLD, 68) for line in lines))


def draw_text(canvas: Any, x: float, y: float, text: str, color: Any, font: str = TEXT, size: float = 8.5) -> float:
    """Draw a line of text and return where it ends."""
    canvas.setFillColor(color)
    canvas.setFont(font, size)
    canvas.drawString(x, y, text)
    return x + stringWidth(text, font, size)


def draw_figure(canvas: Any, right: float, y: float, text: str, color: Any, font: str = TEXT, size: float = 9) -> None:
    """Draw a number that ends at `right`, its digits on equal steps, each stretched half the way to them.

    Literata's own digits differ in width. Wider gaps instead would make readers copy "1 6,500" from the page.
    """
    step = sum(stringWidth(digit, font, size) for digit in "0123456789") / 10
    line = canvas.beginText()
    line.setFont(font, size)
    line.setFillColor(color)
    for character in reversed(text):
        width = stringWidth(character, font, size)
        drawn = (step + width) / 2 if character.isdigit() else width
        right -= step if character.isdigit() else width
        line.setTextOrigin(right + (step - drawn) / 2 * character.isdigit(), y)
        line.setHorizScale(100 * drawn / width)
        line.textOut(character)
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


class ReportDocument(platypus.BaseDocTemplate):
    """The pages around the story: cover, running titles, bookmarks. `chapters` holds each title and its page."""

    def __init__(self, output: io.BytesIO, source: dict[str, Any], language: str) -> None:
        self.part, self.words, self.day = source["part"], source["words"], source["edition_date"]
        texts = {"title": self.part["title"], "subject": self.part["summary"], "author": AUTHOR, "creator": AUTHOR}
        super().__init__(output, pagesize=A4, lang=language, invariant=1, **texts)
        frame = platypus.Frame(MARGIN, 66, COLUMN, HEIGHT - 146, 0, 0, 0, 0)
        cover = platypus.PageTemplate("cover", [frame], onPage=self.draw_cover)
        inner = platypus.PageTemplate("inner", [frame], onPage=self.draw_ground, onPageEnd=self.draw_margins)
        self.addPageTemplates([cover, inner])

    def beforeDocument(self) -> None:  # noqa: N802
        self.chapters: list[tuple[str, int]] = []
        self.canv.setDateFormatter(lambda *_now: f"D:{self.day:%Y%m%d}000000Z")
        self.canv.setViewerPreference("DisplayDocTitle", "true")

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802
        """Enter a chapter's title in the bookmarks and the table of contents."""
        if getattr(flowable, "style", None) is not CHAPTER:
            return
        title, key = flowable.chapter, f"chapter-{len(self.chapters) + 1}"
        self.chapters.append((title, self.page))
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(title, key)
        self.notify("TOCEntry", (0, typeset(title), self.page, key))

    def draw_cover(self, canvas: Any, _document: Any) -> None:
        draw_box(canvas, (0, 0, WIDTH, HEIGHT), AMBER)
        draw_rays(canvas, MARGIN + 27, 96, WIDTH / 1200, NIGHT, LIGHT)
        draw_text(canvas, MARGIN, HEIGHT - 92, AUTHOR, NIGHT, TEXT, 22)
        canvas.setFontSize(22)
        canvas.drawRightString(WIDTH - MARGIN, 46, self.words["region"])
        text = canvas.beginText(MARGIN - 2, HEIGHT - 166)
        text.setFont(BOLD, 68, 70)
        text.setCharSpace(-1.6)
        text.textLines(two_lines(self.part["title"]))
        canvas.drawText(text)
        note = platypus.Paragraph(typeset(self.part["chart_source"]), style(11, 16, textColor=NIGHT))
        note.wrapOn(canvas, 330, 60)
        note.drawOn(canvas, MARGIN, HEIGHT - 266 - note.height)

    def draw_ground(self, canvas: Any, _document: Any) -> None:
        draw_box(canvas, (0, 0, WIDTH, HEIGHT), PAPER)

    def draw_margins(self, canvas: Any, document: Any) -> None:
        """Draw the running title above, and below it the label of sample figures and the page number."""
        draw_text(canvas, MARGIN, HEIGHT - 46, self.part["title"], INK_3)
        canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 46, self.chapters[-1][0])
        draw_box(canvas, (MARGIN, HEIGHT - 56, COLUMN, 0.6), LINE)
        draw_box(canvas, (MARGIN, 31, stringWidth(self.words["sample"], TEXT, 8.5) + 16, 17), TINT, 8.5)
        draw_text(canvas, MARGIN + 8, 36.5, self.words["sample"], AMBER_TEXT)
        draw_figure(canvas, WIDTH - MARGIN, 36.5, str(document.page), INK, BOLD, 10)


class Drawing(platypus.Flowable):
    """A drawing over the full width, made by a function of the canvas and the width."""

    def __init__(self, height: float, drawing: Callable[[Any, float], None]) -> None:
        super().__init__()
        self.height, self.drawing = height, drawing

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        return width, self.height

    def draw(self) -> None:
        self.drawing(self.canv, self.width)


def story(source: dict[str, Any]) -> Iterator[Any]:
    """Yield what follows the cover: each chapter on a new page, its text, then its figures."""
    yield platypus.NextPageTemplate("inner")
    for chapter, figures in zip(source["part"]["chapters"], FIGURES, strict=True):
        title = platypus.Paragraph(typeset(chapter["title"]), CHAPTER)
        title.chapter = chapter["title"]
        lead, *rest = chapter["paragraphs"]
        yield platypus.PageBreak()
        yield Drawing(4, lambda canvas, _width: draw_box(canvas, (0, 0, 36, 4), AMBER, 2))
        yield from (title, platypus.Paragraph(typeset(lead), LEAD))
        yield from (platypus.Paragraph(typeset(text), BODY) for text in rest)
        yield platypus.Spacer(0, 12)
        yield from figures(source)


def contents(source: dict[str, Any]) -> list[Any]:
    lines = [*FLUSH, ("LINEBELOW", (0, 0), (-1, -1), 0.6, LINE), ("TOPPADDING", (0, 0), (-1, -1), 7)]
    lines += [("BOTTOMPADDING", (0, 0), (-1, -1), 8)]
    heading = platypus.Paragraph(source["words"]["contents"], HEADING)
    return [heading, platypus.Spacer(0, 6), TableOfContents(levelStyles=[ENTRY], tableStyle=lines, dotsMinLevel=-1)]


def pay(source: dict[str, Any]) -> list[Any]:
    """Return the table of all roles, which goes on over the next pages, and the chart of their medians."""
    return [pay_table(source), platypus.PageBreak(), card("medians", median_bars(source), 21.5, source)]


def pay_table(source: dict[str, Any]) -> Any:
    words, labels = source["words"], level_labels(source)
    heads = [platypus.Paragraph(words[key], HEAD) for key in ("low", "median", "high")]
    groups = [platypus.Paragraph(words[key], HEAD) for key in ("employment", "b2b")]
    unit = platypus.Paragraph(words["unit"], style(8.5, 11, textColor=INK_2))
    cells: list[list[Any]] = [["", groups[0], "", "", groups[1], "", ""], [unit, *heads, *heads]]
    lines: list[Any] = [*FLUSH, ("SPAN", (1, 0), (3, 0)), ("SPAN", (4, 0), (6, 0)), ("VALIGN", *ALL, "BOTTOM")]
    for role in roles(source):
        start = len(cells)
        cells.append([platypus.Paragraph(role, ROLE), *[""] * 6])
        levels = [row for row in source["salary"] if row["role"] == role]
        cells += [[platypus.Paragraph(labels[row["level"]], LEVEL), *pay_cells(row, source)] for row in levels]
        lines += [("SPAN", (0, start), (-1, start)), ("NOSPLIT", (0, start), (-1, len(cells) - 1))]
        lines += [("LINEABOVE", (0, start), (-1, start), 0.6, LINE), ("TOPPADDING", (0, start), (-1, start), 6)]
    return platypus.Table(cells, [COLUMN - 6 * 51, *[51] * 6], style=lines, repeatRows=2)


def pay_cells(row: dict[str, Any], source: dict[str, Any]) -> list[Any]:
    """Return the six figures of a row of the table, medians in the heavier weight."""

    def cell(key: str) -> Drawing:
        color, font = (INK, BOLD) if "median" in key else (INK_2, TEXT)
        text = number(row[key], source)
        return Drawing(9, lambda canvas, width: draw_figure(canvas, width, 0, text, color, font, 9.5))

    return [cell(key) for key in PAY]


def roles(source: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(row["role"] for row in source["salary"]))


def level_labels(source: dict[str, Any]) -> Any:
    return strict({row["level"]: row[source["label"]] for row in source["levels"]}, "levels")


def median_bars(source: dict[str, Any]) -> list[Bar]:
    """Return each role at the common level, or at its first, with its two medians, the best paid first."""
    bars: list[Bar] = []
    for role in roles(source):
        levels = {row["level"]: row for row in reversed(source["salary"]) if row["role"] == role}
        row = levels.get(COMMON_LEVEL) or list(levels.values())[-1]
        quiet = "" if row["level"] == COMMON_LEVEL else f" · {level_labels(source)[row['level']]}"
        bars.append((role, quiet, [row["employment_median"], row["b2b_median"]]))
    return sorted(bars, key=lambda bar: -bar[2][1])


def contracts(source: dict[str, Any]) -> list[Any]:
    """Return the chart of the report's page with both medians. Each of its lines must stand in the table."""
    bars: list[Bar] = []
    for line in filter(None, source["part"]["chart"].splitlines()):
        label, value = (part.strip() for part in line.split("|"))
        rows = [row for row in source["salary"] if label.startswith(row["role"]) and row["b2b_median"] == int(value)]
        if not rows:
            raise ValueError(f"The salary report lacks {line!r} in salary.")
        bars.append((label, "", [rows[0]["employment_median"], rows[0]["b2b_median"]]))
    return [card("contracts", bars, 30, source)]


def shares(name: str, source: dict[str, Any]) -> list[Any]:
    """Return the chart of the shares that the data holds by that name."""
    bars: list[Bar] = [(row[source["label"]], "", [row["share"]]) for row in source[name]]
    return [card(name, bars, 25, source, "%")]


def card(name: str, bars: list[Bar], step: float, source: dict[str, Any], unit: str = "") -> Any:
    """Return a chart in its frame. Two values to a bar are employment and B2B; shares are drawn against the whole."""
    legend = ("employment", "b2b") if len(bars[0][2]) == 2 else ()

    def draw(canvas: Any, width: float) -> None:
        x = 0.0
        for key, color in zip(legend, (NIGHT, AMBER), strict=False):
            draw_box(canvas, (x, len(bars) * step + 8, 8, 8), color, 2)
            x = 18 + draw_text(canvas, x + 13, len(bars) * step + 9, source["words"][key], INK_2)
        draw_bars(canvas, width, bars, step, [[number(value, source) + unit for value in bar[2]] for bar in bars])

    return framed(name, Drawing(len(bars) * step + 20 * bool(legend), draw), source)


def draw_bars(canvas: Any, width: float, bars: list[Bar], step: float, texts: list[list[str]]) -> None:
    count, values = len(bars[0][2]), [value for bar in bars for value in bar[2]]
    left = max(stringWidth(label + quiet, TEXT, 9) for label, quiet, _values in bars) + 14
    track, whole, thick = width - left - 44 * count, max(100, *values), step * 0.52 / count
    for position, (label, quiet, values) in enumerate(bars):
        middle = (len(bars) - position - 0.5) * step
        end = draw_text(canvas, 0, middle - 3, label, INK, TEXT, 9)
        draw_text(canvas, end, middle - 3, quiet, INK_3, TEXT, 9)
        draw_box(canvas, (left, middle - thick * count / 2, track, thick * count), SUNKEN)
        for place, value in enumerate(values, 1):
            y, color, font = (
                middle + thick * (count / 2 - place),
                NIGHT if place < count else AMBER,
                BOLD if place == count else TEXT,
            )
            draw_box(canvas, (left, y, track * value / whole, thick), color)
            draw_figure(canvas, width - 44 * (count - place), middle - 3, texts[position][place - 1], INK, font, 9)


def framed(name: str, drawing: Drawing, source: dict[str, Any]) -> Any:
    """Return a drawing on a white card, under its title and note and above the line on sample figures."""
    words = source["words"]
    texts = ((words[name], HEADING), (words[f"{name}_note"], FINE), (source["part"]["chart_source"], FINE))
    title, note, origin = (platypus.Paragraph(typeset(text), look) for text, look in texts)
    parts = [title, note, platypus.Spacer(0, 10), drawing, platypus.Spacer(0, 8), origin]
    lines = [("BACKGROUND", *ALL, SURFACE), ("BOX", *ALL, 0.6, LINE), ("ROUNDEDCORNERS", [8] * 4)]
    lines += [(f"{side}PADDING", *ALL, 16) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    return platypus.Table([[parts]], [COLUMN], style=lines)


def how_to_read(source: dict[str, Any]) -> list[Any]:
    """Return the drawing of a row's three figures, which cut a group's offers into quarters."""
    words = source["words"]

    def draw(canvas: Any, width: float) -> None:
        for quarter, key in enumerate(("low", "median", "high", "")):
            x, middle = quarter * width / 4, (quarter + 0.5) * width / 4
            draw_box(canvas, (x, 20, width / 4 - 1.5, 16), AMBER if 0 < quarter < 3 else TINT)
            draw_text(canvas, middle - stringWidth(words["quarter"], TEXT, 8.5) / 2, 6, words["quarter"], INK_2)
            if key:
                draw_box(canvas, (x + width / 4 - 1.5, 16, 1.5, 28), INK)
                draw_text(
                    canvas, x + width / 4 - stringWidth(words[key], BOLD, 9.5) / 2, 49, words[key], INK, BOLD, 9.5
                )

    return [framed("row", Drawing(62, draw), source)]


def night(source: dict[str, Any], words: str = "") -> list[Any]:
    """Return a dark band with the rays and, where words are named, those above the address from the last chapter."""

    def draw(canvas: Any, width: float) -> None:
        path = canvas.beginPath()
        path.roundRect(0, 0, width, 190, 12)
        canvas.clipPath(path, stroke=0, fill=0)
        draw_box(canvas, (0, 0, width, 190), NIGHT)
        draw_rays(canvas, width * (0.55 if words else 0.1), 34, 0.3, DUSK, AMBER)

    return [Drawing(190, draw)]


FIGURES: tuple[Callable[[dict[str, Any]], list[Any]], ...] = (
    contents,
    pay,
    contracts,
    partial(shares, "remote"),
    partial(shares, "benefits"),
    night,
    how_to_read,
    partial(night, words="ask"),
)

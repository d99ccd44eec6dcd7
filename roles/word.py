"""A description as a Word document: real styles, lists that start at their numbers, links, and its language."""

import io
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from bs4 import BeautifulSoup, Tag
from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from roles.description import Description

INK = RGBColor(0x14, 0x26, 0x2B)
DEEPEST = 3  # Word's own list styles go three levels deep
Runs = dict[str, bool]  # how a piece of text is set: {"bold", "italic", "code"}


def as_word(description: Description) -> bytes:
    """Return a description as a .docx file."""
    writer = Writer(description.title, description.language)
    writer.heading(description.title, 1)
    for part in description.parts:
        writer.heading(part.heading, 2)
        writer.blocks(BeautifulSoup(part.html, "html.parser"))
    writer.source(description.source)
    return writer.finish()


class Writer:
    """Writes rendered Markdown into a Word document, block by block."""

    def __init__(self, title: str, language: str) -> None:
        self.document = Document()
        self.document.core_properties.title = title
        self.document.core_properties.language = language
        self.document.core_properties.author = ""
        self.document.core_properties.comments = ""
        self._dress(language)
        self.styles = {style.name: style for style in self.document.styles}  # asked by name, each costs a search

    def _dress(self, language: str) -> None:
        styles = self.document.styles
        defaults = styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
        found = defaults.find(qn("w:lang"))
        lang = found if found is not None else defaults.makeelement(qn("w:lang"), {})
        lang.set(qn("w:val"), language)
        if found is None:
            defaults.append(lang)
        styles["Normal"].font.name, styles["Normal"].font.size = "Calibri", Pt(11)
        for level, size in {1: 22, 2: 15, 3: 12, 4: 11}.items():
            font = styles[f"Heading {level}"].font
            font.size, font.color.rgb = Pt(size), INK

    def paragraph(self, style: str | None = None) -> Any:
        return self.document.add_paragraph(style=self.styles[style] if style else None)

    def heading(self, text: str, level: int) -> None:
        self.paragraph(f"Heading {level}").add_run(text)

    def source(self, text: str) -> None:
        """Say in small print where the text comes from."""
        run = self.document.add_paragraph().add_run(text)
        run.font.size = Pt(8)

    def finish(self) -> bytes:
        output = io.BytesIO()
        self.document.save(output)
        return output.getvalue()

    def blocks(self, parent: Tag, style: str | None = None) -> None:
        for child in parent.children:
            if not isinstance(child, Tag):
                if str(child).strip():
                    self.paragraph(style).add_run(str(child).strip())
            elif child.name in {"ul", "ol"}:
                self._list(child, 1)
            elif child.name in {"h3", "h4"}:
                self._inline(self.paragraph(f"Heading {child.name[1]}"), child.children)
            elif child.name == "blockquote":
                self.blocks(child, "Quote")
            elif child.name == "table":
                self._table(child)
            elif child.name != "hr":
                self._inline(self.paragraph(style), child.children)

    def _list(self, items: Tag, depth: int) -> None:
        numbered = items.name == "ol"
        name = "List Number" if numbered else "List Bullet"
        style = name if depth == 1 else f"{name} {min(depth, DEEPEST)}"
        number = self._new_numbering(style, int(str(items.get("start") or 1))) if numbered else None
        for item in items.find_all("li", recursive=False):
            inner = [child.extract() for child in item.find_all(["ul", "ol"], recursive=False)]
            paragraphs = item.find_all("p", recursive=False) or [item]
            for place, paragraph in enumerate(paragraphs):
                written = self.paragraph(style if place == 0 else "List Continue")
                if number is not None and place == 0:
                    properties = written._p.get_or_add_pPr().get_or_add_numPr()
                    properties.get_or_add_numId().val, properties.get_or_add_ilvl().val = number, 0
                self._inline(written, paragraph.children)
                _trim(written)
            for nested in inner:
                self._list(nested, depth + 1)

    def _new_numbering(self, style: str, start: int) -> int:
        """Return the id of a numbering like a style's that starts anew: else Word counts on from the list before."""
        numbering = self.document.part.numbering_part.element
        of_style = self.styles[style].element.pPr.numPr.numId.val
        abstract = next(num for num in numbering.num_lst if num.numId == of_style).abstractNumId.val
        num = numbering.add_num(abstract)
        num.add_lvlOverride(0).add_startOverride(start)
        return num.numId

    def _table(self, table: Tag) -> None:
        rows = [row.find_all(["th", "td"]) for row in table.find_all("tr")]
        written = self.document.add_table(len(rows), max(map(len, rows), default=1), "Table Grid")
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                self._inline(written.cell(row, column).paragraphs[0], cell.children, {"bold": _is_heading(cell)})
        if rows and all(_is_heading(cell) for cell in rows[0]):  # said again on each page, and to screen readers
            written.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        self._set_widths(written, rows)

    def _set_widths(self, table: Any, rows: list[Any]) -> None:
        """Give each column room by its longest words, within bounds; a column for notes is written in by hand."""
        page: Any = self.document.sections[0]
        room = page.page_width - page.left_margin - page.right_margin
        columns = range(len(table.columns))
        longest = [max((len(row[at].get_text()) for row in rows if at < len(row)), default=1) for at in columns]
        shares = [min(max(4, length * 3 if length > 1 else length), 40) for length in longest]
        for column, share in zip(table.columns, shares, strict=True):
            width = room * share // sum(shares)
            column.width = width
            for cell in column.cells:
                cell.width = width

    def _inline(self, paragraph: Any, children: Iterable[Any], how: Runs | None = None) -> None:
        how = how or {}
        for child in children:
            if not isinstance(child, Tag):
                self._run(paragraph, str(child), how)
            elif child.name == "br":
                paragraph.add_run().add_break()
            elif child.name == "a" and child.get("href"):
                self._link(paragraph, child, how)
            else:
                added = {"strong": "bold", "em": "italic", "code": "code"}.get(child.name)
                self._inline(paragraph, child.children, {**how, added: True} if added else how)

    def _run(self, paragraph: Any, text: str, how: Runs) -> Any:
        run = paragraph.add_run(text.replace("\n", " "))
        run.bold, run.italic = how.get("bold") or None, how.get("italic") or None
        if how.get("code"):
            run.font.name = "Consolas"
        return run

    def _link(self, paragraph: Any, link: Tag, how: Runs) -> None:
        address = str(link["href"])
        if address.startswith(("/", "#")):  # leads nowhere from a file
            self._inline(paragraph, link.children, how)
            return
        element = OxmlElement("w:hyperlink")
        element.set(qn("r:id"), paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
        run = self._run(paragraph, link.get_text(), how)
        run.font.underline = True
        element.append(deepcopy(run._r))
        run._r.getparent().replace(run._r, element)


def _is_heading(cell: Tag) -> bool:
    return cell.name == "th" and cell.get("scope") != "row"


def _trim(paragraph: Any) -> None:
    """Take away the space that stands between an item's words and the list within it."""
    if paragraph.runs:
        paragraph.runs[-1].text = paragraph.runs[-1].text.rstrip()

"""A description as a file, in each format. Markdown and plain text are written here."""

from collections.abc import Callable, Iterator
from typing import Any

from bs4 import BeautifulSoup, Tag
from django.utils.translation import gettext_lazy as _

from roles.description import Description
from roles.pdf import as_pdf, can_print

TITLE, HEADING = "=", "-"


def as_word(description: Description) -> bytes:
    """Return a description as a Word document."""
    from roles import word  # python-docx, which a process that writes none does not hold in memory

    return word.as_word(description)


def as_markdown(description: Description) -> bytes:
    """Return a description as Markdown (UTF-8)."""
    parts = [f"# {description.title}"]
    parts += [f"## {part.heading}\n\n{part.markdown.strip()}" for part in description.parts]
    return ("\n\n".join([*parts, "---", description.source]) + "\n").encode()


def as_text(description: Description) -> bytes:
    """Return a description as plain text (UTF-8): titles underlined, lists with dashes, the address after a link."""
    blocks = [_underlined(description.title, TITLE)]
    for part in description.parts:
        blocks.append(_underlined(part.heading, HEADING))
        blocks += _blocks(BeautifulSoup(part.html, "html.parser"))
    return ("\n\n".join([*blocks, "--", description.source]) + "\n").encode()


def _underlined(title: str, sign: str) -> str:
    return f"{title}\n{sign * min(len(title), 72)}"


def _blocks(parent: Tag) -> Iterator[str]:
    for child in parent.children:
        if not isinstance(child, Tag):
            text = str(child).strip()
            if text:
                yield text
        elif child.name in {"ul", "ol"}:
            yield "\n".join(_items(child, ""))
        elif child.name == "blockquote":
            yield "\n\n".join(_blocks(child))
        elif child.name == "tr":
            yield " | ".join(_line(cell) for cell in child.find_all(["th", "td"]))
        elif child.name in {"table", "thead", "tbody"}:
            yield "\n".join(_blocks(child))
        elif child.name != "hr":
            yield _line(child)


def _items(items: Tag, indent: str) -> Iterator[str]:
    """Yield the lines of a list, those within its items further in."""
    number = int(str(items.get("start") or 1))
    for item in items.find_all("li", recursive=False):
        inner = [child.extract() for child in item.find_all(["ul", "ol"], recursive=False)]
        mark = f"{number}. " if items.name == "ol" else "- "
        lines = [line.strip() for line in _line(item).split("\n")]
        yield indent + mark + f"\n{indent}{' ' * len(mark)}".join(lines)
        for nested in inner:
            yield from _items(nested, indent + "  ")
        number += 1


def _line(element: Tag) -> str:
    """Return an element's words, with line breaks where it has them."""
    for line_break in element.find_all("br"):
        line_break.replace_with("\n")
    for link in element.find_all("a", href=True):
        address = str(link["href"])
        if address.startswith("http") and address != link.get_text():
            link.append(f" ({address})")
    return element.get_text().strip()


# By the ending of the file: what it is called, its media type, and what writes it.
FORMATS: dict[str, tuple[Any, str, Callable[[Description], bytes]]] = {
    "docx": (_("Word"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", as_word),
    "pdf": (_("PDF"), "application/pdf", as_pdf),
    "md": (_("Markdown"), "text/markdown; charset=utf-8", as_markdown),
    "txt": (_("Plain text"), "text/plain; charset=utf-8", as_text),
}


def formats() -> dict[str, str]:
    """Return the names of the formats that can be made here, by the ending of the file."""
    return {kind: name for kind, (name, _type, _write) in FORMATS.items() if kind != "pdf" or can_print()}

"""Reading files of all formats: the one place that knows which reader a file is for."""

import contextlib
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from roles.moving import word_documents, wordpress
from roles.moving.archives import check_archive, members, opened
from roles.moving.incoming import Incoming, Seen, UnreadableError, completed
from roles.moving.markdown_files import language_in, read_markdown, title_from
from roles.moving.outline import outline
from roles.moving.rich_text import to_markdown

FORMATS = ("auto", "markdown", "word", "wordpress", "html")
BY_NAME = {
    ".md": "markdown", ".markdown": "markdown", ".mdown": "markdown", ".mdx": "markdown", ".txt": "markdown",
    ".docx": "word", ".xml": "wordpress", ".wxr": "wordpress", ".html": "html", ".htm": "html",
}  # fmt: skip
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".avif")
TEXT_BYTES = 2 * 1024 * 1024


class Opened(NamedTuple):
    """A file to read: its name within what was given, and its bytes."""

    name: str
    file: Any


def files_in(paths: Iterable[Path]) -> Iterator[Opened]:
    """Yield the files at some paths, folders and archives opened. Raises UnreadableError."""
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        if not path.exists():
            raise UnreadableError(f"There is no file {path}.")
        for found in inside:
            if found.is_file() and not any(part.startswith(".") for part in found.relative_to(path).parts):
                name = found.relative_to(path).as_posix() if path.is_dir() else found.name
                with found.open("rb") as file:
                    yield from unpacked(name, file)


def unpacked(name: str, file: BinaryIO) -> Iterator[Opened]:
    """Yield a file, or those in it where it is an archive."""
    if not name.lower().endswith(".zip"):
        yield Opened(name, file)
        return
    archive = check_archive(file)
    for inner, entry in members(archive):
        yield Opened(inner, opened(archive, entry))


def read(files: Iterable[Opened], seen: Seen, form: str = "auto") -> Iterator[Incoming]:
    """Yield the documents in some files, counting in `seen`. Raises UnreadableError, naming the file."""
    for opened_file in files:
        kind = form if form != "auto" else kind_of_file(opened_file.name)
        if not kind:
            if not opened_file.name.lower().endswith(PICTURES):
                yield _left_out(opened_file.name, seen)
            continue
        try:
            if kind == "wordpress":
                yield from wordpress.read_export(opened_file.file, seen)
            else:
                item = READERS[kind](opened_file)
                seen.count(item)
                yield item
        except UnreadableError as error:
            named = str(error).startswith(opened_file.name)
            raise UnreadableError(str(error) if named else f"{opened_file.name}: {error}") from error


PASTED_HTML = re.compile(r"<(?:p|div|h[1-6]|ul|ol|li|br|b|strong|span|table)\b[^<>]*>", re.IGNORECASE)


def kind_of_file(name: str) -> str:
    """Return the format that a file's name says, or ""."""
    return BY_NAME.get(Path(name.lower()).suffix, "")


def _left_out(name: str, seen: Seen) -> Incoming:
    item = Incoming("files", name[:300], name, "file", target="leave", notes=["Left out: no format that can be read"])
    seen.count(item)
    return item


def _markdown(opened_file: Opened) -> Incoming:
    return read_markdown(opened_file.name, _text(opened_file))


def _html(opened_file: Opened) -> Incoming:
    html = _text(opened_file)
    title = re.search(r"<title\b[^<>]{0,200}>([^<]{0,500})</title>", html, re.DOTALL | re.IGNORECASE)
    item = _from_html(opened_file.name, html)
    item.title = item.title or (title[1].strip() if title else "") or title_from(opened_file.name)
    return completed(item)


def _from_html(name: str, html: str) -> Incoming:
    notes: list[str] = []
    return _from_text(name, to_markdown(html, notes), notes, "HTML file")


def _word(opened_file: Opened) -> Incoming:
    notes: list[str] = []
    with contextlib.closing(_spooled(opened_file)) as file:
        item = _from_text(opened_file.name, word_documents.to_text(file, notes), notes, "Word document")
    item.title = item.title or title_from(opened_file.name)
    return completed(item)


def _from_text(name: str, text: str, notes: list[str], kind: str) -> Incoming:
    found = outline(text)
    language = language_in(name)
    return Incoming("files", name[:300], found.title, kind, found.sections, language=language, notes=notes)


def pasted(title: str, language: str, text: str, key: str) -> Incoming:
    """Return the document in pasted text: HTML where it has tags, else Markdown or plain lines."""
    notes: list[str] = []
    found = outline(pasted_markdown(text, notes), title=title)
    return completed(
        Incoming("pasted", key, found.title or "", "Pasted text", found.sections, language=language, notes=notes)
    )


def pasted_markdown(text: str, notes: list[str] | None = None) -> str:
    """Return pasted text as Markdown: converted where it has HTML tags. What is left out is noted."""
    return to_markdown(text, notes) if PASTED_HTML.search(text) else text


def _text(opened_file: Opened) -> str:
    data = opened_file.file.read(TEXT_BYTES + 1)
    if len(data) > TEXT_BYTES:
        raise UnreadableError(f"The file is larger than {TEXT_BYTES // 1024 // 1024} MB: this is no page of text.")
    for encoding in ("utf-8-sig", "cp1250" if b"\x9c" in data or b"\xb9" in data else "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else encoding).replace("\0", "")
    raise UnreadableError("The file is no text.")


def _spooled(opened_file: Opened) -> Any:
    data = opened_file.file.read(word_documents.FILE_BYTES + 1)
    if len(data) > word_documents.FILE_BYTES:
        raise UnreadableError(f"Word documents may have up to {word_documents.FILE_BYTES // 1024 // 1024} MB.")
    return io.BytesIO(data)


READERS = {"markdown": _markdown, "word": _word, "html": _html}

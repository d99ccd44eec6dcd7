"""Word documents (.docx) to Markdown. Nothing is fetched, and no style map of the document itself is followed."""

import re
from typing import BinaryIO
from zipfile import ZipFile

import mammoth

from roles.moving.archives import check_archive, members, opened
from roles.moving.incoming import UnreadableError
from roles.moving.rich_text import to_markdown

FILE_BYTES = 25 * 1024 * 1024
PART_BYTES = 10 * 1024 * 1024
MOST_TAGS = 150_000  # of a part: each takes about a kilobyte of memory, however short it is
STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Tytuł'] => h1:fresh
p[style-name='Titel'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
"""


def to_text(file: BinaryIO, notes: list[str]) -> str:
    """Return a Word document as Markdown; what it loses is added to `notes`. Raises UnreadableError."""
    archive = check_archive(file)
    if "word/document.xml" not in archive.namelist():
        raise UnreadableError("This is no Word document (.docx). Save an old .doc file as .docx first.")
    _refuse_document_types(archive)
    file.seek(0)
    try:
        result = mammoth.convert_to_html(
            file, style_map=STYLES, include_embedded_style_map=False, convert_image=mammoth.images.img_element(_picture)
        )
    except Exception as error:  # mammoth raises whatever a damaged part makes it stumble over
        raise UnreadableError(f"This Word document is damaged and cannot be read ({type(error).__name__}).") from error
    lost = sorted({message.message for message in result.messages if "Unrecognised" not in message.message})
    notes += lost + [
        f"Left out: a picture of the document ({alt})" for alt in re.findall(r'<img alt="([^"]*)"', result.value)
    ]
    return to_markdown(result.value, notes)


def _picture(image: object) -> dict[str, str]:
    return {"src": ""}


def _refuse_document_types(archive: ZipFile) -> None:
    """Refuse parts with a document type, which Word never writes: they are how XML bombs are made."""
    for _name, entry in members(archive):
        if entry.filename.endswith((".xml", ".rels")):
            if entry.file_size > PART_BYTES:
                raise UnreadableError("This Word document is too long for one page. Split it first.")
            part = opened(archive, entry).read().replace(b"\0", b"")
            if part.count(b"<") > MOST_TAGS:
                raise UnreadableError("This Word document is too long for one page. Split it first.")
            if re.search(rb"<!(DOCTYPE|ENTITY)", part):
                raise UnreadableError("This Word document declares entities, which Word never does. It is refused.")

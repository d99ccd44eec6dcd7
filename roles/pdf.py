"""A description as a tagged PDF with bookmarks, by WeasyPrint, where that and its library pango are installed."""

import ctypes
import logging
import re
import threading
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from PIL import ImageFile

from roles.description import Description

FOLDER = Path(__file__).parent.parent / "recruitcms" / "fonts"
PANGO = ["libpango-1.0.so.0", "libpango-1.0.dylib", "libpango-1.0-0.dll"]  # on Linux, macOS and Windows
FONTS = {"Literata-Regular.ttf", "Literata-SemiBold.ttf"}
MOST_BREAKS = 300  # within paragraphs: each takes milliseconds to lay out
PATIENCE = 20  # seconds that one who wants a PDF waits for the one before
MOST_LETTERS = 150_000  # of the whole text: ten times a long description, laid out in a few seconds
printing = threading.Lock()  # one at a time: two would take as long, and the threads that show pages
missing: ContextVar[list[str]] = ContextVar("missing")
STYLE = Path(settings.BASE_DIR) / "static" / "css" / "description.css"


class CannotPrintError(Exception):
    """This text cannot be a PDF here, or not now; its words tell the visitor why."""


class MissingLetters(logging.Handler):
    """Collects the letters that no font here has: WeasyPrint only logs them, and leaves a blank.

    They are what a visitor typed, so they go nowhere else (SEC-22): see `recruitcms.logs`.
    """

    def emit(self, record: logging.LogRecord) -> None:
        if ".notdef" in str(record.msg):
            missing.get([]).extend(
                chr(int(code, 16)) for code in re.findall(r"U\+([0-9A-F]{4,6})", record.getMessage())
            )


collector = MissingLetters()


@cache
def can_print() -> bool:
    """Tell whether PDF files can be made here. Where they cannot, browsers still print the page.

    Looks for pango alone: importing WeasyPrint takes a second, which no page should wait for.
    """
    if find_spec("weasyprint") is None:
        return False
    for name in PANGO:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def as_pdf(description: Description) -> bytes:
    """Return a description as a PDF file that screen readers can read (PDF/UA-1). Raises CannotPrintError."""
    if sum(part.html.count("<br") for part in description.parts) > MOST_BREAKS:
        raise CannotPrintError(_("A PDF holds up to %(count)d line breaks.") % {"count": MOST_BREAKS})
    if sum(len(part.html) for part in description.parts) > MOST_LETTERS:
        raise CannotPrintError(_("This text is too long for a PDF."))
    if not printing.acquire(timeout=PATIENCE):
        raise CannotPrintError(_("Many people want a PDF at this moment. Try again in a minute."))
    logging.getLogger("weasyprint").addHandler(collector)  # again: setting up the logs takes handlers away
    lacking: list[str] = []
    token = missing.set(lacking)
    try:
        pdf = _printed(description)
    finally:
        missing.reset(token)
        printing.release()
    if lacking:
        letters = " ".join(dict.fromkeys(lacking))[:80]
        raise CannotPrintError(_("Our fonts lack these letters: %(letters)s") % {"letters": letters})
    return pdf


def _printed(description: Description) -> bytes:
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    ImageFile.LOAD_TRUNCATED_IMAGES = (
        False  # WeasyPrint sets it, for the whole process: uploads are to be whole (SEC-8)
    )

    class OnlyOurFonts(URLFetcher):
        """A text must not make the server fetch anything."""

        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            name = url.removeprefix("font:///")
            if name not in FONTS:
                raise ValueError("not fetched")
            return URLFetcherResponse(url, (FOLDER / name).read_bytes(), {"Content-Type": "font/ttf"})

    fonts, fetcher = FontConfiguration(), OnlyOurFonts()
    style = CSS(string=STYLE.read_text(), font_config=fonts, url_fetcher=fetcher)
    text = render_to_string("roles/description.html", {"description": description})
    html = HTML(string=text, base_url="about:blank", url_fetcher=fetcher)
    return html.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1")

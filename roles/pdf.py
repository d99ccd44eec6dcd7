"""A description as a tagged PDF with bookmarks, by WeasyPrint, where that and its library pango are installed."""

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from roles.description import Description

FOLDER = Path(__file__).parent.parent / "recruitcms" / "fonts"
PANGO = ["libpango-1.0.so.0", "libpango-1.0.dylib", "libpango-1.0-0.dll"]  # on Linux, macOS and Windows
FONTS = {"Literata-Regular.ttf", "Literata-SemiBold.ttf"}
STYLE = Path(settings.BASE_DIR) / "static" / "css" / "description.css"


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
    """Return a description as a PDF file that screen readers can read (PDF/UA-1)."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

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

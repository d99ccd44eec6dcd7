"""A description as a tagged PDF with bookmarks, by WeasyPrint, where that and its library pango are installed."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from roles.description import Description

FOLDER = Path(__file__).parent.parent / "recruitcms" / "demo" / "fonts"
FONTS = {"Literata-Regular.ttf", "Literata-SemiBold.ttf"}
STYLE = Path(settings.BASE_DIR) / "static" / "css" / "description.css"


@cache
def can_print() -> bool:
    """Tell whether PDF files can be made here. Where they cannot, browsers still print the page."""
    if find_spec("weasyprint") is None:
        return False
    try:
        import weasyprint  # noqa: F401 (finds pango, or raises)
    except OSError:
        return False
    return True


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

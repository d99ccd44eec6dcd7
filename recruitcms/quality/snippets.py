"""What search engines and social networks would show of a page, and how much of it fits."""

import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.templatetags.static import static
from django.urls import NoReverseMatch

# Google's result page sets titles in Arial at 20 px on one line, descriptions at 14 px on two. Both limits are what was
# seen on desktops; Google publishes none.
TITLE_SIZE, TITLE_PIXELS = 20, 600
DESCRIPTION_SIZE, DESCRIPTION_PIXELS = 14, 990
# Advance widths of Arial in thousandths of its size.
WIDTHS = {
    191: "'",
    222: "ijl‘’",
    260: "|",
    278: " !,./:;[]\\ftI·",
    333: "()-`r“”„",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu–",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "—…",
    1015: "@",
}
WIDTH_OF = {letter: width for width, letters in WIDTHS.items() for letter in letters}


def pixels(text: str, size: int) -> int:
    """Return about how wide a text is in Arial of a size; a letter with a mark is as wide as without."""
    plain = (letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return round(sum(WIDTH_OF.get(letter, 556) for letter in plain) * size / 1000)


def fit(text: str, size: int, limit: int) -> str:
    """Return a text, cut after a whole word and with an ellipsis where it is wider than a limit of pixels."""
    if pixels(text, size) <= limit:
        return text
    words = text[:400].split()
    while words and pixels(" ".join(words) + " …", size) > limit:
        words.pop()
    return " ".join(words) + " …" if words else text[: limit * 2 // size] + "…"


@dataclass(frozen=True)
class Snippets:
    """The words of a search result and of a social card, cut as they would be."""

    host: str
    trail: list[str]
    title: str
    description: str
    card_title: str
    card_description: str
    image: str


def snippets(subject: Any) -> Snippets:
    """Return what others would show of a subject: templates/includes/meta.html says what we give them."""
    document = subject.document
    description = document.search_description or document.summary
    try:
        path = document.get_absolute_url()
    except NoReverseMatch:  # no address yet
        path = "/"
    return Snippets(
        host=urlsplit(settings.SITE_URL).netloc,
        trail=[part for part in path.split("/") if part],
        title=fit(whole_title(subject), TITLE_SIZE, TITLE_PIXELS),
        description=fit(description, DESCRIPTION_SIZE, DESCRIPTION_PIXELS),
        card_title=document.title,
        card_description=description,
        image=static("img/share-card.png"),  # for a role: in place of its own, which is drawn once it is live
    )


def whole_title(subject: Any) -> str:
    """Return the page's `<title>`."""
    return f"{subject.search_title} | {subject.around.site.name}"

"""The picture that social networks show of a role: drawn once for what it says, then kept as a file.

Its address names the revision and a mark of the words on it, so that it may be cached for good; an address that no live
revision has is a 404 before anything is drawn.
"""

import hashlib
import io
import re
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from PIL import Image, ImageDraw, ImageFont

from roles.models import RoleRevision

SIZE = (1200, 630)
DRAWING = Path(__file__).parent / "card.png"  # the ground, the logo's mark and the lamp
FONTS = settings.BASE_DIR / "recruitcms" / "fonts"
BOLD, TEXT = "Literata-SemiBold", "Literata-Regular"
PALE, QUIET = "#f7f3e9", "#b8c6c6"  # --on-night, --on-night-2
LEFT, WIDTH = 72, 800
TOP, BOTTOM = 158, 506  # of the title with the line under it
UNDER = 64  # the room of that line
TITLE_SIZES = range(84, 39, -4)
LINE = 1.12  # from one line of the title to the next, in sizes
VERSION = "1"  # of the drawing: a new one makes new addresses


def card_path(revision: RoleRevision, company: str) -> str:
    """Return the path of a saved revision's picture."""
    return reverse("role-card", args=[revision.pk, mark_of(words_of(revision, company))])


def words_of(revision: RoleRevision, company: str) -> tuple[str, str, str, str]:
    """Return what the picture says: the company, the title, what it is, and the category."""
    with override(revision.language):
        return company, revision.title, _("job description template"), revision.category.name


def mark_of(words: tuple[str, ...]) -> str:
    """Return a short hash of what a picture says."""
    return hashlib.sha256("\0".join((VERSION, *words)).encode()).hexdigest()[:12]


def stored_card(revision: RoleRevision, company: str) -> str:
    """Return the name in the storage of a revision's picture, drawn if this is the first time; "" where it cannot be.

    It cannot where our font lacks a letter.
    """
    words = words_of(revision, company)
    name = f"cards/{revision.pk}-{mark_of(words)}.png"
    if default_storage.exists(name):
        return name
    if not has_letters("".join(words)):
        return ""
    saved = default_storage.save(name, ContentFile(draw(*words)))
    if saved != name:  # another process was first
        default_storage.delete(saved)
    return name


def forget_old() -> None:
    """Delete the pictures of revisions that are not live any more: nothing leads to them."""
    try:
        names = default_storage.listdir("cards")[1]
    except FileNotFoundError:
        return
    live = {str(pk) for pk in RoleRevision.objects.live().values_list("pk", flat=True)}
    for name in names:
        if name.partition("-")[0] not in live:
            default_storage.delete(f"cards/{name}")


def has_letters(text: str) -> bool:
    """Tell whether our font has every letter of a text."""
    letters = font(BOLD, 20)
    missing = bytes(letters.getmask("\uffff"))
    return all(bytes(letters.getmask(letter)) != missing for letter in set(text) if not letter.isspace())


def draw(company: str, title: str, kind: str, category: str) -> bytes:
    """Return the picture as PNG."""
    with Image.open(DRAWING) as ground:
        card = ground.convert("RGB")
    pen = ImageDraw.Draw(card)
    pen.text((148, 90), fitted(company, BOLD, 40), font=font(BOLD, 40), fill=PALE, anchor="lm")
    size, lines = layout(title)
    step = round(size * LINE)
    top = TOP + (BOTTOM - TOP - step * len(lines) - UNDER) // 2
    for number, line in enumerate(lines):
        pen.text((LEFT - size // 24, top + step * number), line, font=font(BOLD, size), fill=PALE)
    pen.text((LEFT, top + step * len(lines) + size // 3), fitted(kind, TEXT, 34), font=font(TEXT, 34), fill=QUIET)
    pen.text((LEFT, 564), fitted(category, TEXT, 28), font=font(TEXT, 28), fill=QUIET, anchor="ls")
    output = io.BytesIO()
    card.quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(output, "PNG")
    return output.getvalue()


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return one of the design's faces, set letter by letter: libraries that shape text differ between machines."""
    return ImageFont.truetype(FONTS / f"{name}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


def fitted(text: str, name: str, size: int) -> str:
    """Return a text that is to stand on one line, cut with an ellipsis where it is wider than its place."""
    face = font(name, size)
    if face.getlength(text) <= WIDTH:
        return text
    while text and face.getlength(text + "…") > WIDTH:
        text = text[:-1]
    return text.rstrip() + "…"


def layout(title: str) -> tuple[int, list[str]]:
    """Return the largest size in which a title fits, and its lines, as even as they can be."""
    for size in TITLE_SIZES:
        face = font(BOLD, size)
        lines = wrap(title, face, WIDTH)
        room = BOTTOM - TOP - UNDER
        # Two lines in the largest sizes, more only where it must be small.
        if lines and len(lines) * size * LINE <= room and (len(lines) <= 2 or size <= 72):
            return size, evenly(title, face, lines)
    face = font(BOLD, TITLE_SIZES[-1])
    return TITLE_SIZES[-1], wrap(title, face, WIDTH, anywhere=True)[:6]


def evenly(title: str, face: ImageFont.FreeTypeFont, lines: list[str]) -> list[str]:
    """Return the narrowest set of as many lines."""
    for width in range(WIDTH // 2, WIDTH, 40):
        narrower = wrap(title, face, width)
        if narrower and len(narrower) == len(lines):
            return narrower
    return lines


def wrap(title: str, face: ImageFont.FreeTypeFont, width: int, anywhere: bool = False) -> list[str]:
    """Return a title in lines of a width; none where a word is wider, unless words may be broken anywhere."""
    lines = [""]
    for piece in pieces(title, anywhere):
        if face.getlength((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    lines = [line.strip() for line in lines if line.strip()]
    return lines if all(face.getlength(line) <= width for line in lines) else []


def pieces(title: str, anywhere: bool) -> list[str]:
    """Return a title cut where a line may end: after a blank, a hyphen or slash before a letter, or every letter."""
    title = " ".join(title.split())
    return re.findall(r".", title) if anywhere else re.split(r"(?<= )|(?<=\w[-–/])(?=\w)", title)

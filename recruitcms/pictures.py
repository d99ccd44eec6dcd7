"""Pictures that staff upload: checked by decoding them, stripped of metadata, kept in three widths (SEC-8).

Their files go once nothing shows them: neither a picture of the desk nor any revision.
"""

import io
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from recruitcms.models import Picture
from recruitcms.publishing import revision_models

FOLDER = "pictures"
NAMED = re.compile(rf"{FOLDER}/([0-9a-f]{{32}})/")  # each picture has a folder of its own
DAY = timedelta(days=1)
AT_ONCE = 200  # folders that one round looks into
MAX_SIDE = 16_000  # WebP knows no longer one
WIDTHS = (320, 800, 1600)
FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
SAVING: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 88, "optimize": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": 80, "method": 6},
}


def read_picture(file: Any) -> Image.Image:
    """Decode an uploaded file wholly and return it upright, in RGB or RGBA, with nothing but its pixels.

    Raises ValidationError, in words for the editor, for anything that is not a JPEG, PNG or WebP within the limits.
    """
    if file.size > settings.PICTURE_MAX_BYTES:
        limit = settings.PICTURE_MAX_BYTES // 1024 // 1024
        raise ValidationError(
            _("This file is larger than %(limit)d MB. Save it smaller and try again.") % {"limit": limit}
        )
    try:
        file.seek(0)
        with Image.open(file, formats=list(FORMATS)) as opened:
            if opened.width * opened.height > settings.PICTURE_MAX_PIXELS:
                limit = settings.PICTURE_MAX_PIXELS // 1_000_000
                raise ValidationError(_("This picture has more than %(limit)d million pixels.") % {"limit": limit})
            if max(opened.size) > MAX_SIDE:
                raise ValidationError(
                    _("No side of a picture may be longer than %(limit)d pixels.") % {"limit": MAX_SIDE}
                )
            kind = opened.format
            opened.load()
            picture = ImageOps.exif_transpose(opened)
    except ValidationError:
        raise
    except Exception as error:  # Pillow's decoders raise all kinds of things for broken files
        raise ValidationError(_("This file cannot be read as a picture. Use a JPEG, PNG or WebP file.")) from error
    transparent = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
    picture = picture.convert("RGBA" if transparent else "RGB")
    picture.info.clear()
    picture.format = kind
    return picture


def store_renditions(picture: Image.Image, kind: str) -> dict[str, Any]:
    """Store a picture and its smaller WebP copies. Return {"original", "width", "height", "webp": [{"name", "width"}]}.

    Names are new each time, so that frozen revisions go on showing what they were published with. No copy is wider
    than the picture itself. Nothing is stored before everything is encoded.
    """
    folder = f"{FOLDER}/{uuid.uuid4().hex}"
    original = (f"{folder}/original.{FORMATS[kind]}", _encoded(picture, kind))
    widths = sorted({min(width, picture.width) for width in WIDTHS})
    copies = [(f"{folder}/{width}.webp", _encoded(_scaled(picture, width), "WEBP")) for width in widths]
    for name, content in [original, *copies]:
        default_storage.save(name, ContentFile(content))
    webp = [{"name": name, "width": width} for (name, _content), width in zip(copies, widths, strict=True)]
    return {"original": original[0], "width": picture.width, "height": picture.height, "webp": webp}


def _scaled(picture: Image.Image, width: int) -> Image.Image:
    if width == picture.width:
        return picture
    return picture.resize((width, max(1, round(picture.height * width / picture.width))), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **SAVING[kind])
    return buffer.getvalue()


@dataclass
class Sweeper:
    """Deletes the files of pictures that were deleted or replaced, and of uploads that broke off.

    `kept` are folders that only revisions name. Those are all read to find that out, so it is believed for a day.
    """

    kept: set[str] = field(default_factory=set)
    asked_at: datetime | None = None

    def sweep(self, now: datetime) -> int:
        """Return how many folders went. Files younger than a day stay: their picture may not be saved yet."""
        if self.asked_at is None or abs(now - self.asked_at) >= DAY:  # before: the clock was wrong
            self.kept, self.asked_at = set(), now
        left = sorted(_without_picture() - self.kept)[:AT_ONCE]
        left = [folder for folder in left if (at := _stored_at(folder)) and now - at >= DAY]
        named = _named_by_revisions(left) if left else set()
        self.kept |= named
        for folder in set(left) - named:
            _delete(folder)
        return len(left) - len(named)


def _without_picture() -> set[str]:
    """Return the folders that no picture has; none where the pictures that there are have none of the folders.

    Such a database is another site's, or a new one before its backup is restored.
    """
    try:
        folders = {name for name in default_storage.listdir(FOLDER)[0] if NAMED.match(f"{FOLDER}/{name}/")}
    except FileNotFoundError:
        return set()
    names = Picture.objects.values_list("files__original", flat=True)
    owned = {name for original in names.iterator() for name in NAMED.findall(original or "")}
    return folders - owned if folders & owned else set()


def _stored_at(folder: str) -> datetime | None:
    """Return when the last file of a folder was stored; None where there is none, yet or any more."""
    try:
        return max(map(default_storage.get_modified_time, _files(folder)), default=None)
    except FileNotFoundError:  # another worker was first
        return None


def _named_by_revisions(folders: Iterable[str]) -> set[str]:
    """Return those of some folders that a revision names, live or past: each may be looked at and restored."""
    asked, named = set(folders), set()
    for model in revision_models().values():
        texts = model.objects.order_by().values_list(Cast("content", TextField()), flat=True)
        for text in texts.iterator(chunk_size=50):
            named |= asked.intersection(NAMED.findall(text))
    return named


def _delete(folder: str) -> None:
    for name in _files(folder):
        default_storage.delete(name)
    default_storage.delete(f"{FOLDER}/{folder}")


def _files(folder: str) -> list[str]:
    try:
        return [f"{FOLDER}/{folder}/{name}" for name in default_storage.listdir(f"{FOLDER}/{folder}")[1]]
    except FileNotFoundError:
        return []


sweeper = Sweeper()

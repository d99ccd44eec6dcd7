"""Pictures that staff upload: checked by decoding them, stripped of metadata, kept in three widths (SEC-8)."""

import io
import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

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
    folder = f"pictures/{uuid.uuid4().hex}"
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

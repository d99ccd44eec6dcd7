"""Pictures that come with an import: those already here by name, and those in the folder or archive given along."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile, is_zipfile

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from recruitcms.models import Picture
from recruitcms.pictures import read_picture, store_renditions
from roles.moving.archives import check_archive, members, opened
from roles.moving.models import ImportRun
from roles.moving.reading import PICTURES

NAME_LENGTH = 80


class Media:
    """The pictures in some folders and archives, by file name. Nothing is fetched from the network."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self.files: dict[str, tuple[Any, Any]] = {}
        for path in paths:
            self._index(path)

    @classmethod
    def of(cls, run: ImportRun) -> "Media":
        """Return the pictures in the archive that was uploaded for a run."""
        media = cls()
        if str(run.upload).endswith(".zip"):
            media._index_archive(check_archive(run.upload.open().file))
        return media

    def _index(self, path: Path) -> None:
        if path.is_dir():
            for found in path.rglob("*"):
                if found.is_file() and found.suffix.lower() in PICTURES:
                    self.files.setdefault(found.name.lower(), (found, None))
        elif is_zipfile(path):
            self._index_archive(check_archive(path.open("rb")))

    def _index_archive(self, archive: ZipFile) -> None:
        for name, entry in members(archive):
            if PurePosixPath(name).suffix.lower() in PICTURES:
                self.files.setdefault(PurePosixPath(name).name.lower(), (archive, entry))

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a picture by its file name, or None."""
        place, entry = self.files.get(name.lower(), (None, None))
        if place is None:
            return None
        return place.read_bytes() if entry is None else opened(place, entry).read(settings.PICTURE_MAX_BYTES + 1)


def find_picture(name: str, media: Media) -> Picture | None:
    """Return the picture of a name: one of the site's, else a new one from `media`, else None.

    Raises ValidationError, in words for the editor, for a file that is no picture.
    """
    stem = PurePosixPath(name).stem if PurePosixPath(name).suffix.lower() in PICTURES else name
    stem = stem[:NAME_LENGTH]
    found = Picture.objects.filter(name__in=[name[:NAME_LENGTH], stem]).first() if name else None
    data = media.read(PurePosixPath(name).name) if name and not found else None
    if data is None:
        return found
    try:
        decoded = read_picture(SimpleUploadedFile(PurePosixPath(name).name, data))
    except ValidationError as error:
        raise ValidationError(f"{name}: {' '.join(error.messages)}") from error
    alt = stem.replace("-", " ").replace("_", " ")
    return Picture.objects.create(name=stem, alt=alt, files=store_renditions(decoded, decoded.format or "PNG"))

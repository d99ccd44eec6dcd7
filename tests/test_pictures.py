"""Uploaded pictures are decoded, limited, stripped and kept in three widths (SEC-7, SEC-8)."""

import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from recruitcms.pictures import read_picture, store_renditions
from tests.factories import image_file, make_picture, make_site

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "content", [SVG, b"", b"GIF89a" + b"\0" * 40, b"\x89PNG\r\n\x1a\n" + b"broken", b"<html>"], ids=str
)
def test_what_is_no_picture_is_refused_whatever_its_name(content):
    with pytest.raises(ValidationError, match="cannot be read as a picture"):
        read_picture(SimpleUploadedFile("picture.png", content))


def test_a_cut_picture_is_refused():
    whole = image_file().read()

    with pytest.raises(ValidationError, match="cannot be read"):
        read_picture(SimpleUploadedFile("picture.png", whole[: len(whole) // 2]))


def test_a_file_that_is_too_large_is_refused_before_it_is_read(settings):
    settings.PICTURE_MAX_BYTES = 1024 * 1024

    with pytest.raises(ValidationError, match="larger than 1 MB"):
        read_picture(SimpleUploadedFile("picture.png", b"\0" * (1024 * 1024 + 1)))


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(settings):
    settings.PICTURE_MAX_PIXELS = 1_000_000

    with pytest.raises(ValidationError, match="more than 1 million pixels"):
        read_picture(image_file(size=(1200, 1000)))


def test_a_picture_longer_than_webp_knows_is_refused_in_words():
    with pytest.raises(ValidationError, match="longer than 16000 pixels"):
        read_picture(image_file(size=(100, 17000)))


def test_metadata_is_removed_and_the_picture_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # lying on its side
    exif[0x010E] = "taken at home"

    decoded = read_picture(image_file("photo.jpg", (800, 400), "JPEG", exif=exif))
    stored = store_renditions(decoded, "JPEG")

    with default_storage.open(stored["original"]) as file, Image.open(file) as image:
        assert (image.size, dict(image.getexif())) == ((400, 800), {})


def test_three_widths_are_kept_none_wider_than_the_picture():
    stored = store_renditions(read_picture(image_file(size=(900, 600))), "PNG")

    sizes = []
    for copy in stored["webp"]:
        with default_storage.open(copy["name"]) as file, Image.open(file) as image:
            sizes.append((image.format, *image.size))
    assert sizes == [("WEBP", 320, 213), ("WEBP", 800, 533), ("WEBP", 900, 600)]


def test_transparency_is_kept():
    buffer = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(buffer, "PNG")

    decoded = read_picture(SimpleUploadedFile("logo.png", buffer.getvalue()))

    assert (decoded.mode, decoded.getpixel((0, 0))) == ("RGBA", (0, 0, 0, 0))


@pytest.mark.django_db
def test_a_frozen_picture_has_all_a_page_needs():
    frozen = make_picture(alt="A lamp").freeze()

    assert (frozen["alt"], frozen["width"], frozen["height"]) == ("A lamp", 900, 600)
    assert [part.split(" ")[1] for part in frozen["srcset"].split(", ")] == ["320w", "800w", "900w"]
    assert make_picture().freeze(alt="Another")["alt"] == "Another"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["pictures/../../x.webp", f"pictures/../../{'x' * 7_000}.webp", "../private/x.png", f"pictures/{'x' * 300}.webp"],
    ids=lambda name: name[:25],
)
def test_a_path_that_is_no_pictures_is_just_not_there(client, name, caplog):
    """SEC-8: nothing is raised that would be logged as an error, and no storage is asked."""
    make_site()

    answer = client.get(f"/media/{name}")

    assert answer.status_code == 404
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []

"""Uploaded pictures are decoded, limited, stripped and kept in three widths (SEC-7, SEC-8)."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from leads import chores
from recruitcms.models import Person, Picture
from recruitcms.pictures import Sweeper, read_picture, store_renditions
from roles.models import SampleResume
from tests.factories import image_file, make_person, make_picture, make_role, make_site, published_role
from tests.lead_factories import published_report
from tests.test_admin_publishing import version

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


# --- what nothing shows goes ---


def aged(files, days):
    """Let a picture's files be stored some days ago."""
    then = (timezone.now() - timedelta(days=days)).timestamp()
    for name in names_of(files):
        os.utime(default_storage.path(name), (then, then))


def names_of(files):
    return [files["original"], *(copy["name"] for copy in files["webp"])]


def stored(files):
    return {default_storage.exists(name) for name in names_of(files)}


@pytest.fixture
def picture():
    """A picture of last week; there is another one beside it."""
    make_picture()
    picture = make_picture()
    aged(picture.files, days=7)
    return picture


@pytest.mark.django_db
def test_a_deleted_portrait_is_gone_after_the_workers_next_round(admin_client, client, picture):
    """SEC-8"""
    person, files = make_person(portrait=picture, on_team=True), picture.files
    Person.objects.filter(pk=person.pk).update(portrait=None)
    admin_client.post(reverse("admin:recruitcms_picture_delete", args=[picture.pk]), {"post": "yes"})

    chores.run(timezone.now())

    answers = [client.get(default_storage.url(name)).status_code for name in names_of(files)]
    assert answers == [404] * len(names_of(files))
    assert not default_storage.exists(files["original"].rpartition("/")[0])


@pytest.mark.django_db
def test_the_file_that_another_took_the_place_of_goes(admin_client, picture):
    before, address = picture.files, reverse("admin:recruitcms_picture_change", args=[picture.pk])
    fields = {"name": picture.name, "alt": picture.alt, "upload": image_file(size=(640, 480))}
    admin_client.post(address, version(admin_client, address) | fields)
    picture.refresh_from_db()

    Sweeper().sweep(timezone.now())

    assert (stored(before), stored(picture.files)) == ({False}, {True})


@pytest.mark.django_db
@pytest.mark.parametrize("shown", ["beside the title", "as a résumé", "on the report"])
def test_what_a_past_revision_shows_stays(picture, shown):
    document, files = make_role(), picture.files
    if shown == "as a résumé":
        SampleResume.objects.create(role=document, picture=picture, title="Fintech")
    elif shown == "on the report":
        document = published_report(cover=picture)
    else:
        document.picture = picture
        document.save()
    document.publish()
    SampleResume.objects.all().delete()
    if shown != "as a résumé":
        setattr(document, "cover" if shown == "on the report" else "picture", None)
        document.save()
    document.publish()
    picture.delete()

    Sweeper().sweep(timezone.now())

    assert (stored(files), str(files["original"]) in str(document.live_revision.content)) == ({True}, False)


@pytest.mark.django_db
def test_it_goes_a_day_after_the_last_revision_that_showed_it(picture):
    role, files, sweeper, now = published_role(picture=picture), picture.files, Sweeper(), timezone.now()
    role.picture = None
    role.save()
    picture.delete()
    sweeper.sweep(now)
    role.delete()

    sweeper.sweep(now + timedelta(hours=23))
    soon = stored(files)
    sweeper.sweep(now + timedelta(hours=25))

    assert (soon, stored(files)) == ({True}, {False})


@pytest.mark.django_db
def test_revisions_are_not_read_again_for_what_only_they_name(picture, django_assert_num_queries):
    role, sweeper = published_role(picture=picture), Sweeper()
    role.picture = None
    role.save()
    picture.delete()
    sweeper.sweep(timezone.now())

    with django_assert_num_queries(1):
        sweeper.sweep(timezone.now())


@pytest.mark.django_db
def test_what_was_uploaded_just_now_waits_for_its_picture():
    make_picture()
    files = store_renditions(read_picture(image_file()), "PNG")

    Sweeper().sweep(timezone.now())
    Picture.objects.create(name="late", alt="A drawing", files=files)
    aged(files, days=7)
    Sweeper().sweep(timezone.now())

    assert stored(files) == {True}


@pytest.mark.django_db
def test_a_database_that_knows_none_of_the_pictures_deletes_none(picture):
    files = picture.files
    Picture.objects.all().delete()
    Picture.objects.create(name="of another site", alt="A drawing", files={"original": f"pictures/{'0' * 32}/a.png"})

    Sweeper().sweep(timezone.now())

    assert stored(files) == {True}


@pytest.mark.django_db
def test_a_page_published_while_its_picture_is_replaced_shows_the_new_file(picture):
    role, before = make_role(picture=picture), picture.files
    Picture.objects.filter(pk=picture.pk).update(files=make_picture().files)  # after the form was read

    revision = role.publish()

    assert before["original"] not in str(revision.content)


@pytest.mark.django_db(transaction=True)
def test_two_workers_sweep_at_once(picture):
    all_files = [picture.files, *(store_renditions(read_picture(image_file()), "PNG") for _number in range(20))]
    picture.delete()
    for files in all_files:
        aged(files, days=7)

    def sweep(_number):
        try:
            return Sweeper().sweep(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        gone = list(pool.map(sweep, range(2)))

    assert [stored(files) for files in all_files] == [{False}] * 21
    assert sum(gone) >= 21

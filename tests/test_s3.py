"""Files in a bucket: the same pages and downloads, from a server that speaks S3."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.core.management import call_command
from django.utils import timezone
from moto.server import ThreadedMotoServer

from leads import downloads
from leads.models import Edition
from recruitcms.pictures import Sweeper
from recruitcms.settings import bucket
from recruitcms.storage import PrivateFiles, PublicFiles
from roles import cards
from tests.factories import make_picture, published_role
from tests.lead_factories import make_report

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture
def files(server, monkeypatch):
    """The bucket, as a client of its own sees it."""
    host, port = server
    options = bucket(f"s3+http://k%2Fey:se%3Acret@{host}:{port}/site?region=eu-central-1")
    client = boto3.client(
        "s3",
        endpoint_url=options["endpoint_url"],
        aws_access_key_id="other",
        aws_secret_access_key="other",
        region_name="eu-central-1",
    )
    client.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    # Put in by hand: a changed setting would leave new storages behind, which the models' fields do not know.
    public = PublicFiles(**options, location="media")
    private = PrivateFiles(**options, location="private")
    monkeypatch.setitem(storages._storages, "default", public)
    monkeypatch.setitem(storages._storages, "private", private)
    monkeypatch.setattr(default_storage, "_wrapped", public)
    monkeypatch.setattr(Edition._meta.get_field("file"), "storage", private)
    yield lambda: {row["Key"] for row in client.list_objects_v2(Bucket="site").get("Contents", [])}
    for key in [row["Key"] for row in client.list_objects_v2(Bucket="site").get("Contents", [])]:
        client.delete_object(Bucket="site", Key=key)
    client.delete_bucket(Bucket="site")


def test_pictures_have_addresses_of_our_own(client, files):
    role = published_role(picture=make_picture())
    page = client.get(role.get_absolute_url()).content.decode()
    address = re.search(r'src="(/media/pictures/[^"]+)"', page)[1]

    answer = client.get(address)

    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)[:4] in {b"RIFF", b"\x89PNG", b"\xff\xd8\xff\xe0"}
    assert address.removeprefix("/") in files()
    assert client.get("/media/pictures/nothing.webp").status_code == 404


def test_a_deleted_picture_goes_from_the_bucket(files):
    """SEC-8"""
    other, picture = make_picture(), make_picture()
    before = files()
    picture.delete()

    gone = Sweeper().sweep(timezone.now() + timedelta(days=2))

    ours = {f"media/{name['name']}" for name in other.files["webp"]} | {f"media/{other.files['original']}"}
    assert (gone, files(), len(before)) == (1, ours, 2 * len(ours))


def test_cards_are_drawn_into_the_bucket_and_go_again(client, files):
    role = published_role()
    address = cards.card_path(role.live_revision, "Northbeam")

    assert client.get(address).status_code in {200, 404}  # the name of the company is the site's
    name = cards.stored_card(role.live_revision, "Northbeam")
    assert f"media/{name}" in files()

    role.take_offline()
    cards.forget_old()
    assert f"media/{name}" not in files()


def test_reports_are_private_and_handed_out_in_parts(rf, files):
    edition = make_report().editions.first()
    content = b"%PDF-1.7\n" + bytes(range(256)) * 600
    edition.file.save("report.pdf", ContentFile(content))

    whole = downloads.respond(rf.get("/"), edition)
    part = downloads.respond(rf.get("/", headers={"Range": "bytes=100-4095"}), edition)

    assert b"".join(whole.streaming_content) == content
    assert b"".join(part.streaming_content) == content[100:4096]
    key = f"private/{edition.file.name}"
    assert key in files()
    with pytest.raises(ValueError, match="no address"):
        _address = edition.file.url
    edition.file.delete()
    assert key not in files()


def test_a_second_file_of_a_name_replaces_nothing(files):
    first = storages["private"].save("imports/a.zip", ContentFile(b"one"))
    second = storages["private"].save("imports/a.zip", ContentFile(b"two"))

    assert first != second
    assert storages["private"].open(first).read() == b"one"
    assert not default_storage.exists("imports/a.zip")


def test_threads_have_connections_of_their_own_from_one_session(files):
    """What a session reads takes 17 MB: with eight threads in two processes that would be more than all the rest."""
    storage = storages["default"]
    with ThreadPoolExecutor(3) as pool:
        together = threading.Barrier(3)
        found = list(pool.map(lambda _number: (together.wait(), storage.connection, storage._session)[1:], range(3)))

    assert len({id(connection) for connection, _session in found}) == 3
    assert len({id(session) for _connection, session in found}) == 1


def test_without_tls_files_go_to_this_machine_and_to_neighbouring_containers():
    assert bucket("s3+http://key:secret@127.0.0.1:9/b")["endpoint_url"] == "http://127.0.0.1:9"
    assert bucket("s3+http://key:secret@files:8333/b")["endpoint_url"] == "http://files:8333"


def test_the_bucket_is_made_once(files, server, monkeypatch, capsys):
    host, port = server
    other = bucket(f"s3+http://key:secret@{host}:{port}/new?region=eu-central-1")
    monkeypatch.setattr(default_storage, "_wrapped", PublicFiles(**other, location="media"))

    for _time in range(2):
        call_command("make_bucket")

    assert capsys.readouterr().out == "Made the bucket new.\nThe bucket new is there.\n"
    default_storage.save("a.txt", ContentFile(b"kept"))
    assert default_storage.open("a.txt").read() == b"kept"


def test_without_a_bucket_there_is_nothing_to_make(capsys):
    call_command("make_bucket")

    assert capsys.readouterr().out == "Files are kept in DATA_DIR.\n"


@pytest.mark.parametrize(
    "address",
    [
        "https://x",
        "s3://host/bucket",
        "s3://key:secret@host/",
        "s3+http://key:secret@files.example/bucket",
        "s3://key@h/b",
    ],
)
def test_an_address_that_says_too_little_is_refused(address):
    with pytest.raises(ValueError, match="s3"):
        bucket(address)

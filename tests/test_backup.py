"""REL-9: a backup that was never restored is a hope. Here each is restored, on both databases and from a bucket."""

import fcntl
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import textwrap
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import boto3
import psycopg
import pytest
import yaml
from django.db import connection
from moto.server import ThreadedMotoServer

from recruitcms import backup, restore
from recruitcms.backup import BackupError, is_part, read
from tests import postgres as postgresql
from tests.faults.site import wait_until
from tests.processes import bare_environment, unmeasured

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
WEB = ["-m", "gunicorn", "recruitcms.wsgi", "--config", "deploy/gunicorn.conf.py", "--bind", "127.0.0.1:0"]
SETUP = "import django; django.setup()\n"
# Marta and Jan have asked for the report; each is owed a mail. Marta's enquiry has a picture's file beside it.
STORY = """
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from leads import anchors
from leads.models import Lead, OutgoingMail, Submission
from recruitcms.models import SiteSettings
from tests.lead_factories import make_mail, make_report, make_submission, requested
for name in ("marta", "jan"):
    mail = make_mail(submission=requested(make_submission(email=f"{name}@quillstone.example")))
    OutgoingMail.objects.filter(pk=mail.pk).update(message_id=f"<{name}@testserver>")
default_storage.save("pictures/one.webp", ContentFile(b"RIFF picture"))
storages["private"].save("imports/two.zip", ContentFile(b"PK upload"))
make_report()
anchors.anchor()
"""


class Place:
    """A site with nothing running: its folder, its database, and the commands of manage.py."""

    def __init__(self, data: Path, database: str = "", **more: str) -> None:
        self.data, self.database, self.more = data, database, more

    @property
    def environment(self) -> dict[str, str]:
        return bare_environment() | {
            "DATA_DIR": str(self.data),
            "DATABASE_URL": self.database,
            "SITE_URL": "http://testserver",
            "DJANGO_SETTINGS_MODULE": "recruitcms.settings",
            **self.more,
        }

    def run(self, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=ROOT, env=self.environment, input=given, capture_output=True, timeout=120)

    def manage(self, *words: str) -> str:
        """Run a command that must succeed; return what it says."""
        done = self.run("manage.py", *words)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def refusal(self, *words: str) -> str:
        """Run a command that must fail; return why it says it did."""
        done = self.run("manage.py", *words)
        assert done.returncode != 0, done.stdout.decode()
        return done.stderr.decode()

    def do(self, code: str) -> str:
        done = self.run("-c", SETUP + textwrap.dedent(code))
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def rows(self, sql: str) -> list[tuple]:
        opened = psycopg.connect(self.database) if self.database else sqlite3.connect(self.data / "db.sqlite3")
        with closing(opened) as connection:
            return connection.execute(sql).fetchall()

    def count(self) -> list:
        """Return who is there, how many ledger entries, and the mails with their states."""
        people = [email for (email,) in self.rows("SELECT email FROM leads_lead ORDER BY email")]
        entries = self.rows("SELECT count(*) FROM leads_consentevent")[0][0]
        return [people, entries, dict(self.rows("SELECT message_id, state FROM leads_outgoingmail"))]

    def files(self) -> dict[str, bytes]:
        found = [path for name in ("media", "private") for path in (self.data / name).rglob("*") if path.is_file()]
        return {str(path.relative_to(self.data)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The story told once for each database; the tests work on copies."""
    told: dict[str, Place] = {}

    def tell(name: str, server: str = "") -> Place:
        if name not in told:
            place = Place(tmp_path_factory.mktemp(name) / "var", server and new_database(server))
            place.manage("migrate", "--verbosity", "0")
            place.do(STORY)
            told[name] = place
        return told[name]

    yield tell
    for place in told.values():
        if place.database:
            change(place.database, f"DROP DATABASE {urlsplit(place.database).path[1:]} WITH (FORCE)")


def new_database(server: str, more: str = "") -> str:
    name = f"recruitcms_backup_{os.getpid()}_{os.urandom(4).hex()}"
    change(server, f"CREATE DATABASE {name}{more}")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def change(url: str, sql: str) -> None:
    with psycopg.connect(urlunsplit(urlsplit(url)._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(sql)


@pytest.fixture(params=["sqlite", "postgresql"])
def sites(request, tmp_path, models):
    """Give a site with the story, and a way to make an empty place beside it."""
    server, made = "", []
    if request.param == "postgresql":
        if postgresql.missing():
            pytest.skip(postgresql.missing())
        server = request.getfixturevalue("postgres_server")
    model = models(request.param, server)

    def empty(name: str = "new") -> Place:
        made.append(new_database(server) if server else "")
        return Place(tmp_path / name, made[-1])

    def copied() -> Place:
        shutil.copytree(model.data, tmp_path / "var")
        made.append(new_database(server, f" TEMPLATE {urlsplit(model.database).path[1:]}") if server else "")
        return Place(tmp_path / "var", made[-1])

    yield copied(), empty
    for url in filter(None, made):
        change(url, f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")


@pytest.fixture
def site(tmp_path, models) -> Place:
    """The same on SQLite alone, for what does not hang on the database."""
    shutil.copytree(models("sqlite").data, tmp_path / "var")
    return Place(tmp_path / "var")


@pytest.fixture(scope="module")
def backed_up(models, tmp_path_factory) -> Path:
    """A backup of the story on SQLite."""
    path = tmp_path_factory.mktemp("backups") / "site.tar.gz"
    models("sqlite").manage("backup", str(path))
    return path


@pytest.fixture
def archive(backed_up, tmp_path) -> Path:
    return Path(shutil.copy2(backed_up, tmp_path / "site.tar.gz"))


# --- there and back ---


def test_a_site_comes_back_on_a_new_machine(sites, tmp_path):
    site, empty = sites
    before = (site.count(), site.files())
    said = site.manage("backup", str(tmp_path / "site.tar.gz"))
    new = empty()

    restored = new.manage("restore", str(tmp_path / "site.tar.gz"))

    people, entries, mails = new.count()
    assert (people, entries, new.files()) == (before[0][0], before[0][1], before[1])
    assert mails == {"<jan@testserver>": "dead", "<marta@testserver>": "dead"}
    assert "3 files, 6 keys" in said
    assert "the ledger is whole: 2 entries" in restored
    assert "0 had left since; 2 held" in restored
    assert new.manage("ledger", "verify").strip() == "The ledger is whole: 2 entries."
    assert {path.read_bytes() for path in (new.data / "keys").iterdir()} == {
        path.read_bytes() for path in (site.data / "keys").iterdir()
    }
    assert {path.stat().st_mode & 0o777 for path in (new.data / "keys").iterdir()} == {0o600}


def test_an_archive_is_the_owners_alone_and_nothing_half_stays(site, tmp_path):
    archive = tmp_path / "site.tar.gz"
    site.manage("backup", str(archive))

    assert archive.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name != "var"] == ["site.tar.gz"]
    assert "is there already" in site.refusal("backup", str(archive))


def test_keys_can_be_left_out_and_are_asked_for_again(site, tmp_path):
    site.manage("backup", str(tmp_path / "site.tar.gz"), "--without-keys")
    new = Place(tmp_path / "new")

    refused = new.refusal("restore", str(tmp_path / "site.tar.gz"))
    shutil.rmtree(new.data)
    new.data.mkdir()
    shutil.copytree(site.data / "keys", new.data / "keys")
    new.manage("restore", str(tmp_path / "site.tar.gz"))

    assert not [name for name in read(tmp_path / "site.tar.gz").parts if name.startswith("keys/")]
    assert "LEDGER_KEYS_OLD" in refused
    assert "The site is as it was." in refused
    assert new.count()[1] == 2


def test_nobody_stays_signed_in_and_it_says_whose_accounts_are_open_again(site, tmp_path):
    """SEC-11: the session of one was ended after the backup, and their account closed."""
    site.do("""
        from importlib import import_module
        from django.conf import settings
        from django.contrib.auth import SESSION_KEY
        from tests.staff import make_staff
        for name, active in (("eva", True), ("max", True), ("former", False)):
            session = import_module(settings.SESSION_ENGINE).SessionStore()
            session[SESSION_KEY] = str(make_staff(name, is_active=active).pk)
            session.save()
    """)
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    site.do("""
        from django.contrib.auth.models import User
        from recruitcms.models import StaffSession
        StaffSession.objects.all().delete()
        User.objects.filter(username="max").update(is_active=False)
    """)

    said = site.manage("restore", str(tmp_path / "site.tar.gz"), "--replace")

    assert site.rows("SELECT count(*) FROM recruitcms_staffsession") == [(0,)]
    assert "3 sessions of staff ended" in said
    assert "2 accounts of staff are open" in said


def test_second_factors_need_the_key_of_the_backup(site, tmp_path):
    """SEC-9, SEC-25: an empty site takes it along with the others; one that has its own says who cannot get in."""
    site.do("from tests.staff import make_staff, with_app; with_app(make_staff())")
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    new = Place(tmp_path / "new")
    other = Place(tmp_path / "other", FACTOR_KEY="another key of more than thirty-two letters")

    said = new.manage("restore", str(tmp_path / "site.tar.gz"))
    warned = other.manage("restore", str(tmp_path / "site.tar.gz"))

    assert "cannot be read" not in said
    assert "2 secrets of second factors cannot be read without the FACTOR_KEY of the backup" in warned
    other.more["FACTOR_KEYS_OLD"] = (site.data / "keys" / "factor_key").read_text()
    assert other.manage("factor_secrets") == "2 secrets are newly encrypted.\n"


def test_by_a_pipe_it_can_be_encrypted(site, tmp_path):
    made = site.run("manage.py", "backup", "-")
    new = Place(tmp_path / "new")

    done = new.run("manage.py", "restore", "-", given=made.stdout)

    assert (made.returncode, done.returncode) == (0, 0)
    assert b"not read back" in made.stderr
    assert new.count()[1] == 2
    assert [path.name for path in site.data.iterdir() if path.name.startswith("backup-")] == []


COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def in_container(place: Place, name: str, backups: Path) -> None:
    """Run what compose.yaml has a service run, as its image would: `python` is ours, the folder for backups another."""
    words = [word.replace("$$", "$").replace("/backups", str(backups)) for word in COMPOSE[name]["command"]]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(words, cwd=ROOT, env=place.environment | {"PATH": path}, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()


def test_what_compose_runs_makes_a_backup_and_a_new_machine_for_it(sites, bucket, tmp_path):
    """CON-21: and lets old ones go. The tables and the bucket are there before the restore, which need not replace."""
    site, empty = sites
    address, objects = bucket
    backups = tmp_path / "backups"
    backups.mkdir()
    old, other = backups / "old.tar.gz", backups / "notes"
    for path in (old, other):
        path.touch()
        os.utime(path, (1, 1))

    in_container(site, "backup", backups)
    [made] = backups.glob("*.tar.gz")
    new = empty()
    other_bucket = f"new-{os.urandom(4).hex()}"
    new.more["FILES_URL"] = address.removesuffix("site") + other_bucket
    shutil.copytree(site.data / "keys", new.data / "keys")
    in_container(new, "migrate", backups)
    said = new.manage("restore", str(made))

    assert re.fullmatch(r"\d{8}-\d{6}\.tar\.gz", made.name)
    assert (old.exists(), other.exists()) == (False, True)
    assert new.count()[:2] == site.count()[:2]
    assert sorted(objects(other_bucket).values()) == sorted(site.files().values())
    assert "2 entries" in said


# --- a site that is there ---


def test_a_live_site_is_replaced_only_when_told_to_and_can_be_taken_back(sites, tmp_path):
    site, _empty = sites
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    site.do("""
        from django.core.files.base import ContentFile
        from django.core.files.storage import default_storage
        from tests.lead_factories import make_submission, requested
        requested(make_submission(email="new@quillstone.example"))
        default_storage.save("pictures/new.webp", ContentFile(b"RIFF new"))
    """)
    before = (site.count(), site.files())

    refused = site.refusal("restore", str(tmp_path / "site.tar.gz"))
    untouched = (site.count(), site.files())
    site.manage("restore", str(tmp_path / "site.tar.gz"), "--replace")
    replaced = (site.count(), site.files())
    site.manage("restore", "--undo")

    assert "3 people, 3 ledger entries" in refused
    assert untouched == before
    assert replaced[0][:2] == [["jan@quillstone.example", "marta@quillstone.example"], 2]
    assert "media/pictures/new.webp" not in replaced[1]
    assert (site.count(), site.files()) == before
    assert "no restore to take back" in site.refusal("restore", "--undo")


def test_who_was_erased_after_a_restore_stays_erased_when_it_is_taken_back(sites, tmp_path):
    """CON-21, SEC-11, CON-19: and nobody is signed in by a session of before; the ledger and its anchors agree."""
    site, _empty = sites
    site.do("""
        from importlib import import_module
        from django.conf import settings
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session["of"] = "before"
        session.save()
    """)
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    erase = """
        from leads import erasure
        from leads.models import Lead
        erasure.erase(Lead.objects.get(email="{}@quillstone.example"))
    """
    site.do(erase.format("marta"))
    site.manage("restore", str(tmp_path / "site.tar.gz"), "--replace")
    site.do(erase.format("jan"))

    said = site.manage("restore", "--undo")

    assert site.count()[0] == []
    assert site.rows("SELECT count(*) FROM recruitcms_staffsession") == [(0,)]
    assert "1 sessions of staff ended, 1 erasures and withdrawals repeated" in said
    assert site.manage("erasure", "verify", "jan@quillstone.example").strip() == "0 places."
    assert "whole" in site.manage("ledger", "verify")


def test_a_site_of_an_older_release_is_migrated_before_it_is_cleansed(site, archive):
    """CON-21: it stays on record that who was erased since may be in it."""
    site.manage("migrate", "recruitcms", "0018", "--verbosity", "0")
    site.manage("restore", str(archive), "--replace")
    site.do("""
        from leads import erasure
        from leads.models import Lead
        erasure.erase(Lead.objects.get(email="jan@quillstone.example"))
    """)

    told = site.refusal("restore", "--undo")
    refused = site.refusal("restore", str(archive), "--replace")
    site.manage("migrate", "--verbosity", "0")
    site.manage("restore", "--undo")

    assert "manage.py migrate, and then restore --undo again" in told
    assert "did not come to its end" in refused
    assert site.count()[0] == ["marta@quillstone.example"]
    assert "no restore to take back" in site.refusal("restore", "--undo")


def test_what_was_set_aside_can_be_deleted_with_the_people_in_it(site, archive):
    """CON-13"""
    site.do("""
        from tests.lead_factories import make_lead
        make_lead("after@quillstone.example")
    """)
    site.manage("restore", str(archive), "--replace")

    refused = site.refusal("restore", str(archive), "--replace")
    site.manage("restore", "--forget")

    assert "is still there" in refused
    assert [path.name for path in site.data.iterdir() if "before_restore" in path.name] == []
    assert site.manage("erasure", "verify", "after@quillstone.example").strip() == "0 places."


def test_mails_that_left_after_the_backup_are_known_by_the_site_of_before(sites, tmp_path):
    """EML-12: one left, of the other nobody knows more than that it waits"""
    site, _empty = sites
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    site.do("""
        from django.utils import timezone
        from leads.models import OutgoingMail
        OutgoingMail.objects.filter(message_id="<marta@testserver>").update(state="sent", sent_at=timezone.now())
    """)

    said = site.manage("restore", str(tmp_path / "site.tar.gz"), "--replace")

    assert site.count()[2] == {"<jan@testserver>": "pending", "<marta@testserver>": "sent"}
    assert "1 had left since; 0 held" in said


SENDS = """
    from django.utils import timezone
    from leads.models import OutgoingMail
    mails = OutgoingMail.objects.filter(message_id="<marta@testserver>", state="pending")
    print(mails.update(state="sent", sent_at=timezone.now()))
"""


def test_mails_that_a_restored_site_sent_are_not_sent_again_when_it_is_taken_back(sites, tmp_path):
    """EML-12: the other still waits; what the restored site had of its own is gone with it"""
    site, _empty = sites
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    site.manage("restore", str(tmp_path / "site.tar.gz"), "--replace")
    sent = site.do(SENDS)
    sent_at = site.rows("SELECT sent_at FROM leads_outgoingmail WHERE state = 'sent'")

    said = site.manage("restore", "--undo")

    assert sent == "1\n"
    assert site.count()[2] == {"<jan@testserver>": "pending", "<marta@testserver>": "sent"}
    assert site.rows("SELECT sent_at FROM leads_outgoingmail WHERE state = 'sent'") == sent_at
    assert "1 mails that left meanwhile are not sent again" in said


@pytest.mark.parametrize("point", ["set_aside.SetAside.undo", "restore._cleanse", "set_aside._path_back"])
def test_so_it_is_where_taking_back_was_killed(site, archive, point):
    site.manage("restore", str(archive), "--replace")
    site.do(SENDS)

    killed = site.run(
        "-c",
        SETUP
        + textwrap.dedent(f"""
        import os
        from recruitcms import restore, set_aside
        act = {point}
        {point} = lambda *words: (act(*words), os._exit(9))
        restore.undo()
        """),
    )
    site.manage("restore", "--undo")

    assert killed.returncode == 9
    assert site.count()[2] == {"<jan@testserver>": "pending", "<marta@testserver>": "sent"}


def test_mails_of_which_nobody_knows_are_sent_when_told_to(site, archive, tmp_path):
    new = Place(tmp_path / "new")

    new.manage("restore", str(archive), "--send-owed")

    assert set(new.count()[2].values()) == {"pending"}


# --- what is newer than the backup ---


def test_who_was_erased_after_the_backup_is_forgotten_again(sites, tmp_path):
    """CON-21: the journal of today is used, and is not overwritten by the backup's"""
    site, _empty = sites
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    site.do("""
        from leads import erasure
        from leads.models import Lead
        erasure.erase(Lead.objects.get(email="marta@quillstone.example"))
    """)
    journal = (site.data / "erasures.jsonl").read_text()

    said = site.manage("restore", str(tmp_path / "site.tar.gz"), "--replace")

    people, _entries, mails = site.count()
    assert (people, list(mails)) == (["jan@quillstone.example"], ["<jan@testserver>"])
    assert journal
    assert (site.data / "erasures.jsonl").read_text().startswith(journal)
    assert "1 erasures and withdrawals repeated" in said
    site.manage("restore", "--forget")
    assert site.manage("erasure", "verify", "marta@quillstone.example").strip() == "0 places."
    assert "whole" in site.manage("ledger", "verify")


def test_a_backups_journal_reaches_a_machine_that_has_none(site, tmp_path):
    """An erasure that came after the database was copied is in the same archive's journal."""
    site.do("""
        from leads import suppression
        from leads.addresses import normalise
        suppression.note(normalise("jan@quillstone.example"), "erased", suppression.ALL)  # as another machine would
    """)
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    new = Place(tmp_path / "new")

    new.manage("restore", str(tmp_path / "site.tar.gz"))

    assert new.count()[0] == ["marta@quillstone.example"]


def test_a_journal_of_another_key_stops_the_restore(site, archive):
    """Whom it names could not be found."""
    entry = {"hmac": "0" * 64, "key_id": "elsewhere", "act": "erased", "scope": "*", "at": "2026-11-27T10:00:00+00:00"}
    (site.data / "erasures.jsonl").write_text(json.dumps(entry) + "\n")
    before = site.count()

    refused = site.refusal("restore", str(archive), "--replace")

    assert "SUPPRESSION_KEYS_OLD" in refused
    assert site.count() == before


def test_anchors_must_agree_as_far_as_the_restored_ledger_goes(site, archive):
    """CON-19: an old ledger in the place of today's is found out, unless it is a part of it."""
    site.do("""
        from leads import anchors
        from tests.lead_factories import make_submission, requested
        requested(make_submission(email="new@quillstone.example"))
        anchors.anchor()
    """)
    lines = (site.data / "anchors.jsonl").read_text().splitlines()

    said = site.manage("restore", str(archive), "--replace")
    seqs = [json.loads(line)["seq"] for line in (site.data / "anchors.jsonl").read_text().splitlines()]
    site.manage("restore", "--undo")
    (site.data / "anchors.jsonl").write_text(lines[0].replace(json.loads(lines[0])["hash"], "f" * 64) + "\n")
    refused = site.refusal("restore", str(archive), "--replace")

    assert "1 later entries of the ledger" in said
    assert seqs == [2, 2]  # the backup's, and one made when it was restored
    assert "I11, entry 2" in refused
    assert site.count()[1] == 3


# --- what is refused, before anything is touched ---


def rewritten(archive: Path, to: Path, change) -> Path:
    """Return a copy of an archive whose parts went through `change(name, content)`; None leaves one out."""
    with tarfile.open(archive) as source, tarfile.open(to, "w:gz") as out:
        for about in source:
            content = change(about.name, source.extractfile(about).read())
            if content is not None:
                about.size = len(content)
                out.addfile(about, io.BytesIO(content))
    return to


def with_manifest(**values):
    def change(name: str, content: bytes) -> bytes:
        return json.dumps(json.loads(content) | values).encode() if name == "manifest.json" else content

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda name, content: content + b"x" if name == "media/pictures/one.webp" else content, "one.webp is not"),
        (lambda name, content: None if name == "erasures.jsonl" else content, "erasures.jsonl is not"),
        (lambda name, content: None if name == "manifest.json" else content, "no manifest"),
        (with_manifest(format=2), "newer release"),
        (with_manifest(vendor=connection.vendor, migrations=["leads.9999_from_tomorrow"]), "leads.9999_from_tomorrow"),
        (with_manifest(vendor=connection.vendor, migrations=["wallets.0001_initial"]), "wallets.0001_initial"),
        (with_manifest(vendor="abacus"), "made on abacus"),
        (with_manifest(parts=3), "cannot be read"),
        (lambda name, content: b"[" * 100_000 if name == "manifest.json" else content, "cannot be read"),
    ],
)
def test_what_is_no_whole_backup_of_ours_is_refused(archive, tmp_path, change, words):
    broken = rewritten(archive, tmp_path / "broken.tar.gz", change)

    with pytest.raises(BackupError, match=words):
        restore._check_fits(read(broken))


def test_a_backup_that_is_refused_changes_nothing(site, archive, tmp_path):
    broken = rewritten(archive, tmp_path / "broken.tar.gz", with_manifest(format=2))
    before = (site.count(), site.files(), sorted(path.name for path in site.data.iterdir()))

    refused = site.refusal("restore", str(broken), "--replace")

    assert "a newer release made it" in refused
    assert (site.count(), site.files(), sorted(path.name for path in site.data.iterdir())) == before


def test_an_archive_that_was_cut_off_or_turned_in_one_bit_is_refused(archive, tmp_path):
    content = archive.read_bytes()
    cut, turned = tmp_path / "cut", tmp_path / "turned"
    cut.write_bytes(content[: len(content) // 2])
    turned.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])

    for path in (cut, turned):
        with pytest.raises(BackupError):
            read(path)
    assert read(archive).parts


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "media/../../x", "../x", "settings.py", "keys", "media//x", "media/./x", "other/x", "a\\b"]
)
def test_no_part_leads_out_of_its_folder(name):
    assert not is_part(name)


def test_a_link_in_an_archive_is_refused(tmp_path):
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as out:
        about = tarfile.TarInfo("media/link")
        about.type, about.linkname = tarfile.SYMTYPE, "/etc/passwd"
        out.addfile(about)

    with pytest.raises(BackupError, match="media/link"):
        read(tmp_path / "evil.tar.gz")


def test_a_database_that_is_in_use_is_left_alone(site, archive):
    before = site.count()

    with closing(sqlite3.connect(site.data / "db.sqlite3")) as visitor:
        visitor.execute("SELECT count(*) FROM leads_lead").fetchone()
        refused = site.refusal("restore", str(archive), "--replace")

    assert "in use" in refused
    assert site.count() == before


@pytest.fixture
def start(site):
    """Start a process of the site, and wait until it can be seen."""
    started = []

    def is_seen() -> bool:
        with closing(Folder(site.data)) as folder:
            return not folder.lock()

    def begin(*words: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, *words], cwd=ROOT, env=site.environment))
        assert wait_until(is_seen, 60)
        return started[-1]

    yield begin
    for process in started:
        process.terminate()
        process.wait(30)


class Folder:
    """A folder, to be locked as a restore does."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY)

    def lock(self) -> bool:
        """Lock it, until it is closed. Return whether nobody else has it."""
        with suppress(BlockingIOError):
            fcntl.flock(self.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def close(self) -> None:
        os.close(self.number)


def test_neither_restore_nor_taking_back_begins_beside_a_worker(site, archive, start):
    """REL-9, EML-12: it has no connection between two rounds; what it sends is what the other database owes too."""
    site.manage("restore", str(archive), "--replace")
    site.manage("restore", "--forget")
    people = site.count()[0]

    worker = start("manage.py", "worker")
    refused = site.refusal("restore", str(archive), "--replace")
    kept_back = (worker.poll(), site.count()[0])
    worker.terminate()
    worker.wait(30)
    site.manage("restore", str(archive), "--replace")
    start("manage.py", "worker")
    not_taken_back = site.refusal("restore", "--undo")

    for said in (refused, not_taken_back):
        assert "The site is running" in said
        assert "recruitcms-worker@*" in said
    assert kept_back == (None, people)


def test_no_restore_begins_beside_a_web_process(site, archive, start):
    """Nor where its database is elsewhere, and it has no connection just now."""
    start(*WEB)

    refused = site.refusal("restore", str(archive), "--replace")

    assert "The site is running" in refused
    assert "recruitcms-web@*" in refused


@pytest.mark.parametrize("more", [[], ["--noreload"]], ids=["reloading", "at once"])
def test_no_restore_begins_beside_the_server_of_make_dev(site, archive, start, more):
    start("manage.py", "runserver", "127.0.0.1:0", *more)

    refused = site.refusal("restore", str(archive), "--replace")

    assert "The site is running" in refused
    assert "make dev" in refused


def test_nothing_of_the_site_starts_while_a_restore_is_under_way(site, tmp_path):
    """Nor a backup, which would be half of one site and half of the other."""
    with closing(Folder(site.data)) as folder:
        folder.lock()
        kept = site.refusal("backup", str(tmp_path / "site.tar.gz"))
        worker = site.refusal("worker", "--once")
        dev = site.refusal("runserver", "127.0.0.1:0")
        web = site.run(*WEB)

    assert "A restore is under way" in kept
    assert not (tmp_path / "site.tar.gz").exists()
    assert "A restore is under way" in worker
    assert "A restore is under way" in dev
    assert (web.returncode, b"A restore is under way" in web.stderr) == (3, True)


def test_a_backup_of_an_older_release_is_migrated(site, archive, tmp_path):
    site.manage("migrate", "recruitcms", "0018", "--verbosity", "0")
    site.manage("backup", str(tmp_path / "older.tar.gz"))
    new = Place(tmp_path / "new")

    said = new.manage("restore", str(tmp_path / "older.tar.gz"))

    assert re.search(r"[1-9] migrations", said)
    assert "[ ]" not in new.manage("showmigrations")


# --- on the way ---


def test_a_full_disk_leaves_no_half_backup(site, tmp_path):
    def small() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    done = subprocess.run(
        [sys.executable, "manage.py", "backup", str(tmp_path / "site.tar.gz")],
        cwd=ROOT,
        env=unmeasured(site.environment),
        capture_output=True,
        text=True,
        preexec_fn=small,
    )

    assert done.returncode == 1
    assert "could not be" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_a_restore_that_was_killed_is_taken_back(sites, tmp_path):
    """Each step is written down before it is taken: here the process ends after the database was set aside."""
    site, _empty = sites
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    before = (site.count(), site.files())

    killed = site.run(
        "-c",
        SETUP
        + textwrap.dedent(f"""
        import os
        from recruitcms import database_copies, restore
        database_copies.load = lambda path: os._exit(9)
        restore.restore({str(tmp_path / "site.tar.gz")!r}, replace=True)
        """),
    )
    refused = site.refusal("restore", str(tmp_path / "site.tar.gz"), "--replace")
    site.manage("restore", "--undo")

    assert killed.returncode == 9
    assert "--undo" in refused
    assert (site.count(), site.files()) == before


def test_files_are_copied_after_the_database_that_names_them(site, tmp_path):
    """A picture that comes while the copy is made is in it for nothing; none that the database names is missing."""
    order = site.run(
        "-c",
        SETUP
        + textwrap.dedent(f"""
        from django.core.files.base import ContentFile
        from django.core.files.storage import default_storage
        from recruitcms import backup, database_copies
        dump = database_copies.dump
        def slow(path):
            dump(path)
            default_storage.save("pictures/late.webp", ContentFile(b"late"))
        database_copies.dump = slow
        print(*backup.make({str(tmp_path / "site.tar.gz")!r}).parts)
        """),
    )

    names = order.stdout.decode().split()
    assert "media/pictures/late.webp" in names
    assert names[:2] == ["anchors.jsonl", "database.sqlite3"]
    assert names[-1] == "erasures.jsonl"


def test_what_a_killed_backup_left_is_deleted_by_the_next_a_day_later(site, tmp_path):
    old, new = tmp_path / f".a{backup.HALF}", tmp_path / f".b{backup.HALF}"
    for path in (old, new):
        path.mkdir()
        (path / "database.sqlite3").write_text("people")
    os.utime(old, (1, 1))

    site.manage("backup", str(tmp_path / "site.tar.gz"))

    assert (old.exists(), new.exists()) == (False, True)


# --- a bucket ---


@pytest.fixture
def bucket():
    """A server that speaks S3, and a client of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="site")

    def objects(name: str = "site") -> dict[str, bytes]:
        rows = client.list_objects_v2(Bucket=name).get("Contents", [])
        return {row["Key"]: client.get_object(Bucket=name, Key=row["Key"])["Body"].read() for row in rows}

    yield f"s3+http://key:secret@{host}:{port}/site", objects
    server.stop()


def test_files_in_a_bucket_go_there_and_back(tmp_path, bucket):
    address, objects = bucket
    site = Place(tmp_path / "var", FILES_URL=address)
    site.manage("migrate", "--verbosity", "0")
    site.do(STORY)
    story = objects()
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    site.do("""
        from django.core.files.base import ContentFile
        from django.core.files.storage import default_storage
        default_storage.save("pictures/new.webp", ContentFile(b"RIFF new"))
        default_storage.delete("pictures/one.webp")
    """)
    before = objects()

    site.manage("restore", str(tmp_path / "site.tar.gz"), "--replace")
    restored = {key: content for key, content in objects().items() if not key.startswith("before_restore")}
    site.manage("restore", "--undo")

    assert len(story) == 3
    assert restored == story
    assert objects() == before


def test_taking_a_bucket_back_that_was_killed_in_the_middle_goes_on(tmp_path, bucket):
    address, objects = bucket
    site = Place(tmp_path / "var", FILES_URL=address)
    site.manage("migrate", "--verbosity", "0")
    site.do(STORY)
    site.manage("backup", str(tmp_path / "site.tar.gz"))
    before = objects()
    site.manage("restore", str(tmp_path / "site.tar.gz"), "--replace")

    killed = site.run(
        "-c",
        SETUP
        + textwrap.dedent("""
        import os
        from recruitcms import restore, set_aside
        move = set_aside._move_objects
        set_aside._move_objects = lambda *words: (move(*words), os._exit(9))
        restore.undo()
        """),
    )
    in_the_middle = objects()
    site.manage("restore", "--undo")

    assert killed.returncode == 9
    assert in_the_middle != before
    assert objects() == before


def test_two_bytes_of_a_journal_that_is_being_written_are_left_out(tmp_path):
    path = tmp_path / "journal"
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b'{"one": 1}\n{"t')
        file.flush()

        assert backup._lines(path) == b'{"one": 1}\n'

"""What the desk keeps of people goes by itself, in its time (CON-17)."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from leads import chores
from recruitcms import housekeeping, review
from recruitcms.models import BulkChange, ReviewEntry, ReviewLink
from roles.moving.models import ImportItem, ImportRun
from tests.factories import make_role, make_user

pytestmark = pytest.mark.django_db


def made_ago(row, days):
    type(row).objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days))


def import_run(days, outcome=ImportItem.Outcome.ADDED):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("job.md", "# Welder")
    run = ImportRun.objects.create(name="jobs.zip")
    run.upload.save(f"{run.pk}.zip", ContentFile(archive.getvalue()))
    ImportItem.objects.create(run=run, position=1, source="files", key="job.md", title="Welder", outcome=outcome)
    made_ago(run, days)
    return run


def guest_says(role, words="Is it clear? anna@victim.example"):
    link = review.make_link(role, make_user(), "Anna, anna@victim.example")
    return ReviewEntry.objects.create(
        review=link.review, kind=ReviewEntry.Kind.COMMENT, link=link, is_guest=True, name=link.name, text=words
    )


@pytest.mark.parametrize(("days", "name"), [(364, "Anna, anna@victim.example"), (366, housekeeping.GUEST)])
def test_a_guests_name_and_words_go_a_year_after_their_link_ended(days, name):
    """CON-17"""
    entry = guest_says(make_role())
    ReviewLink.objects.update(expires_at=timezone.now() - timedelta(days=days))

    chores.run(timezone.now())

    entry.refresh_from_db()
    assert (entry.name, ReviewLink.objects.get().name) == (name, name)
    assert bool(entry.text) == (days == 364)


def test_what_staff_said_stays():
    role = make_role()
    review.comment(role, make_user("emre", first_name="Emre"), "It is.")
    guest_says(role)
    ReviewLink.objects.update(revoked_at=timezone.now() - timedelta(days=400))

    chores.run(timezone.now())

    assert ("Emre", "It is.") in ReviewEntry.objects.values_list("name", "text")


def test_the_file_of_an_import_goes_once_nobody_waits_for_it_and_the_list_half_a_year_later():
    """CON-17"""
    fresh, done, waiting = import_run(0), import_run(2), import_run(29, ImportItem.Outcome.WAITING)
    old, oldest = import_run(31, ImportItem.Outcome.WAITING), import_run(181)
    storage, name = old.upload.storage, old.upload.name

    chores.run(timezone.now())

    kept = {run.pk: bool(run.upload) for run in ImportRun.objects.all()}
    assert kept == {fresh.pk: True, done.pk: False, waiting.pk: True, old.pk: False}
    assert not storage.exists(name)
    assert not ImportItem.objects.filter(run=oldest).exists()


def test_changes_of_many_pages_go_after_half_a_year():
    young, old = (BulkChange.objects.create(model_label="roles.role", title=title) for title in ("young", "old"))
    made_ago(young, 179)
    made_ago(old, 181)

    chores.run(timezone.now())

    assert [change.title for change in BulkChange.objects.all()] == ["young"]


def test_one_that_cannot_be_done_holds_up_none_of_the_others():
    """CON-17: as where the file of an import cannot be deleted."""
    file = Path(import_run(2).upload.path)
    file.unlink()
    (file / "in the way").mkdir(parents=True)
    made_ago(BulkChange.objects.create(model_label="roles.role", title="old"), 181)

    assert chores.run(timezone.now()) == ["imports"]

    assert not BulkChange.objects.exists()

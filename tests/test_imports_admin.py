"""Importing in the admin: upload or paste, look and correct, apply as drafts."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from recruitcms.models import Page, Picture
from roles.models import Category, Role
from roles.moving.models import ImportItem, ImportRun
from tests.corpora.wordpress import export
from tests.factories import image_file, make_category, make_person, make_role, make_site, make_user

pytestmark = pytest.mark.django_db

IMPORT = "admin:roles_role_import_import"
JOB = "# Data Engineer\n\nWe need you.\n\n## Key responsibilities\n- Build\n\n## What you need\n- SQL\n\n## Hedgehogs\nYes."


@pytest.fixture(autouse=True)
def author_and_category():
    return make_person(name="Ada Nowak"), make_category(name="Data & AI", slug="data-and-ai")


def upload(client, *files, **data):
    named = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(reverse(IMPORT), {"files": named, **data}, follow=True)


def posted(response, **changes):
    """Return what the browser posts for the review page that is shown."""
    forms = [response.context["mapping"], *response.context["forms"]]
    data = {bound.html_name: bound.value() for form in forms for bound in form}
    return {
        name: "on" if value is True else value for name, value in data.items() if value not in (None, False)
    } | changes


def review(run):
    return reverse("admin:roles_role_import_review", args=[run.pk])


def said(response):
    return [str(message) for message in response.context["messages"]]


def test_an_upload_is_only_shown_and_becomes_a_draft_when_applied(admin_client, admin_user, author_and_category):
    author, category = author_and_category

    shown = upload(admin_client, ("job.md", JOB.encode()))
    run = ImportRun.objects.get()

    assert shown.redirect_chain[-1][0] == review(run)
    assert not Role.objects.exists()

    applied = admin_client.post(
        review(run), posted(shown, **{"map-author": author.pk, "map-category": category.pk, "_apply": "1"}), follow=True
    )

    role = Role.objects.get()
    assert said(applied) == ["Added: 1"]
    assert (role.title, role.author, role.category, role.updated_by) == ("Data Engineer", author, category, admin_user)
    assert [section.kind for section in role.sections.all()] == ["introduction", "duties", "required", "other"]
    assert role.live_revision is None


def test_a_kind_is_corrected_before_applying(admin_client, author_and_category):
    shown = upload(admin_client, ("job.md", JOB.encode()))
    run, item = ImportRun.objects.get(), ImportItem.objects.get()
    changes = {"map-author": author_and_category[0].pk, "map-category": author_and_category[1].pk}

    admin_client.post(review(run), posted(shown, **changes, **{f"item-{item.pk}-kind-3": "challenges", "_apply": "1"}))

    assert Role.objects.get().sections.last().kind == "challenges"


def test_left_out_is_left_out_and_said_in_the_report(admin_client):
    shown = upload(admin_client, ("job.md", JOB.encode()), ("=cmd.pdf", b"x"))
    run = ImportRun.objects.get()
    item = run.items.get(target="role")

    admin_client.post(review(run), posted(shown, **{f"item-{item.pk}-target": "leave", "_apply": "1"}))
    report = admin_client.get(reverse("admin:roles_role_import_report", args=[run.pk])).getvalue().decode()

    assert not Role.objects.exists()
    assert report.count("Left out") >= 2
    assert "'=cmd.pdf" in report


def test_without_an_author_nothing_comes_in_and_the_item_says_why(admin_client, author_and_category):
    shown = upload(admin_client, ("job.md", JOB.encode()))
    run = ImportRun.objects.get()

    admin_client.post(review(run), posted(shown, **{"map-category": author_and_category[1].pk, "_apply": "1"}))

    item = ImportItem.objects.get()
    assert (item.outcome, item.message) == ("failed", "It names no author. Choose a default author above and save.")
    assert not Role.objects.exists()


def test_what_somebody_changed_here_is_left_alone_until_it_is_ticked(admin_client, author_and_category):
    author, category = author_and_category
    rest = {"map-author": author.pk, "map-category": category.pk, "_apply": "1"}
    shown = upload(admin_client, ("job.md", JOB.encode()))
    admin_client.post(review(ImportRun.objects.get()), posted(shown, **rest))
    Role.objects.get().sections.filter(kind="other").delete()

    shown = upload(admin_client, ("job.md", JOB.replace("SQL", "Python").encode()))
    run = ImportRun.objects.first()
    assert "Changed here since" in shown.content.decode()
    left = admin_client.post(review(run), posted(shown, **rest), follow=True)
    assert said(left) == ["Changed here since, left alone: 1"]
    assert Role.objects.get().sections.count() == 3

    item = run.items.get()
    forced = admin_client.post(review(run), posted(left, **rest, **{f"item-{item.pk}-force": "on"}), follow=True)

    assert said(forced) == ["Updated: 1"]
    assert Role.objects.get().sections.get(kind="required").body == "- Python"


def test_pasted_formatting_becomes_sections(admin_client):
    html = '<p class="MsoNormal"><b>What you’ll do</b></p><ul><li>Build <script>alert(1)</script></li></ul>'

    admin_client.post(
        reverse(IMPORT), {"pasted": "x", "pasted_html": html, "pasted_title": "QA", "pasted_language": "pl"}
    )

    item = ImportItem.objects.get()
    assert (item.title, item.language) == ("QA", "pl")
    assert item.content["sections"] == [{"kind": "duties", "heading": "What you’ll do", "body": "- Build"}]


def test_pictures_in_the_zip_come_along(admin_client, author_and_category):
    author, category = author_and_category
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("jobs/job.md", "---\ntitle: Welder\nimage: /img/desk.png\n---\n" + JOB)
        archive.writestr("img/desk.png", image_file().read())
        archive.writestr("../../evil.md", JOB)

    shown = upload(admin_client, ("jobs.zip", buffer.getvalue()))
    run = ImportRun.objects.get()
    admin_client.post(
        review(run), posted(shown, **{"map-author": author.pk, "map-category": category.pk, "_apply": "1"})
    )

    assert Role.objects.get(title="Welder").picture == Picture.objects.get(name="desk")
    assert set(run.items.values_list("key", flat=True)) == {"jobs/job.md", "evil.md"}


def test_a_large_import_is_applied_in_steps(admin_client, author_and_category):
    author, category = author_and_category
    shown = upload(admin_client, ("wp.xml", export(130).xml.encode()))
    run = ImportRun.objects.get()
    rest = {"map-author": author.pk, "map-category": category.pk, "_apply": "1"}

    first_step = admin_client.post(review(run), posted(shown, **rest), follow=True)
    assert "press “Apply” to go on" in said(first_step)[0]
    admin_client.post(review(run), posted(first_step, **rest))

    assert not run.items.filter(outcome="").exists()
    assert (
        Role.objects.filter(language="en").count()
        == run.items.filter(outcome="added", role__language="en").count()
        > 50
    )


@pytest.mark.parametrize("files", [[("job.docx", b"no zip")], [("a.xml", b"<feed/>")], [("a.zip", b"PK")]])
def test_a_file_that_cannot_be_read_is_refused_by_the_field(admin_client, files):
    response = upload(admin_client, *files)

    assert response.context["form"].errors["files"][0].startswith(files[0][0]) or "damaged" in str(
        response.context["form"].errors
    )
    assert not ImportRun.objects.exists()


def test_nothing_chosen_is_said_by_the_field(admin_client):
    response = admin_client.post(reverse(IMPORT), {"pasted": "  "})

    assert response.context["form"].errors["files"] == ["Choose files, or paste a text."]


def test_an_import_needs_the_permission_to_add_and_change_roles(client):
    run = ImportRun.objects.create(name="x")
    client.force_login(make_user(group="Lead handlers"))

    answers = [client.get(reverse(IMPORT)), client.post(reverse(IMPORT)), client.get(review(run))]
    answers += [client.post(reverse(f"admin:roles_role_import_{name}", args=[run.pk])) for name in ("apply", "forget")]
    answers.append(client.get(reverse("admin:roles_role_import_report", args=[run.pk])))

    assert [answer.status_code for answer in answers] == [403] * 6
    assert ImportRun.objects.exists()


def test_who_may_not_write_pages_gets_none(client, author_and_category):
    from django.contrib.auth.models import Permission

    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_role", "change_role"]))
    client.force_login(user)
    upload(client, ("page.md", b"# A story\n\nOnce."))
    run = ImportRun.objects.get()

    shown = client.get(review(run))
    client.post(review(run), posted(shown, _save="1"))
    client.post(reverse("admin:roles_role_import_apply", args=[run.pk]))

    item = run.items.get()
    assert not Page.objects.exists()
    assert (item.target, item.outcome) == ("page", "")
    assert "You may not add pages" in item.message
    assert "You may not add pages" in client.get(review(run)).content.decode()
    assert "_apply" not in shown.content.decode()


def test_applying_and_forgetting_are_posts(admin_client):
    run = ImportRun.objects.create(name="x")

    answers = [
        admin_client.get(reverse(f"admin:roles_role_import_{name}", args=[run.pk])) for name in ("apply", "forget")
    ]

    assert [answer.status_code for answer in answers] == [405, 405]
    admin_client.post(reverse("admin:roles_role_import_forget", args=[run.pk]))
    assert not ImportRun.objects.exists()


def test_chosen_roles_are_downloaded_as_files(admin_client):
    role = make_role()
    make_role()
    data = {"action": "download_files", "_selected_action": [role.pk]}

    response = admin_client.post(reverse("admin:roles_role_changelist"), data)

    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.namelist() == [f"en/{role.slug}.md"]


def test_the_review_asks_the_database_as_often_for_one_item_as_for_ten(admin_client, django_assert_max_num_queries):
    upload(admin_client, *[(f"{number}.md", JOB.encode()) for number in range(10)])

    with django_assert_max_num_queries(30):
        admin_client.get(review(ImportRun.objects.get()))


def test_a_writer_adds_no_shelf_and_forgets_nobody_elses_import(client, admin_client, author_and_category):
    job = b"---\ntitle: Welder\ncategory: New shelf\n---\n" + JOB.encode()
    upload(admin_client, ("theirs.md", JOB.encode()))
    theirs = ImportRun.objects.get()
    client.force_login(make_user(group="Writers"))

    shown = upload(client, ("job.md", job))
    run = ImportRun.objects.exclude(pk=theirs.pk).get()
    run.categories = {"New shelf": "new"}
    run.save()
    client.post(reverse("admin:roles_role_import_apply", args=[run.pk]))
    forgotten = client.post(reverse("admin:roles_role_import_forget", args=[theirs.pk]))

    offered = dict(shown.context["mapping"].fields["categories-0"].choices)
    assert "new" not in offered
    assert [category.name for category in Category.objects.all()] == ["Data & AI"]
    assert (forgotten.status_code, ImportRun.objects.filter(pk=theirs.pk).exists()) == (403, True)


def test_a_shelf_that_an_import_adds_is_on_every_page_once_something_on_it_is_live(
    admin_client, client, author_and_category
):
    make_site()
    head = "title: Welder\ncategory: Metal work\nauthor: Ada Nowak\nsummary: Joins metal, and knows where not to."
    job = f"---\n{head}\n---\n{JOB}".encode()
    shown = upload(admin_client, ("job.md", job))
    before = client.get("/").text

    admin_client.post(
        review(ImportRun.objects.get()), posted(shown, **{"map-categories-0": "new", "_apply": "1"}), follow=True
    )

    Role.objects.get(title="Welder").publish()
    shelf = Category.objects.get(name="Metal work")
    link = f'<a href="{shelf.get_absolute_url()}">Metal work</a>'
    assert (link in before, link in client.get("/").text) == (False, True)


def test_what_failed_for_want_of_an_author_comes_in_once_one_is_chosen(admin_client, author_and_category):
    author, category = author_and_category
    shown = upload(admin_client, ("job.md", JOB.encode()))
    run = ImportRun.objects.get()

    failed = admin_client.post(review(run), posted(shown, **{"map-category": category.pk, "_apply": "1"}), follow=True)
    saved = admin_client.post(review(run), posted(failed, **{"map-author": author.pk, "_save": "1"}), follow=True)
    applied = admin_client.post(review(run), posted(saved, _apply="1"), follow=True)

    assert said(failed) == [
        "Not possible: 1. Below, each says why. Correct that, save the corrections and apply again."
    ]
    assert "warning" in failed.text
    assert 'name="_apply"' not in failed.text
    assert 'name="_apply"' in saved.text
    assert said(applied) == ["Added: 1"]
    assert Role.objects.get().author == author

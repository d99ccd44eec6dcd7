"""SEC-12 within what somebody may open: which rows are theirs, which fields, and which buttons."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from leads.models import ConsentEvent, Submission
from recruitcms import review
from recruitcms.models import CalendarFeed, OpenForm
from recruitcms.models.review import Review
from roles.models import Role
from tests.factories import make_role, make_user, published_role
from tests.lead_factories import make_submission, make_wording, record
from tests.test_editing import form_as_shown

pytestmark = pytest.mark.django_db


def signed_in(group: str = "", **more) -> tuple[Client, User]:
    client, user = Client(), make_user(group=group, **more)
    client.force_login(user)
    return client, user


def url(row, act: str = "change", *more) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{act}", args=[row.pk, *more])


# --- rows ---


def test_what_somebody_typed_is_theirs_alone(db):
    role = make_role()
    _emre, emre = signed_in("Editors")
    kind = ContentType.objects.get_for_model(Role)
    form = OpenForm.objects.create(user=emre, content_type=kind, object_id=role.pk, typed="title=Unsaved")
    root, _user = signed_in(is_superuser=True)

    dropped = root.post(reverse("admin:roles_role_drop", args=[form.key]))
    kept = root.post(url(role, "keep"), {"_form": str(form.key), "title": "Mine"})
    page = root.get(f"{url(role)}?kept={form.key}").content.decode()

    assert (dropped.status_code, kept.status_code, "Unsaved" in page) == (404, 403, False)
    assert OpenForm.objects.get().typed == "title=Unsaved"


def test_the_key_of_a_form_opens_it_for_no_other_document(db):
    role, other = make_role(), make_role()
    client, _user = signed_in("Editors")
    key = str(uuid.uuid4())
    assert client.post(url(role, "keep"), {"_form": key, "title": "One"}).status_code == 200

    assert client.post(url(other, "keep"), {"_form": key, "title": "Two"}).status_code == 403
    assert OpenForm.objects.get().data["title"] == "One"


def test_people_who_withdrew_are_seen_by_privacy_officers_alone(db):
    gone = make_submission()
    make_wording()
    record(gone, "report", ConsentEvent.State.GIVEN)
    record(gone, "report", ConsentEvent.State.WITHDRAWN)
    handler, _user = signed_in("Lead handlers")
    officer, _user = signed_in("Privacy officers")
    index = reverse("admin:index")

    for act in ("change", "history"):
        answer = handler.get(url(gone, act))
        assert (answer.status_code, answer["Location"]) == (302, index), act
        assert officer.get(url(gone, act)).status_code == 200
    marked = {"action": "mark_closed", "_selected_action": gone.pk}
    handler.post(reverse("admin:leads_submission_changelist"), marked)
    assert Submission.objects.get().state != "closed"
    exported = officer.post(
        reverse("admin:leads_submission_changelist") + "?people=hidden",
        {"action": "export_as_csv", "_selected_action": gone.pk},
    )
    assert b"quillstone" not in exported.content  # nobody who withdrew leaves in a file


def test_a_link_is_revoked_on_its_own_document_alone(db):
    client, writer = signed_in("Writers")
    mine, theirs = make_role(), make_role()
    link = review.make_link(theirs, writer, "Anna Nowak")

    client.post(url(mine), form_as_shown(client, url(mine)) | {"_revoke_link": link.pk})

    link.refresh_from_db()
    assert link.revoked_at is None


def test_a_restored_revision_is_one_of_the_same_document(db):
    client, _user = signed_in("Editors")
    role, other = make_role(title="Mine"), published_role(title="Other")
    number = other.revisions.get().number

    assert client.post(url(role, "restore", number)).status_code == 404
    role.refresh_from_db()
    assert role.title == "Mine"


def test_everybody_ends_their_own_calendar_feed_and_no_other(db):
    client, _user = signed_in("Writers")
    feed = CalendarFeed.objects.create(user=make_user(group="Editors"))

    client.post(reverse("admin:calendar_feed_revoke"), {"user": feed.user_id, "key": feed.key})

    assert CalendarFeed.objects.get() == feed


@pytest.mark.parametrize("group", ["Privacy officers", ""])
def test_words_that_somebody_agreed_to_are_changed_by_nobody(db, group):
    """CON-3: not by an officer, not by a superuser (no group)."""
    wording = make_wording()
    before = wording.body
    client, _user = signed_in(group, is_superuser=not group)

    answer = client.post(url(wording), {"body": "Other words", "language": "en", "_save": "1", "_seen": "x"})

    wording.refresh_from_db()
    assert (answer.status_code in {200, 403, 409}, wording.body) == (True, before)


# --- fields ---


def test_a_handler_changes_what_is_the_teams_of_a_submission_and_nothing_else(db):
    asked = make_submission(message="Help us.", name="Marta")
    other = make_submission(email="eve@other.example")
    client, handler = signed_in("Lead handlers")
    visitors = {
        "message": "No",
        "name": "Eve",
        "kind": "consultation",
        "lead": other.lead_id,
        "confirmed_at": "2026-01-01",
    }
    visitors |= {"language": "pl", "public_id": "x", "held_because": "trap", "utm": "{}"}
    before = Submission.objects.filter(pk=asked.pk).values().get()

    theirs = form_as_shown(client, url(asked)) | {"state": "replied", "owner": handler.pk, "notes": "Called."}
    client.post(url(asked), theirs | {"_save": "1"} | visitors)

    after = Submission.objects.filter(pk=asked.pk).values().get()
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"state", "state_since", "owner_id", "notes"}
    assert (after["notes"], after["owner_id"]) == ("Called.", handler.pk)


def test_an_owner_is_somebody_who_can_open_the_desk(db):
    asked = make_submission()
    outsider = User.objects.create_user("visitor")
    client, _user = signed_in("Lead handlers")

    client.post(url(asked), {"state": "new", "owner": outsider.pk, "notes": "", "_save": "1"})

    asked.refresh_from_db()
    assert asked.owner is None


@pytest.mark.parametrize("act", ["_publish", "_offline", "_cancel_schedule", "_schedule"])
def test_a_writer_who_sends_a_publishers_button_publishes_nothing(db, act):
    role = published_role(title="Old")
    client, _user = signed_in("Writers")
    form = form_as_shown(client, url(role)) | {"title": "New", act: "1"}
    form |= {"publish_at_0": "2030-01-01", "publish_at_1": "10:00"} if act == "_schedule" else {}

    page = client.post(url(role), form, follow=True)

    role = Role.objects.get()
    assert (role.live_revision.title, role.revisions.count()) == ("Old", 1)
    assert "Only publishers decide what visitors see." in str(next(iter(page.context["messages"])))


def test_a_writer_who_sends_a_reviewers_button_approves_nothing(db):
    role = make_role()
    client, writer = signed_in("Writers")
    review.ask(role, writer, make_user(group="Reviewers"))
    state = Review.objects.get().state

    answer = client.post(url(role), form_as_shown(client, url(role)) | {"_approve": role.updated_at.isoformat()})

    assert (answer.status_code, Review.objects.get().state) == (403, state)


def test_nobody_but_a_superuser_makes_anybody_more_than_they_are(db):
    """Groups and accounts are a superuser's: no ready-made group opens them, whatever it sends."""
    for group in ("Editors", "Privacy officers"):
        client, user = signed_in(group)
        for path in (url(user), reverse("admin:auth_user_password_change", args=[user.pk])):
            assert (
                client.post(path, {"is_superuser": "on", "password1": "x" * 20, "password2": "x" * 20}).status_code
                == 403
            )
        user.refresh_from_db()
        assert not user.is_superuser

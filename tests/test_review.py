"""Reviews: who may ask, approve and publish, what is kept of it, and who hears of it."""

import re
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core import mail as outbox
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from recruitcms import review, staff_mail
from recruitcms.changes import version_of
from recruitcms.models import Review, ReviewEntry, ReviewLink, StaffMail
from roles.models import Role, RoleRevision
from tests.factories import make_page, make_role, make_user, published_role
from tests.test_admin_publishing import change, form_of, said

pytestmark = pytest.mark.django_db
Kind, State = ReviewEntry.Kind, Review.State


def make_staff(group, name="", **more):
    name = name or group.lower().rstrip("s")
    return make_user(name, group, **{"email": f"{name}@northbeam.example"} | more)


@pytest.fixture
def writer():
    return make_staff("Writers", "wanda")


@pytest.fixture
def reviewer():
    return make_staff("Reviewers", "rafal")


@pytest.fixture
def publisher():
    return make_staff("Publishers", "paula")


def as_(client, user):
    client.force_login(user)
    return client


def page_of(client, role):
    return client.get(reverse("admin:roles_role_change", args=[role.pk])).content.decode()


def shown(client, role):
    """Return what the button "Approve" sends: which text its page shows."""
    button = re.search('name="_approve" value="([^"]*)"', page_of(client, role))
    return button[1] if button else ""


def acts(document):
    return [entry.kind for entry in review.Thread.of(document).entries]


def mails():
    staff_mail.send_due()
    return sorted((message.to[0], message.subject) for message in outbox.outbox)


# --- who may do what ---


@pytest.mark.parametrize(
    "button", ["_publish", "_schedule", "_offline", "_offline_at", "_stay_online", "_cancel_schedule"]
)
def test_a_writer_saves_but_changes_nothing_for_visitors(client, writer, button):
    role = published_role(title="Old")
    RoleRevision.objects.update(live_from=timezone.now() - timedelta(hours=1))
    role.publish(at=timezone.now() + timedelta(days=3))
    at = timezone.localtime(timezone.now() + timedelta(days=4))
    field = "offline_at" if "offline" in button else "publish_at"
    when = {f"{field}_0": f"{at:%Y-%m-%d}", f"{field}_1": f"{at:%H:%M:%S}"}
    before = list(RoleRevision.objects.values())

    response = change(as_(client, writer), role, title="New", **when, **{button: "1"})

    assert said(response) == [
        "Saved as a draft, and no more. Only publishers decide what visitors see. Ask for a review, or ask one of them."
    ]
    assert list(RoleRevision.objects.values()) == before
    assert Role.objects.get().title == "New"


def test_the_buttons_that_publish_are_for_publishers(client, writer, publisher):
    role = published_role()

    to_writer, to_publisher = page_of(as_(client, writer), role), page_of(as_(client, publisher), role)

    for name in ("_publish", "_schedule", "_offline", "publish_at_0", "offline_at_0"):
        assert f'name="{name}"' in to_publisher
        assert f'name="{name}"' not in to_writer
    assert "Publishers decide when visitors see your text." in to_writer


def test_deleting_takes_a_page_offline_and_so_needs_a_publisher(client, writer):
    writer.user_permissions.add(Permission.objects.get(codename="delete_role"))
    role = published_role()

    response = as_(client, writer).post(reverse("admin:roles_role_delete", args=[role.pk]), {"post": "yes"})

    assert response.status_code == 403
    assert Role.objects.exists()


def test_editors_do_all_of_it():
    editor = make_staff("Editors")

    assert editor.has_perms(["roles.publish_role", "recruitcms.review_page", "leads.publish_report"])


SAYING = {"ask", "withdraw", "comment", "link", "revoke"}
JUDGING, PUBLISHING = {"approve", "changes"}, {"publish", "schedule", "bulk"}


def done(client, user, act, role, link):
    """Post what a button would, whether the page offers it or not. Return whether anything came of it."""
    at = timezone.localtime(timezone.now() + timedelta(days=2))
    when = {"publish_at_0": f"{at:%Y-%m-%d}", "publish_at_1": f"{at:%H:%M:%S}"}
    posts = {
        "ask": {"_ask_review": "1"},
        "withdraw": {"_withdraw_review": "1"},
        "comment": {"_comment": "1", "review_note": "A word."},
        "link": {"_make_link": "1", "link_name": "Bea"},
        "revoke": {"_revoke_link": link.pk},
        "approve": {"_approve": role.updated_at.isoformat()},
        "changes": {"_request_changes": "1", "review_note": "Shorter."},
        "publish": {"_publish": "1"},
        "schedule": {"_schedule": "1", **when},
    }
    entries, revisions = ReviewEntry.objects.count(), RoleRevision.objects.count()
    if act == "bulk":
        data = {"rows": f"{role.pk}:{version_of(role)}", "_do": "1"}
        client.post(reverse("admin:roles_role_bulk", args=["publish"]), data)
    else:
        client.post(reverse("admin:roles_role_change", args=[role.pk]), form_of(role, **posts[act]))
    assert not ReviewEntry.objects.filter(review__object_id=role.pk).exclude(by__in=[user, link.made_by]).exists()
    return (ReviewEntry.objects.count(), RoleRevision.objects.count()) != (entries, revisions)


@pytest.mark.parametrize(
    ("group", "may"),
    [
        ("Writers", SAYING),
        ("Reviewers", SAYING | JUDGING),
        ("Publishers", SAYING | PUBLISHING),
        ("Editors", SAYING | JUDGING | PUBLISHING),
        ("Readers", set()),
        ("Lead handlers", set()),
    ],
)
def test_who_may_do_what_is_decided_by_the_server_and_not_by_the_page(client, group, may):
    asker = make_staff("Writers", "asker")
    readers, _new = Group.objects.get_or_create(name="Readers")
    readers.permissions.add(Permission.objects.get(codename="view_role"))
    user = make_staff(group, "somebody")
    client.force_login(user)
    could = set()

    for act in SAYING | JUDGING | PUBLISHING:
        role = make_role(title=f"For {act}")
        review.ask(role, asker)
        link = review.make_link(role, asker, "Anna")
        if done(client, user, act, role, link):
            could.add(act)

    assert could == may


@pytest.mark.parametrize(
    ("group", "may"),
    [("Writers", {"add", "change", "view"}), ("Reviewers", {"change", "view", "review"}),
     ("Publishers", {"change", "view", "publish"})],
)  # fmt: skip
def test_each_group_may_do_its_own_part(group, may):
    user = make_staff(group)

    for document in ("roles.{}_role", "recruitcms.{}_page", "leads.{}_report"):
        assert {act for act in ("add", "change", "delete", "view", "review", "publish")
                if user.has_perm(document.format(act))} == may  # fmt: skip


def test_a_group_that_could_publish_still_can_after_the_migration():
    Permission.objects.filter(codename__in=["publish_role", "review_role"]).delete()
    ours, theirs = Group.objects.create(name="Our own"), Group.objects.create(name="Readers")
    ours.permissions.add(Permission.objects.get(codename="change_role"))
    theirs.permissions.add(Permission.objects.get(codename="view_role"))
    person = make_user()
    person.user_permissions.add(Permission.objects.get(codename="change_role"))

    import_module("recruitcms.migrations.0006_editors_keep_publishing").hand_out(apps, None)

    assert {p.codename for p in ours.permissions.all()} == {"change_role", "publish_role", "review_role"}
    assert {p.codename for p in theirs.permissions.all()} == {"view_role"}
    assert person.has_perm("roles.publish_role")


def test_who_published_pages_looks_after_addresses_and_words_after_the_migration():
    ours, theirs = Group.objects.create(name="Our own"), Group.objects.create(name="Writers of ours")
    for group, names in ((ours, ["change_page", "publish_page"]), (theirs, ["change_page"])):
        group.permissions.set(Permission.objects.filter(codename__in=names))

    import_module("recruitcms.migrations.0014_editors_keep_addresses_and_words").hand_out(apps, None)

    added = {p.codename for p in ours.permissions.all()} - {"change_page", "publish_page"}
    all_acts = [
        f"{act}_{name}" for name in ("redirect", "wordingexception") for act in ("add", "change", "delete", "view")
    ]
    assert added == {*all_acts, "change_missingaddress", "delete_missingaddress", "view_missingaddress"}
    assert [p.codename for p in theirs.permissions.all()] == ["change_page"]


def test_who_publishes_pages_sees_the_mails_to_staff_after_the_migration():
    ours, theirs = Group.objects.create(name="Our own"), Group.objects.create(name="Writers of ours")
    for group, names in ((ours, ["change_page", "publish_page"]), (theirs, ["change_page"])):
        group.permissions.set(Permission.objects.filter(codename__in=names))

    import_module("recruitcms.migrations.0015_editors_see_mails_to_staff").hand_out(apps, None)

    assert {p.codename for p in ours.permissions.all()} >= {"change_staffmail", "view_staffmail"}
    assert [p.codename for p in theirs.permissions.all()] == ["change_page"]


# --- from the request to the publication ---


def test_from_the_request_to_the_publication(client, writer, reviewer, publisher):
    role = make_role(title="Old")

    asked = change(
        as_(client, writer), role, title="New", reviewer=reviewer.pk, review_note="Is it clear?", _ask_review="1"
    )
    changes = change(as_(client, reviewer), Role.objects.get(), review_note="Say what it pays.", _request_changes="1")
    change(as_(client, writer), Role.objects.get(), summary="Pays well.", reviewer=reviewer.pk, _ask_review="1")
    text = shown(as_(client, reviewer), role)
    approved = change(client, Role.objects.get(), _approve=text)
    change(as_(client, publisher), Role.objects.get(), _publish="1")

    assert said(asked) == ["Saved, and a review is asked for. A mail goes to rafal."]
    assert said(changes) == ["Changes are requested. A mail goes to wanda."]
    assert said(approved) == ["The text is approved as it is now. A mail goes to wanda, paula."]
    assert acts(role) == [Kind.ASKED, Kind.CHANGES, Kind.ASKED, Kind.APPROVED, Kind.PUBLISHED]
    assert [entry.name for entry in review.Thread.of(role).entries] == ["wanda", "rafal", "wanda", "rafal", "paula"]
    assert Review.objects.get().state == State.IDLE
    assert RoleRevision.objects.live().get().summary == "Pays well."


def test_the_panel_says_where_it_stands_and_what_was_said(client, writer, reviewer):
    role = make_role()
    review.ask(role, writer, reviewer, "Is it <b>clear</b>?")

    page = page_of(as_(client, reviewer), role)

    assert "wanda asked rafal on" in page
    assert "Is it &lt;b&gt;clear&lt;/b&gt;?" in page
    assert 'name="_approve"' in page
    assert 'name="_ask_review"' not in page


def test_an_approval_is_of_a_certain_text_and_a_later_change_makes_it_stale(client, writer, reviewer):
    role = make_role()
    review.ask(role, writer)
    review.approve(role, reviewer)
    stale = "It has changed since, so the approval does not cover it as it is now."
    entry = ReviewEntry.objects.get(kind=Kind.APPROVED)

    fresh_page = page_of(as_(client, writer), role)
    change(client, role, _continue="1")
    saved_page = page_of(client, role)
    change(client, role, _continue="1", **{"sections-0-body": "Other words."})
    changed_page = page_of(client, role)

    assert "rafal approved the text on" in fresh_page
    assert (entry.by, entry.version) == (reviewer, role.updated_at)
    assert (stale in fresh_page, stale in saved_page, stale in changed_page) == (False, False, True)


def test_nobody_approves_what_they_asked_for_themselves(client):
    editor = make_staff("Editors")
    role = make_role()
    review.ask(role, editor)

    page = page_of(as_(client, editor), role)
    response = change(client, role, _approve="1")

    assert 'name="_approve"' not in page
    assert "Somebody else must approve the text." in said(response)[0]
    assert acts(role) == [Kind.ASKED]


def test_who_changes_a_text_while_approving_it_is_asked_to_read_it_again(client, writer, reviewer):
    role = make_role({"duties": "- One"}, title="Old")
    review.ask(role, writer)
    text = shown(as_(client, reviewer), role)

    refused = change(client, role, title="New", review_note="Good.", **{"sections-0-body": "- Two"}, _approve=text)
    before = acts(role)
    change(client, Role.objects.get(), _approve=shown(client, role))

    assert said(refused)[0].startswith(
        "Saved as a draft, and no more. It is not approved: you approve a text as it was shown to you, and this save"
        " changed it. Changed Title. Changed Text for section"
    )
    assert "Note or answer" not in said(refused)[0]
    assert Role.objects.get().title == "New"
    assert (before, acts(role)) == ([Kind.ASKED], [Kind.ASKED, Kind.APPROVED])
    assert review.Thread.of(Role.objects.get()).last.is_stale is False


@pytest.mark.parametrize("taken", ["mine", "theirs"])
def test_a_text_that_moved_under_the_reviewer_is_not_approved(client, writer, reviewer, taken):
    role = make_role(title="Old")
    review.ask(role, writer)
    text = shown(as_(client, reviewer), role)
    posted = form_of(role, _approve=text)
    other = Role.objects.get()
    other.title, other.updated_by = "Meanwhile", writer
    other.save()
    url = reverse("admin:roles_role_change", args=[role.pk])

    both = client.post(url, posted)
    now = Role.objects.get().updated_at.isoformat()
    answer = {"choose:title": taken, "_settle": "1", "_settle_now": now}
    chosen = client.post(url, posted | answer, follow=True)

    assert both.status_code == 409
    assert "Meanwhile" in both.content.decode()
    assert "It is not approved" in said(chosen)[0]
    assert acts(role) == [Kind.ASKED]


@pytest.mark.parametrize("wrong", ["", "1", "0" * 64, "\0"])
def test_a_made_up_text_is_not_approved(client, writer, reviewer, wrong):
    role = make_role()
    review.ask(role, writer)

    change(as_(client, reviewer), role, _approve=wrong)

    assert acts(role) == [Kind.ASKED]


def test_a_form_with_errors_stands_for_the_saved_text(client, writer, reviewer):
    role = make_role(title="Old")
    review.ask(role, writer)
    text = shown(as_(client, reviewer), role)

    response = change(client, role, title="Typed", _comment="1")

    assert f'name="_approve" value="{text}"' in response.content.decode()


@pytest.mark.parametrize("button", ["_approve", "_request_changes"])
def test_a_writer_cannot_judge_and_nothing_of_it_is_saved(client, writer, reviewer, button):
    role = make_role(title="Old")
    review.ask(role, reviewer)

    response = as_(client, writer).post(
        reverse("admin:roles_role_change", args=[role.pk]),
        form_of(role, title="New", review_note="No.", **{button: "1"}),
    )

    assert response.status_code == 403
    assert (Role.objects.get().title, acts(role)) == ("Old", [Kind.ASKED])


def test_a_reviewer_who_may_not_review_cannot_be_chosen(client, writer):
    role = make_role()

    response = change(as_(client, writer), role, reviewer=make_staff("Publishers").pk, _ask_review="1")

    assert "Select a valid choice" in str(response.context["adminform"].form.errors["reviewer"])
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("button", "field"),
    [("_request_changes", "review_note"), ("_comment", "review_note"), ("_make_link", "link_name")],
)
def test_what_is_missing_is_said_by_the_field_and_what_was_typed_is_kept(client, reviewer, writer, button, field):
    role = make_role(title="Old")
    review.ask(role, writer)

    response = change(as_(client, reviewer), role, title="Typed", **{button: "1"})

    assert list(response.context["adminform"].form.errors) == [field]
    assert 'value="Typed"' in response.content.decode()
    assert f'href="#id_{field}"' in response.content.decode()
    assert acts(role) == [Kind.ASKED]


def test_a_request_is_withdrawn_once(client, writer):
    role = make_role()
    review.ask(role, writer)

    first = change(as_(client, writer), role, _withdraw_review="1")
    second = change(client, role, _withdraw_review="1")

    assert said(first) == ["The request for a review is withdrawn."]
    assert said(second) == ["Saved as a draft, and no more. No review is asked for, so there is nothing to withdraw."]
    assert acts(role) == [Kind.ASKED, Kind.WITHDRAWN]


def test_an_act_that_does_not_fit_the_state_is_refused(writer, reviewer):
    role = make_role()

    for act in (lambda: review.approve(role, reviewer), lambda: review.request_changes(role, reviewer, "No.")):
        with pytest.raises(ValidationError):
            act()

    assert not Review.objects.exists()


def test_comments_are_resolved_and_opened_again_with_who_did_it(client, writer, reviewer):
    role = make_role()
    review.comment(role, writer, "Too long?")
    entry = ReviewEntry.objects.get()

    change(as_(client, reviewer), role, _resolve=entry.pk)
    resolved = page_of(client, role)
    change(client, role, _reopen=entry.pk)
    entry.refresh_from_db()

    assert "Resolved by rafal on" in resolved
    assert "1 resolved comment" in resolved
    assert (entry.resolved_at, entry.resolved_by) == (None, None)


@pytest.mark.parametrize("pk", ["0", "-1", "x", "9" * 40, "²"])
def test_a_comment_that_is_not_there_cannot_be_resolved(client, writer, pk):
    role = make_role()
    review.comment(role, writer, "Mine")

    response = change(as_(client, writer), role, _resolve=pk)

    assert said(response) == ["Saved as a draft, and no more. This comment is gone."]


def test_comments_and_links_of_another_document_cannot_be_touched(client, writer):
    role, other = make_role(), make_page()
    review.comment(other, writer, "Elsewhere")
    link = review.make_link(other, writer, "Anna")

    change(as_(client, writer), role, _resolve=ReviewEntry.objects.get(kind=Kind.COMMENT).pk)
    change(client, role, _revoke_link=link.pk)

    assert ReviewEntry.objects.get(kind=Kind.COMMENT).resolved_at is None
    assert ReviewLink.objects.get().revoked_at is None


def test_deleting_a_document_deletes_its_review_and_leaves_others(writer):
    role, other = make_role(), make_page()
    role.sections.all().delete()  # they would point to its old number
    Role.objects.filter(pk=role.pk).update(id=other.pk)  # one number in two tables
    role = Role.objects.get()
    for document in (role, other):
        review.ask(document, writer)
        review.guest_comment(review.make_link(document, writer, "Anna"), "Fine.")

    role.delete()

    assert Review.objects.get().document == other
    assert {entry.review.document for entry in ReviewEntry.objects.all()} == {other}
    assert ReviewLink.objects.count() == 1


# --- mails ---


def test_those_concerned_get_a_mail_with_a_link_and_not_the_text(writer, reviewer, publisher):
    role = make_role({"introduction": "Words of the text itself."}, title="Data Engineer")
    review.ask(role, writer, note="Is it clear?")
    asked = mails()
    review.approve(role, reviewer)

    assert asked == [("rafal@northbeam.example", "Please review “Data Engineer”")]
    assert mails()[0] == ("paula@northbeam.example", "Ready to publish: “Data Engineer”")
    assert mails()[2] == ("wanda@northbeam.example", "Approved: “Data Engineer”")
    first = outbox.outbox[0]
    html = first.alternatives[0].content
    for body in (first.body, html):
        assert f"/admin/roles/role/{role.pk}/change/#panel-review" in body
        assert "Is it clear?" in body
        assert "Words of the text itself." not in body


def test_somebody_without_an_address_gets_no_mail_and_that_is_said(client, writer):
    quiet = make_user("quiet", "Reviewers", email="")
    role = make_role()

    response = change(as_(client, writer), role, reviewer=quiet.pk, _ask_review="1")

    assert said(response) == [
        "No mail goes to quiet: there is no e-mail address. Tell them yourself.",
        "Saved, and a review is asked for.",
    ]
    assert "No mail went out: there is no e-mail address in the account." in response.content.decode()
    assert not StaffMail.objects.exists()


def test_a_mail_is_owed_with_the_act_or_not_at_all(writer, reviewer):
    role = make_role()

    with transaction.atomic():
        review.ask(role, writer)
        owed = StaffMail.objects.count()
        transaction.set_rollback(True)

    assert owed == 1

    assert not StaffMail.objects.exists()
    assert not Review.objects.exists()


def test_a_title_cannot_write_into_the_headings_of_a_mail(writer, reviewer):
    role = make_role(title="Engineer\r\nBcc: everybody@elsewhere.example")

    review.ask(role, writer, note="One\r\nBcc: somebody@elsewhere.example")

    assert mails() == [("rafal@northbeam.example", "Please review “Engineer Bcc: everybody@elsewhere.example”")]
    assert outbox.outbox[0].recipients() == ["rafal@northbeam.example"]


def test_a_mail_that_fails_is_tried_again_later_with_the_same_id(settings, clock, writer, reviewer):
    role = make_role()
    review.ask(role, writer)
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "no.such.Backend"

    failed = staff_mail.send_due()
    kept = StaffMail.objects.get()
    settings.EMAIL_BACKEND = working
    too_soon = staff_mail.send_due()
    clock.shift(timedelta(minutes=2))

    assert (failed, too_soon, staff_mail.send_due()) == (0, 0, 1)
    assert (kept.state, kept.attempts) == (StaffMail.State.PENDING, 1)
    assert outbox.outbox[0].extra_headers["Message-ID"] == kept.message_id
    assert staff_mail.send_due() == 0


def test_a_mail_whose_worker_died_leaves_once_its_lease_is_over(clock, writer, reviewer):
    review.ask(make_role(), writer)
    staff_mail._take(StaffMail.objects.get())

    at_once = staff_mail.send_due()
    clock.shift(staff_mail.LEASE + timedelta(seconds=1))

    assert (at_once, staff_mail.send_due()) == (0, 1)


def test_two_workers_do_not_take_the_same_mail(writer, reviewer):
    review.ask(make_role(), writer)
    one, two = StaffMail.objects.get(), StaffMail.objects.get()

    assert (staff_mail._take(one), staff_mail._take(two)) == (True, False)


def test_a_request_that_was_answered_before_its_mail_left_sends_none(writer, reviewer):
    role = make_role()
    review.ask(role, writer)
    review.withdraw(role, writer)

    assert mails() == []
    assert StaffMail.objects.get().state == StaffMail.State.CANCELLED


def test_the_worker_sends_them(writer, reviewer):
    review.ask(make_role(), writer)

    call_command("worker", once=True)

    assert [message.to for message in outbox.outbox] == [["rafal@northbeam.example"]]


# --- first page ---


def test_the_first_page_lists_what_waits_for_this_person(client, writer, reviewer):
    asked, changes, other = (
        make_role(title="Asked of all"),
        make_page(title="To be changed"),
        make_role(title="Not yours"),
    )
    review.ask(asked, writer)
    review.ask(other, writer, make_staff("Editors"))
    review.ask(changes, writer)
    review.request_changes(changes, reviewer, "Shorter.")

    def waits(user):
        page = as_(client, user).get(reverse("admin:index"))
        return [(str(row.document), row.state) for row in page.context["reviews"]]

    assert waits(reviewer) == [("Asked of all", "asked")]
    assert waits(writer) == [("To be changed", "changes")]


def test_the_panel_costs_two_queries_whatever_was_said(client, reviewer, writer):
    role = make_role()
    as_(client, reviewer)

    def cost():
        page_of(client, role)
        with CaptureQueriesContext(connection) as queries:
            page_of(client, role)
        return len(queries), [q["sql"] for q in queries]

    empty, _sql = cost()
    review.ask(role, writer, reviewer)
    for _number in range(3):
        review.comment(role, writer, "A word")
        review.make_link(role, writer, "Anna")
    full, sql = cost()

    assert sum("recruitcms_review" in line for line in sql) == 1
    assert full <= empty
    assert full <= 25

"""Acts on many pages at once: shown before they are done, done by those that can, undone where that is honest."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recruitcms.admin import bulk
from recruitcms.models import BulkChange, PageRevision
from roles.models import Role, RoleRevision
from tests.factories import make_category, make_page, make_person, make_role, make_user, published_role
from tests.lead_factories import published_report

pytestmark = pytest.mark.django_db
LIST = "admin:roles_role_changelist"


def choose(client, action, *rows, **more):
    """Choose an action for rows of the list, and return the page that says what will happen."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    return client.post(reverse(LIST), data, follow=True)


def go_on(client, asked, **more):
    """Press the button of the page between."""
    data = {"rows": asked.context["rows"], "_do": "1"} | more
    return client.post(asked.context["address"], data, follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


def words_of(outlook):
    return {str(one.document): str(one.words) for one in outlook}


def test_publishing_shows_first_what_will_happen_to_each(admin_client, clock):
    planned = make_role(title="Planned")
    planned.publish(at=timezone.now() + timedelta(days=1))
    changed = published_role(title="Changed")
    live = published_role(title="Live")
    clock.shift(timedelta(minutes=1))
    changed.save()
    rows = [planned, changed, live, make_role(title="Draft"), make_role(title="Unfinished", summary="")]

    asked = choose(admin_client, "bulk_publish", *rows)

    assert words_of(asked.context["possible"]) == {
        "Planned": "Goes live now, in the place of its scheduled publication.",
        "Changed": "Live already; what has changed since goes live.",
        "Draft": "Goes live.",
    }
    assert words_of(asked.context["impossible"]) == {
        "Live": "Live already, and nothing has changed since.",
        "Unfinished": "Write a summary: one sentence under the title.",
    }
    assert "Publish 3 pages" in asked.content.decode()
    assert RoleRevision.objects.live().count() == 2


def test_those_that_can_are_published_and_the_others_named(admin_client, admin_user):
    rows = [make_role(title="Ready"), make_role(title="Unfinished", summary="")]

    done = go_on(admin_client, choose(admin_client, "bulk_publish", *rows), note="Spring")

    live = RoleRevision.objects.live().get()
    assert (live.title, live.note, live.created_by) == ("Ready", "Spring", admin_user)
    assert said(done) == [
        "1 page is published: “Ready”.",
        "1 page stays as it is:<br>“Unfinished”: Write a summary: one sentence under the title. ",
    ]
    assert LogEntry.objects.get().object_repr == "Ready"


def test_a_taken_address_stops_one_page_alone(admin_client):
    published_role(title="First", slug="engineer").__class__.objects.update(slug="moved")
    second = make_role(title="Second", slug="engineer")

    asked = choose(admin_client, "bulk_publish", second)

    assert words_of(asked.context["impossible"]) == {"Second": "“First” is live or scheduled at its address."}


def test_two_of_the_same_choice_cannot_take_one_address(admin_client):
    roles = [make_role(title="First", slug="one"), make_role(title="Second", slug="two")]
    asked = choose(admin_client, "bulk_publish", *roles)
    published_role(title="Third", slug="three")
    RoleRevision.objects.update(slug="two")

    done = go_on(admin_client, asked)

    assert "1 page is published: “First”." in said(done)
    assert {revision.title for revision in RoleRevision.objects.live()} == {"First", "Third"}
    assert "“Third” is live or scheduled at its address." in said(done)[1]


def test_a_page_that_somebody_changed_meanwhile_is_not_published(admin_client):
    role = make_role(title="Moving target")
    asked = choose(admin_client, "bulk_publish", role)
    role.save()

    done = go_on(admin_client, asked)

    assert not RoleRevision.objects.exists()
    assert "Changed by somebody in the meantime: look again." in said(done)[0]


def test_pages_are_taken_offline_with_their_plans(admin_client, clock):
    live = published_role(title="Live")
    clock.shift(timedelta(minutes=1))
    live.publish(at=timezone.now() + timedelta(days=1))
    planned = make_role(title="Planned")
    planned.publish(at=timezone.now() + timedelta(days=1))
    draft = make_role(title="Draft")

    asked = choose(admin_client, "bulk_offline", live, planned, draft)
    go_on(admin_client, asked)

    assert words_of(asked.context["possible"]) == {
        "Live": "Visitors will get “page not found”. Its scheduled publication is cancelled.",
        "Planned": "Its scheduled publication is cancelled.",
    }
    assert words_of(asked.context["impossible"]) == {"Draft": "Not live, and not scheduled."}
    assert not RoleRevision.objects.filter(live_until=None, live_from__isnull=False).exists()
    assert not RoleRevision.objects.live().exists()


def test_a_category_is_set_in_each_pages_language_and_undone(admin_client, admin_user):
    english = make_category(name="Security")
    polish = english.copy_into("pl")
    polish.name = "Bezpieczeństwo"
    polish.save()
    roles = [make_role(title="Analyst"), make_role(title="Analityk", language="pl")]
    before = [role.category_id for role in roles]

    asked = choose(admin_client, "bulk_category", *roles)
    shown = admin_client.post(asked.context["address"], {"rows": asked.context["rows"], "choice": english.pk})
    done = go_on(admin_client, shown, choice=english.pk)

    assert [document for document, _category in asked.context["documents"]] == roles[::-1]
    assert "<ins>Security</ins>" in words_of(shown.context["possible"])["Analyst"]
    assert "<ins>Bezpieczeństwo</ins>" in words_of(shown.context["possible"])["Analityk"]
    assert [Role.objects.get(pk=role.pk).category for role in roles] == [english, polish]
    assert {(role.updated_by, role.updated_at > roles[1].updated_at) for role in Role.objects.all()} == {
        (admin_user, True)
    }
    change = BulkChange.objects.get()
    assert reverse("admin:roles_role_change_of_many", args=[change.pk]) in said(done)[0]

    admin_client.post(reverse("admin:roles_role_undo", args=[change.pk]))

    assert [Role.objects.get(pk=role.pk).category_id for role in roles] == before


def test_a_choice_without_a_translation_leaves_pages_of_the_other_language(admin_client):
    security = make_category(name="Security")
    role = make_role(title="Analityk", language="pl")
    asked = choose(admin_client, "bulk_category", role)

    shown = admin_client.post(asked.context["address"], {"rows": asked.context["rows"], "choice": security.pk})
    done = go_on(admin_client, shown, choice=security.pk)

    words = "There is no translation of this choice into its language (Polski)."
    assert words_of(shown.context["impossible"]) == {"Analityk": words}
    assert words in said(done)[0]
    assert Role.objects.get().category == role.category


def test_the_author_is_set(admin_client):
    anna = make_person(name="Anna")
    role = make_role()
    asked = choose(admin_client, "bulk_author", role)

    go_on(admin_client, asked, choice=anna.pk)

    assert Role.objects.get().author == anna


def test_an_undo_leaves_what_was_changed_since_and_says_so(admin_client):
    anna, ben = make_person(name="Anna"), make_person(name="Ben")
    kept, changed, deleted = roles = [make_role(title=title) for title in ("Kept", "Changed", "Deleted")]
    go_on(admin_client, choose(admin_client, "bulk_author", *roles), choice=anna.pk)
    Role.objects.filter(pk=changed.pk).update(author=ben)
    Role.objects.filter(pk=deleted.pk).delete()
    change = BulkChange.objects.get()

    before = admin_client.get(reverse("admin:roles_role_change_of_many", args=[change.pk])).content.decode()
    admin_client.post(reverse("admin:roles_role_undo", args=[change.pk]))
    again = admin_client.post(reverse("admin:roles_role_undo", args=[change.pk]), follow=True)

    assert "An undo leaves these as they are" in before
    assert Role.objects.get(pk=kept.pk).author == kept.author
    assert Role.objects.get(pk=changed.pk).author == ben
    change.refresh_from_db()
    assert {problem["title"]: problem["words"] for problem in change.problems} == {
        "Changed": "This has been changed since, and stays as it is.",
        "Deleted": "This page has been deleted since.",
    }
    assert "This change has been undone already." in said(again)[-1]


def test_plain_pages_are_published_together(admin_client):
    pages = [make_page(), make_page()]
    data = {"action": "bulk_publish", "_selected_action": [page.pk for page in pages]}

    asked = admin_client.post(reverse("admin:recruitcms_page_changelist"), data)
    go_on(admin_client, asked)

    assert PageRevision.objects.live().count() == 2


def test_reports_are_taken_offline_together(admin_client):
    report = published_report()
    data = {"action": "bulk_offline", "_selected_action": [report.pk]}

    asked = admin_client.post(reverse("admin:leads_report_changelist"), data)
    go_on(admin_client, asked)

    assert words_of(asked.context["possible"]) == {str(report): "Visitors will get “page not found”."}
    assert report.live_revision is None


def test_titles_are_shown_as_texts_never_as_markup(admin_client):
    roles = [make_role(title="<b>Ready</b>"), make_role(title="<b>Unfinished</b>", summary="")]

    asked = choose(admin_client, "bulk_publish", *roles)
    done = go_on(admin_client, asked).content.decode()

    assert "<b>Ready" not in asked.content.decode() + done
    assert "<b>Unfinished" not in asked.content.decode() + done
    assert done.count("&lt;b&gt;Ready") > 1


def test_too_many_rows_are_refused(admin_client, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_PUBLISHED", 1)

    refused = choose(admin_client, "bulk_publish", make_role(), make_role())

    assert "At most 1 at once" in said(refused)[0]


@pytest.mark.parametrize("act", ["publish", "category"])
def test_those_who_may_not_change_roles_may_not_do_it_to_many(client, act):
    role, category = make_role(), make_category()
    client.force_login(make_user(group="Lead handlers"))
    rows = f"{role.pk}:v1"

    answers = [
        client.post(reverse("admin:roles_role_bulk", args=[act]), {"rows": rows, "choice": category.pk, "_do": "1"}),
        client.get(reverse("admin:roles_role_changes")),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert not RoleRevision.objects.exists()


@pytest.mark.parametrize("rows", ["", "x", "1", "1:2:3", "x:y,,", "9999999:v1", "1" * 5000 + ":v"])
def test_nonsense_for_rows_does_nothing(admin_client, rows):
    response = admin_client.post(reverse("admin:roles_role_bulk", args=["publish"]), {"rows": rows, "_do": "1"})

    assert response.status_code == 302
    assert not RoleRevision.objects.exists()


def test_acts_need_the_token_of_our_own_form(admin_user):
    stranger = Client(enforce_csrf_checks=True, headers={"Sec-Fetch-Site": "cross-site"})
    stranger.force_login(admin_user)
    role = make_role()
    change = BulkChange.objects.create(model_label="roles.role", title="Mine")

    answers = [
        stranger.post(reverse("admin:roles_role_bulk", args=["publish"]), {"rows": f"{role.pk}:v1", "_do": "1"}),
        *(stranger.post(reverse(f"admin:roles_role_{act}", args=[change.pk])) for act in ("apply", "undo")),
        stranger.post(reverse("admin:roles_role_sheet")),
        stranger.post(reverse("admin:roles_role_variant", args=[role.pk]), {"_make": "1"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5


def test_acts_are_never_done_by_a_link_and_unknown_ones_are_not_found(admin_client):
    assert admin_client.get(reverse("admin:roles_role_bulk", args=["publish"])).status_code == 405
    assert admin_client.post(reverse("admin:roles_role_bulk", args=["title"]), {"rows": ""}).status_code == 404
    assert admin_client.get(reverse("admin:roles_role_change_of_many", args=[99])).status_code == 404


@pytest.mark.parametrize("number", [1, 6])
def test_the_page_between_costs_no_more_queries_with_more_rows(admin_client, django_assert_max_num_queries, number):
    roles = [make_role() for _number in range(number)]

    with django_assert_max_num_queries(16):
        choose(admin_client, "bulk_publish", *roles)

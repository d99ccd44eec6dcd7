"""Where something is used is listed before it is deleted, and what becomes of a deleted page's address is asked."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import models
from django.urls import reverse
from django.utils import timezone

from leads.models import Report
from recruitcms import addresses
from recruitcms.models import CallToAction, ClientLogo, Page, Person, Picture, Redirect, SiteText, Testimonial
from recruitcms.usage import uses_of
from roles.models import Category, Role, SampleResume
from tests.factories import (
    make_category,
    make_cta,
    make_page,
    make_person,
    make_picture,
    make_role,
    make_site,
    published_role,
)

pytestmark = pytest.mark.django_db


def found(obj):
    return [(use.name, use.how, use.is_live) for use in uses_of(obj)]


def admin_url(obj, act="change"):
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_{act}", args=[obj.pk])


# --- what is found ---


def test_a_picture_is_found_wherever_it_stands():
    picture, other = make_picture(), make_picture()
    make_person(name="Anna", portrait=picture)
    ClientLogo.objects.create(name="Fernhill", picture=picture)
    Report.objects.create(title="Pay", slug="pay", cover=picture)
    role = make_role(title="Engineer", picture=picture)
    SampleResume.objects.create(role=role, picture=picture, title="Fintech")
    make_role(title="Another", picture=other)

    assert found(picture) == [
        ("Anna", "its portrait", True),
        ("Fernhill", "its logo", True),
        ("Engineer", "beside its title, a sample résumé", False),
        ("Pay", "its cover", False),
    ]


def test_a_picture_that_only_the_live_page_shows_is_found():
    picture = make_picture()
    role = published_role(title="Engineer", picture=picture)
    role.picture = None
    role.save()

    assert found(picture) == [("Engineer", "shows it", True)]

    role.publish()

    assert found(picture) == []


def test_a_person_is_found_as_author_speaker_and_sender():
    anna = make_person(name="Anna", on_team=True, answers_enquiries=True)
    published_role(title="Engineer", author=anna)
    Testimonial.objects.create(quote="Fast.", person=anna)
    Report.objects.create(title="Pay", slug="pay", sender=anna)
    make_role(sections={"introduction": f"[Anna]({anna.get_absolute_url()})"}, title="Linking")

    assert found(anna) == [
        ("Consultation form", "answers enquiries", True),
        ("Engineer", "its author", True),
        ("Fast.", "who said it", True),
        ("Team page", "shown among the team", True),
        ("Linking", "links to it", False),
        ("Pay", "signs its mail", False),
    ]


def test_a_link_is_found_in_every_text_and_in_live_pages_that_no_longer_have_it():
    page = make_page(slug="terms", title="Terms")
    page.publish()
    make_site(company="[t](/terms/)")
    make_person(name="Anna", bio="[t](http://testserver/terms#a)")
    make_page(title="Other", body="[t](/terms)")
    role = published_role(title="Engineer", sections={"introduction": "[t](/terms/)"})
    role.sections.update(body="No link.", advice="[t](/terms?x=1)")

    assert found(page) == [
        ("Anna", "links to it", True),
        ("Engineer", "links to it", True),
        ("Site settings", "links to it", True),
        ("Other", "links to it", False),
    ]


@pytest.mark.parametrize(
    "text",
    ["/pl/terms/", "/terms-of-use/", "/old/terms/", "https://other.example/terms/", "/TERMS/", "/termsX/", "terms"],
)
def test_what_only_looks_like_a_link_is_not_found(text):
    page = make_page(slug="terms")
    make_role(sections={"introduction": f"[t]({text})"})

    assert found(page) == []


def test_signs_that_searches_take_for_wildcards_are_only_signs():
    page = make_page(slug="a_b")
    make_role(sections={"introduction": "[t](/axb/)"})

    assert found(page) == []


def test_a_page_does_not_break_itself():
    page = make_page(slug="terms", body="[here](/terms/)")
    page.publish()

    assert found(page) == []


def test_the_privacy_policy_and_pages_of_the_footer_are_linked_everywhere():
    policy, story = make_page(purpose="privacy", footer="policies"), make_page(footer="company")
    policy.publish()
    story.publish()

    assert found(policy) == [("Every form", "links to it as the privacy policy", True)]
    assert found(story) == [("Every page", "the menu or the footer links to it", True)]


def test_an_invitation_says_on_how_many_pages_it_stands():
    shown = make_cta("role_band", position=1)
    hidden = make_cta("role_band", position=2)
    library = make_cta("library_report")
    published_role()
    published_role()
    make_role()

    assert found(shown) == [("Role page: band after the required skills", "stands on 2 live role pages", True)]
    assert found(hidden) == []
    assert found(library) == [("Library: card about the salary report", "stands there now", True)]


def test_a_category_and_a_related_role_are_found():
    category = make_category()
    role, other = published_role(title="Engineer", category=category), make_role(title="Other")
    other.related.add(role)

    assert found(category) == [("Engineer", "on this shelf", True)]
    assert found(role) == [("Other", "read next after it", False)]


def test_each_use_leads_to_the_form_where_it_is_changed():
    picture = make_picture()
    role = make_role()
    SampleResume.objects.create(role=role, picture=picture, title="Fintech")

    assert [use.url for use in uses_of(picture)] == [admin_url(role)]


def test_every_row_that_can_point_to_such_a_thing_is_looked_at():
    """A new foreign key fails this test until `usage.py` knows it."""
    pointing = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and field.related_model in {Picture, Person, Category, CallToAction}
        and model._meta.app_label in {"recruitcms", "roles", "leads"}
    }

    assert pointing == {
        "recruitcms.Person.portrait",
        "recruitcms.Testimonial.person",
        "recruitcms.ClientLogo.picture",
        "roles.ImportRun.author",  # only where an import took it from: nothing that visitors see
        "roles.ImportRun.category",
        "roles.Role.category",
        "roles.Role.author",
        "roles.Role.picture",
        "roles.SampleResume.picture",
        "roles.RoleRevision.category",
        "roles.RoleRevision.author",
        "leads.Report.cover",
        "leads.Report.sender",
        "leads.Submission.cta",  # it keeps the name, and is a record, not a page
    }


@pytest.mark.parametrize("kind", ["person", "picture", "page", "cta", "category", "role"])
def test_uses_cost_a_few_queries_however_many_there_are(kind, django_assert_max_num_queries):
    picture, person, category = make_picture(), make_person(), make_category()
    thing = {
        "person": person,
        "picture": picture,
        "category": category,
        "page": make_page(slug="terms"),
        "cta": make_cta("role_band"),
        "role": make_role(slug="x"),
    }[kind]
    for _number in range(6):
        text = {"introduction": "[a](/terms/) [b](/roles/x/)"}
        published_role(picture=picture, author=person, category=category, sections=text)

    with django_assert_max_num_queries(3):
        assert uses_of(thing)


# --- on the form and before deleting ---


@pytest.mark.parametrize("make", [make_person, make_picture, make_page, lambda: make_cta("booking")])
def test_the_form_says_where_a_thing_is_used(admin_client, make):
    thing = make()
    page = admin_client.get(admin_url(thing)).content.decode()

    assert 'id="panel-uses"' in page
    assert 'id="panel-uses"' not in admin_client.get(reverse("admin:recruitcms_person_add")).content.decode()


def test_deleting_lists_what_would_break_with_links(admin_client):
    page = make_page(slug="terms", title="Terms")
    role = published_role(title="Eng <b>", sections={"introduction": "[t](/terms/)"})

    asked = admin_client.get(admin_url(page, "delete")).content.decode()

    assert "What would break" in asked
    assert f'<a href="{admin_url(role)}">Eng &lt;b&gt;</a>: links to it' in asked


def test_what_is_protected_says_where_it_is_used(admin_client):
    role = make_role(title="Engineer")

    asked = admin_client.get(admin_url(role.author, "delete")).content.decode()

    assert f'<a href="{admin_url(role)}">Engineer</a>: its author' in asked
    assert Person.objects.filter(pk=role.author_id).exists()


def test_what_cannot_be_deleted_says_where_it_is_used_and_what_to_do(admin_client):
    picture, role = make_picture(), published_role(title="Engineer")
    make_person(name="Anna", portrait=picture)

    pages = [admin_client.get(admin_url(thing, "delete")).text for thing in (role.author, role.category, picture)]

    assert all("cannot be deleted yet" in page and "protected" not in page for page in pages)
    assert "Engineer</a>: its author" in pages[0]
    assert "First choose another person in each of them" in pages[0]
    assert "Engineer</a>: on this shelf" in pages[1]
    assert "First choose another category" in pages[1]
    assert "Anna</a>: its portrait" in pages[2]
    assert "First choose another picture" in pages[2]
    for page, name, thing in ((pages[0], "author", role.author), (pages[1], "category", role.category)):
        many = f"{reverse('admin:roles_role_changelist')}?{name}__id__exact={thing.pk}"
        assert many in page
        make_role(title="Of another")
        assert list(admin_client.get(many).context["cl"].result_list) == [role]


@pytest.mark.parametrize("name", ["author", "category"])
def test_what_only_past_revisions_name_is_deleted_and_restoring_says_so(admin_client, client, name):
    role = published_role(title="Engineer")
    old = getattr(role, name)
    old.name = "Old one"
    old.save()
    setattr(role, name, {"author": make_person, "category": make_category}[name]())
    role.save()

    admin_client.post(admin_url(old, "delete"), {"post": "yes"})
    still_there = type(old).objects.filter(pk=old.pk).exists()
    role.publish()
    admin_client.post(admin_url(old, "delete"), {"post": "yes"})

    assert still_there  # visitors saw it
    assert not type(old).objects.filter(pk=old.pk).exists()
    assert role.revisions.count() == 2
    assert client.get(role.get_absolute_url()).status_code == 200
    first = role.revisions.get(number=1)
    assert getattr(first, name) is None
    assert len(role.cannot_come_back(first)) == 1
    role.restore(first)
    assert getattr(Role.objects.get(), name) == getattr(role, name)


def test_what_a_scheduled_page_names_cannot_be_deleted(admin_client):
    role = make_role(title="Engineer")
    old = role.author
    role.publish(at=timezone.now() + timedelta(days=1))
    role.author = make_person()
    role.save()

    asked = admin_client.get(admin_url(old, "delete")).text
    admin_client.post(admin_url(old, "delete"), {"post": "yes"})

    assert "Engineer</a>: its author" in asked
    assert Person.objects.filter(pk=old.pk).exists()


def test_deleting_several_says_what_forbids_it(admin_client):
    role = published_role(title="Engineer")
    free = make_person()
    data = {"action": "delete_selected", "_selected_action": [role.author.pk, free.pk], "post": "yes"}

    asked = admin_client.post(reverse("admin:recruitcms_person_changelist"), data).text

    assert "None of the chosen was deleted" in asked
    assert f"“{role.author}” cannot be deleted yet" in asked
    assert f"“{free}” cannot be deleted yet" not in asked
    assert Person.objects.count() == 2


def test_deleting_several_lists_the_same(admin_client):
    pages = [make_page(slug="terms", title="Terms"), make_page(slug="other")]
    pages[0].publish()
    make_role(title="Engineer", sections={"introduction": "[t](/terms/)"})
    data = {"action": "delete_selected", "_selected_action": [page.pk for page in pages]}

    asked = admin_client.post(reverse("admin:recruitcms_page_changelist"), data).content.decode()

    assert "What would break without “Terms”" in asked
    assert "Engineer</a>: links to it" in asked
    assert "<li><code>/terms/</code></li>" in asked
    assert Page.objects.count() == 2

    admin_client.post(reverse("admin:recruitcms_page_changelist"), data | {"post": "yes"})
    assert not Page.objects.exists()


def test_what_goes_along_is_listed_without_what_only_the_machine_knows(admin_client):
    role, other = published_role(title="Engineer"), published_role(title="Designer")
    role.related.add(other)
    data = {"action": "delete_selected", "_selected_action": [role.pk, other.pk]}

    asked = [
        admin_client.get(admin_url(role, "delete")),
        admin_client.post(reverse("admin:roles_role_changelist"), data),
    ]

    for page in asked:
        assert "Section: Introduction" in page.text
        assert not re.search("relationship|related object|search entr", page.text, re.IGNORECASE)


def test_a_deleted_page_forwards_where_it_was_said_to(admin_client, client):
    role, heir = published_role(slug="a"), published_role(slug="engineer")
    role.slug = "b"
    role.save()
    role.publish()
    asked = admin_client.get(admin_url(role, "delete")).content.decode()
    assert "Visitors who ask for <code>/roles/b/</code>" in asked

    admin_client.post(admin_url(role, "delete"), {"post": "yes", "forward_to": "/roles/engineer/"})

    assert list(Role.objects.all()) == [heir]
    assert [client.get(f"/roles/{slug}/").url for slug in "ab"] == ["/roles/engineer/"] * 2


@pytest.mark.parametrize("typed", ["//evil.example/", "/none/", "javascript:alert(1)", "/roles/b/"])
def test_an_address_that_cannot_be_is_refused_and_nothing_deleted(admin_client, typed):
    role = published_role(slug="b")

    response = admin_client.post(admin_url(role, "delete"), {"post": "yes", "forward_to": typed})

    assert Role.objects.exists()
    assert response.context["forward_error"]
    assert f'value="{typed}"' in response.content.decode()


def test_a_page_deleted_without_an_heir_leaves_no_rows(admin_client, client):
    role = published_role(slug="a")
    addresses.lead("/old/", role)

    admin_client.post(admin_url(role, "delete"), {"post": "yes", "forward_to": ""})

    assert not Redirect.objects.exists()
    assert client.get("/roles/a/").status_code == 404


# --- the panel of addresses ---


def panel(client, role):
    return client.get(admin_url(role)).context["addresses"]


def test_a_changed_address_says_what_will_forward(admin_client):
    role = published_role(slug="old")
    role.slug = "new"
    role.save()

    page = admin_client.get(admin_url(role)).content.decode()

    assert "<code>/roles/old/</code> will forward to <code>/roles/new/</code> once this is published." in page
    assert "Other languages keep their addresses." in page


def test_a_planned_move_says_from_when_on(admin_client, clock):
    role = published_role(slug="old")
    role.slug = "new"
    role.save()
    at = timezone.now() + timedelta(days=1)
    role.publish(at=at)

    shown = panel(admin_client, role)

    assert (shown["live"], shown["next"], shown["at"], shown["forwards"]) == ("/roles/old/", "/roles/new/", at, [])


def test_what_forwards_here_is_listed_with_a_way_to_undo_it(admin_client):
    role = published_role(slug="old")
    role.slug = "new"
    role.save()
    role.publish()

    page = admin_client.get(admin_url(role)).content.decode()

    undo = reverse("admin:recruitcms_redirect_delete", args=[Redirect.objects.get().pk])
    assert f'<code>/roles/old/</code> <a href="{undo}">Undo' in page


def test_the_panel_costs_the_form_two_queries_at_most(admin_client, django_assert_max_num_queries):
    role = published_role(slug="a")
    for slug in "bcdef":
        addresses.lead(f"/{slug}/", role)
    admin_client.get(admin_url(role))

    with django_assert_max_num_queries(25):
        admin_client.get(admin_url(role))


def test_site_texts_lead_to_the_settings():
    make_site()
    SiteText.objects.filter(language="en").update(company="[t](/terms/)")

    assert [use.url for use in uses_of(make_page(slug="terms"))] == [
        reverse("admin:recruitcms_sitesettings_change", args=[1])
    ]

"""A translation remembers what it was made from, says when that has changed, and is published on its own."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from recruitcms.spans import marked
from recruitcms.translating import fingerprint, mark_up_to_date, matched, numbered, source_of
from roles.models import Role, Section
from tests.factories import make_category, make_page, make_person, make_role, make_user
from tests.test_admin_publishing import change, form_of, said, version

pytestmark = pytest.mark.django_db


def translated(role, language="pl"):
    """Return the copy of a role in another language, with its category and author translated first."""
    for row in (role.category, role.author):
        if not row.translations().filter(language=language).exists():
            row.copy_into(language)
    return role.copy_into(language)


def source(translation, language=""):
    translation = type(translation).objects.get(pk=translation.pk)
    return source_of(translation, [translation, *translation.translations()], language)


def republish(role, clock, **sections):
    """Change sections of a role by their kind, and publish it a minute later."""
    for kind, body in sections.items():
        role.sections.filter(kind=kind).update(body=body)
    clock.shift(timedelta(minutes=1))
    return role.publish()


def beside(client, role, language="en"):
    url = reverse(f"admin:{role._meta.label_lower.replace('.', '_')}_change", args=[role.pk])
    return client.get(f"{url}?beside={language}")


def post_beside(client, role, **changes):
    url = reverse("admin:roles_role_change", args=[role.pk]) + "?beside=en"
    return client.post(url, form_of(role, **changes))


def followed(copy, clock, **sections):
    """Change a translation, say that it is up to date, and publish it."""
    copy.refresh_from_db()
    mark_up_to_date(copy, source(copy))
    copy.refresh_from_db()
    return republish(copy, clock, **sections)


# --- what a translation was made from ---


def test_a_copy_is_up_to_date_with_what_was_copied():
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()

    found = source(translated(role))

    assert (found.language, found.is_stale, found.changed) == ("en", False, [])
    assert ["sections:duties-1:body", "- Own the roadmap"] in found.texts


def test_publishing_other_words_makes_the_translation_stale(clock):
    role = make_role({"duties": "- Own the roadmap", "where": "Here"})
    role.publish()
    copy = translated(role)

    republish(role, clock, duties="- Own the plan")

    found = source(copy)
    assert (found.is_stale, found.changed) == (True, ["sections:duties-1:body"])
    assert found.pieces["sections:duties-1:body"].html == "- Own the <del>roadmap</del><ins>plan</ins>"


def test_publishing_the_same_words_in_another_order_makes_nothing_stale(clock):
    role = make_role({"duties": "- Own", "where": "Here"})
    role.publish()
    copy = translated(role)
    role.sections.filter(kind="duties").update(position=9)

    republish(role, clock)

    assert (source(copy).is_stale, source(copy).changed) == (False, [])


def test_a_draft_of_the_source_makes_nothing_stale_until_it_is_live(clock):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    copy = translated(role)
    clock.shift(timedelta(minutes=1))
    role.sections.update(body="- Own the plan")
    role.publish(at=role.live_revision.live_from + timedelta(hours=1))

    before = source(copy).is_stale
    clock.shift(timedelta(hours=2))

    assert (before, source(copy).is_stale) == (False, True)


def test_a_copy_of_a_draft_is_ahead_of_what_visitors_see_and_not_stale(clock):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    clock.shift(timedelta(minutes=1))
    role.sections.update(body="- Own the plan")
    copy = translated(role)

    ahead = source(copy)
    republish(role, clock)

    assert (ahead.is_stale, ahead.pieces["sections:duties-1:body"].html) == (False, "- Own the plan")
    assert source(copy).is_stale is False


@pytest.mark.parametrize("is_old", [False, True])
def test_restoring_a_translation_makes_it_as_stale_as_it_was_then(clock, is_old):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    copy = translated(role)
    first = republish(copy, clock, duties="- Plan")
    if is_old:  # from before revisions said what a translation was made from
        del first.content["source"]["made_from"]
        first.save()
    republish(role, clock, duties="- Own the plan")
    second = followed(copy, clock, duties="- Plan nowy")

    copy.restore(first)

    found = source(copy)
    assert (found.is_stale, found.changed) == (True, ["sections:duties-1:body"])
    assert found.pieces["sections:duties-1:body"].html == "- Own the <del>roadmap</del><ins>plan</ins>"
    copy.restore(second)
    assert not source(copy).is_stale


def test_a_translation_that_was_stale_already_is_so_again_when_restored(clock):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    copy = translated(role)
    republish(role, clock, duties="- Own the plan")
    behind = republish(copy, clock)
    followed(copy, clock, duties="- Plan nowy")

    before = source(copy).is_stale
    copy.restore(behind)

    assert (before, source(copy).is_stale) == (False, True)


def test_saying_up_to_date_is_not_lost_by_restoring(clock):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    copy = translated(role)
    first = copy.publish()
    republish(role, clock, duties="- Own the plan")
    mark_up_to_date(copy, source(copy))

    kept, _lost = copy.restore(first)
    after = source(copy).is_stale
    copy.restore(kept)

    assert (after, source(copy).is_stale) == (True, False)


@pytest.mark.parametrize("is_published_since", [False, True])
def test_a_translation_of_what_was_never_live_then_is_stale_once_it_is(clock, is_published_since):
    role = make_role({"duties": "- Own the roadmap"})
    copy = translated(role)
    old = copy.keep()
    del old.content["source"]["made_from"]
    old.save()
    if is_published_since:
        republish(role, clock)

    copy.restore(old)

    assert source(copy).is_stale is is_published_since
    assert source(copy).changed == []


def test_a_source_that_was_never_live_is_shown_as_it_stands():
    role = make_role({"duties": "- Own the roadmap"})
    copy = translated(role)
    role.sections.update(body="- Own the plan")

    found = source(copy)

    assert (found.is_stale, found.changed) == (False, ["sections:duties-1:body"])


def test_the_source_is_the_row_that_was_copied_even_where_there_is_one_in_the_sites_own_language(clock):
    role = make_role()
    role.publish()
    polish = translated(role)
    polish.publish()
    german = translated(polish, "de")

    clock.shift(timedelta(minutes=1))
    role.summary = "Other words."
    role.save()
    role.publish()

    assert (source(german).language, source(german).is_stale) == ("pl", False)
    assert (source(polish).language, source(polish).is_stale) == ("en", True)
    assert source(role) is None


def test_two_rows_are_never_each_others_source():
    polish = make_page(language="pl")
    english = polish.copy_into("en")

    assert source(english).language == "pl"
    assert source(polish) is None


def test_a_translation_from_before_is_stale_when_the_source_was_published_after_it_was_changed(clock):
    page = make_page()
    page.publish()
    polish = make_page(language="pl", translation_group=page.translation_group)

    fresh = source(polish)
    clock.shift(timedelta(minutes=1))
    page.publish()

    assert (fresh.before, fresh.is_stale) == (None, False)
    assert source(polish).is_stale is True


def test_what_pages_share_is_compared_as_it_stands():
    person = make_person(bio="Knows the trade.", email="a@n.example")
    copy = person.copy_into("pl")

    person.email = "b@n.example"
    person.save()
    same = source(copy).is_stale
    person.bio = "Knows the trade well."
    person.save()

    assert (same, source(copy).is_stale) == (False, True)


# --- words that changed, rows that belong together ---


def test_changed_words_are_marked_and_nothing_of_them_is_markup():
    assert marked("Own <b>it</b>", "Own <i>it</i>") == (
        "Own <del>&lt;b&gt;it&lt;/b&gt;</del><ins>&lt;i&gt;it&lt;/i&gt;</ins>"
    )
    assert marked("", "New") == "<ins>New</ins>"
    assert marked("Old", "") == "<del>Old</del>"


def test_very_long_texts_are_compared_by_the_line():
    before = "\n".join(f"Line {number} says this" for number in range(3000))

    assert marked(f"{before}\n", f"{before}\nOne more").endswith("this\n<ins>One more</ins>")
    assert marked("a\n" * 9000, "b\n" * 9000) == "<del>" + "a\n" * 8999 + "a</del><ins>" + "b\n" * 8999 + "b</ins>\n"


def test_rows_match_by_kind_and_number_else_by_place():
    names = numbered(["duties", "other", "other", "good"])

    assert names == ["duties-1", "other-1", "other-2", "good-1"]
    assert matched(["duties-1", "what-1", "other-2"], ["duties-1", "other-1", "other-2"]) == [
        "duties-1",
        "other-1",
        "other-2",
    ]
    assert matched(["good-1", "mistakes-1"], ["good-1"]) == ["good-1", ""]


# --- side by side ---


def test_the_form_shows_the_source_by_each_field_with_what_changed(admin_client, clock):
    role = make_role({"duties": "- Own the roadmap"}, title="Engineer")
    role.publish()
    copy = translated(role)
    republish(role, clock, duties="- Own the plan")

    page = beside(admin_client, copy).content.decode()

    sources = re.findall(r'<div class="source__text" lang="en" dir="ltr">(.*?)</div>', page)
    assert sources == ["Engineer", "Does the work.", "- Own the <del>roadmap</del><ins>plan</ins>"]
    assert "1 place of the English text has changed since this translation was made." in page
    assert page.count("Source changed") == 1
    assert re.search(r'<details class="section__open" open>', page)


def test_without_beside_the_form_says_that_the_source_changed_and_leads_there(admin_client, clock):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    copy = translated(role)
    republish(role, clock, duties="- Own the plan")

    page = admin_client.get(reverse("admin:roles_role_change", args=[copy.pk])).content.decode()

    assert 'class="source' not in page
    assert '<a href="?beside=en">See what</a>' in page
    assert "Out of date" in page


def test_saving_keeps_the_source_beside(admin_client):
    copy = translated(make_role())

    saved = post_beside(admin_client, copy, title="Inżynier", _continue="1")
    published = post_beside(admin_client, copy, title="Inżynier", _publish="1")

    form = reverse("admin:roles_role_change", args=[copy.pk]) + "?beside=en"
    assert (saved.url, published.url) == (form, form)
    assert Role.objects.get(pk=copy.pk).live_revision.title == "Inżynier"


def test_a_form_that_is_refused_still_has_its_source(admin_client):
    copy = translated(make_role({"duties": "- Own"}, title="Engineer"))

    response = post_beside(admin_client, copy, title="x" * 200, _continue="1")

    page = response.content.decode()
    assert '<div class="source__text" lang="en" dir="ltr">Engineer</div>' in page
    assert f'value="{"x" * 200}"' in page


def test_a_tick_marks_the_translation_as_up_to_date(admin_client, clock):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    copy = translated(role)
    republish(role, clock, duties="- Own the plan")
    clock.shift(timedelta(minutes=1))

    response = change(admin_client, copy, _continue="1", up_to_date=source(copy).fingerprint)

    assert "Marked as up to date with the English text." in said(response)
    assert (source(copy).is_stale, source(copy).changed) == (False, [])


def test_saving_without_the_tick_leaves_it_stale(admin_client, clock):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    copy = translated(role)
    republish(role, clock, duties="- Own the plan")

    change(admin_client, copy, title="Inżynier", _publish="1")

    assert source(copy).is_stale is True


def test_a_tick_counts_for_the_text_that_was_seen_and_no_later_one(admin_client, clock):
    role = make_role({"duties": "- Own the roadmap"})
    role.publish()
    copy = translated(role)
    republish(role, clock, duties="- Own the plan")
    seen = source(copy).fingerprint
    republish(role, clock, duties="- Own nothing")

    response = change(admin_client, copy, _continue="1", up_to_date=seen)

    assert "Not marked as up to date: the English text has changed again." in " ".join(said(response))
    assert source(copy).is_stale is True


@pytest.mark.parametrize("value", ["on", "1", "' OR 1=1", fingerprint([])])
def test_a_tick_of_nobodys_form_marks_nothing(admin_client, value):
    page = make_page()
    page.publish()
    role = translated(make_role())
    before = Role.objects.get(pk=role.pk).source_at

    change(admin_client, role, _continue="1", up_to_date=value)

    assert Role.objects.get(pk=role.pk).source_at == before


def test_what_pages_share_has_the_panel_and_the_tick_too(admin_client):
    category = make_category(name="Data", description="Numbers")
    copy = category.copy_into("pl")
    category.description = "Numbers and more"
    category.save()
    form = {"language": "pl", "name": "Dane", "slug": "dane", "description": "Liczby", "position": 1}

    page = beside(admin_client, copy).content.decode()
    url = reverse("admin:roles_category_change", args=[copy.pk])
    admin_client.post(url, form | version(admin_client, url) | {"up_to_date": source(copy).fingerprint})

    assert "Numbers<ins> and more</ins>" in page
    assert source(copy).is_stale is False


def test_sections_that_the_translation_lacks_are_offered_and_added_in_their_place(admin_client):
    role = make_role({"introduction": "Hello", "duties": "- Own", "where": "Here"})
    copy = translated(role)
    copy.sections.filter(kind="duties").delete()

    offered = beside(admin_client, copy).content.decode()
    response = post_beside(admin_client, copy, title="Inżynier", _add_section="duties-1")

    assert "1 section is only in the English text" in offered
    assert 'name="_add_section" value="duties-1"' in offered
    assert response.url == reverse("admin:roles_role_change", args=[copy.pk]) + "?beside=en"
    sections = copy.sections.order_by("position", "pk")
    assert [(section.kind, section.body) for section in sections] == [
        ("introduction", "Hello"),
        ("duties", ""),
        ("where", "Here"),
    ]
    assert Role.objects.get(pk=copy.pk).title == "Inżynier"


@pytest.mark.parametrize("name", ["nothing-1", "duties-99", "", "../../x"])
def test_a_section_that_the_source_does_not_have_is_not_added(admin_client, name):
    copy = translated(make_role({"duties": "- Own"}))

    post_beside(admin_client, copy, _add_section=name)

    assert copy.sections.count() == 1


@pytest.mark.parametrize("language", ["xx", "de", "pl", "../en", "en'--"])
def test_a_language_without_a_text_is_no_source(admin_client, language):
    """`de` has no row in this group, though another group has; `pl` is the translation itself."""
    make_page(language="de", title="Another group")
    copy = translated(make_role())

    response = beside(admin_client, copy, language)

    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="source' not in page
    assert "Another group" not in page
    assert "There is no text in that language to show beside this one." in page


def test_those_who_may_not_change_a_page_mark_and_add_nothing(client):
    role = make_role({"introduction": "Hello", "duties": "- Own"})
    copy = translated(role)
    copy.sections.filter(kind="duties").delete()
    before = Role.objects.get(pk=copy.pk).source_at
    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="view_role"))
    client.force_login(user)

    seen = beside(client, copy)
    refused = post_beside(client, copy, _add_section="duties-1", up_to_date=source(copy).fingerprint)

    assert (seen.status_code, refused.status_code) == (200, 403)
    assert 'name="up_to_date"' not in seen.content.decode()
    assert Role.objects.get(pk=copy.pk).source_at == before
    assert Section.objects.filter(role=copy).count() == 1


def test_strangers_see_no_source(client):
    copy = translated(make_role(title="Secret"))
    client.force_login(make_user(group="Lead handlers"))

    response = beside(client, copy)

    assert response.status_code == 403
    assert "Secret" not in response.content.decode()


def test_a_translation_waits_for_its_own_publishing(admin_client, client):
    role = make_role(slug="engineer", title="Engineer")
    role.publish()
    copy = translated(role)
    change(admin_client, copy, title="Inżynier", _continue="1")

    waiting = client.get("/pl/roles/engineer/")
    change(admin_client, copy, title="Inżynier", _publish="1")

    assert waiting.status_code == 404
    assert "Inżynier" in client.get("/pl/roles/engineer/").content.decode()
    assert role.live_revision.live_translations() == {"pl": "/pl/roles/engineer/"}


def test_the_form_of_a_translation_costs_no_more_than_two_queries_more(admin_client, django_assert_max_num_queries):
    role = make_role(dict.fromkeys(("introduction", "duties", "required", "nice", "where"), "Text"))
    role.publish()
    copy = translated(role)
    beside(admin_client, copy)

    with django_assert_max_num_queries(25):
        beside(admin_client, copy)

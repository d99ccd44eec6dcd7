"""The buttons of a document's form: saving changes the working copy, publishing what visitors see."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from recruitcms.models import Page, Person, SiteSettings
from roles.models import Category, Role, RoleRevision, Section
from tests.factories import (
    image_file,
    make_category,
    make_page,
    make_person,
    make_picture,
    make_role,
    make_site,
    make_user,
    published_role,
)

pytestmark = pytest.mark.django_db


def form_of(role, **changes):
    """Return what the browser posts for a role: its fields, its sections, and a button."""
    sections = list(role.sections.all()) if role.pk else []
    levels = list(role.levels.all()) if role.pk else []
    data = {
        "language": role.language,
        "title": role.title,
        "title_plural": role.title_plural,
        "category": role.category_id or "",
        "summary": role.summary,
        "author": role.author_id or "",
        "picture": "",
        "slug": role.slug,
        "search_title": "",
        "search_description": "",
        "publish_at_0": "",
        "publish_at_1": "",
        "revision_note": "",
        "_seen": Role.objects.get(pk=role.pk).updated_at.isoformat() if role.pk else "",
        "sections-TOTAL_FORMS": len(sections),
        "sections-INITIAL_FORMS": len(sections),
        "resumes-TOTAL_FORMS": 0,
        "resumes-INITIAL_FORMS": 0,
        "levels-TOTAL_FORMS": len(levels),
        "levels-INITIAL_FORMS": len(levels),
    }
    for number, section in enumerate(sections):
        fields = {"id": section.pk, "role": role.pk, "kind": section.kind, "body": section.body}
        fields |= {"in_copy": "on", "position": section.position, "heading": "", "advice": "", "note": ""}
        fields |= {"level": section.level}
        data |= {f"sections-{number}-{name}": value for name, value in fields.items()}
    for number, level in enumerate(levels):
        fields = {"id": level.pk, "role": role.pk, "level": level.level, "title": level.title}
        fields |= {"position": level.position, "title_plural": level.title_plural, "summary": level.summary}
        data |= {f"levels-{number}-{name}": value for name, value in fields.items()}
    return data | changes


def version(client, address):
    """Return what a form says of the version that it shows, and the browser sends back."""
    return {"_seen": client.get(address).context["editing"]["seen"]}


def change(client, role, **changes):
    return client.post(reverse("admin:roles_role_change", args=[role.pk]), form_of(role, **changes), follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


def test_save_draft_changes_nothing_for_visitors(admin_client):
    role = published_role(title="Old")

    change(admin_client, role, title="New", _continue="1")

    assert Role.objects.get().title == "New"
    assert [revision.title for revision in RoleRevision.objects.live()] == ["Old"]


def test_publish_now_saves_and_publishes_with_the_note(admin_client, admin_user):
    role = make_role(title="Old")

    response = change(admin_client, role, title="New", revision_note="First version", _publish="1")

    live = RoleRevision.objects.live().get()
    assert (live.title, live.note, live.created_by) == ("New", "First version", admin_user)
    assert "Published. Visitors see it from this moment." in said(response)[0]
    assert Role.objects.get().updated_by == admin_user


def test_publishing_an_unfinished_page_is_refused_by_the_field_and_the_work_is_saved(admin_client):
    role = make_role()
    role.sections.update(body="")

    response = change(admin_client, role, title="", _publish="1", **{"sections-0-body": ""})

    assert not RoleRevision.objects.exists()
    assert Role.objects.get().title == ""
    message = said(response)[0]
    assert "Saved as a draft, but not published" in message
    assert '<a href="#id_title">Title</a>: Give the page a title.' in message
    assert "Text</a>: Write at least one section." in message


def test_publish_at_a_time_plans_it(admin_client):
    role = make_role()
    at = timezone.localtime(timezone.now() + timedelta(days=2))

    response = change(admin_client, role, publish_at_0=f"{at:%Y-%m-%d}", publish_at_1=f"{at:%H:%M:%S}", _schedule="1")

    assert role.scheduled_revision.live_from == at.replace(microsecond=0)
    assert "Revision 1 will be live from" in said(response)[0]


@pytest.mark.parametrize(
    ("date", "time", "sentence"),
    [("", "", "Choose the day and time"), ("2020-01-01", "09:00", "This time has passed"), ("soon", "", "Enter a")],
)
def test_a_time_that_cannot_be_is_refused_by_the_field(admin_client, date, time, sentence):
    role = make_role()

    response = change(admin_client, role, publish_at_0=date, publish_at_1=time, _schedule="1")

    assert sentence in str(response.context["adminform"].form.errors["publish_at"])
    assert not RoleRevision.objects.exists()


def test_a_plan_is_cancelled_and_a_page_taken_offline(admin_client):
    role = published_role()
    RoleRevision.objects.update(live_from=timezone.now() - timedelta(hours=1))
    role.publish(at=timezone.now() + timedelta(days=1))

    cancelled = change(admin_client, role, _cancel_schedule="1")
    assert role.scheduled_revision is None
    assert role.live_revision.number == 1
    assert "cancelled" in said(cancelled)[0]

    offline = change(admin_client, role, _offline="1")
    assert role.live_revision is None
    assert "Taken offline" in said(offline)[0]


def test_save_and_preview_leads_to_the_preview(admin_client):
    role = make_role()

    response = change(admin_client, role, title="Fresh words", _preview="1")

    assert response.redirect_chain == [(reverse("admin:roles_role_preview", args=[role.pk]), 302)]
    assert "Fresh words" in response.content.decode()


def test_a_preview_is_never_cached_nor_indexed_and_only_for_those_who_may_change(admin_client, client):
    role = make_role(title="Secret draft")
    address = reverse("admin:roles_role_preview", args=[role.pk])
    client.force_login(make_user(group="Lead handlers"))

    response = admin_client.get(address)

    assert "Secret draft" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert client.get(address).status_code == 403
    assert admin_client.get(reverse("admin:roles_role_preview", args=[999])).status_code == 404


def test_a_preview_reads_no_more_than_it_shows(admin_client, django_assert_max_num_queries):
    role = make_role({"introduction": "Words.", "duties": "- One", "offer": "- Pay"})

    address = reverse("admin:roles_role_preview", args=[role.pk])
    admin_client.get(address)  # what pages share is kept from now on

    with django_assert_max_num_queries(13):
        page = admin_client.get(address).content.decode()

    assert "Words." in page


def test_a_preview_speaks_the_language_of_its_page(admin_client):
    role = make_role(language="pl")

    page = admin_client.get(reverse("admin:roles_role_preview", args=[role.pk])).content.decode()

    assert '<html lang="pl"' in page


def test_pages_are_previewed_too(admin_client):
    page = make_page(body="Draft words")

    shown = admin_client.get(reverse("admin:recruitcms_page_preview", args=[page.pk])).content.decode()

    assert "Draft words" in shown
    assert "Preview of the draft" in shown


def test_a_new_role_offers_the_usual_sections_and_makes_its_address(admin_client):
    category, author = make_category(), make_person()
    form = admin_client.get(reverse("admin:roles_role_add")).content.decode()
    unsaved = Role(language="en", title="Compiler Engineer", summary="Compiles.", category=category, author=author)

    admin_client.post(reverse("admin:roles_role_add"), form_of(unsaved, slug="", _continue="1"))

    assert form.count("-kind") >= len(Section.Kind) - 1
    assert Role.objects.get().slug == "compiler-engineer"


def test_an_untitled_draft_gets_an_address_all_the_same(admin_client):
    unsaved = Role(language="en", category=make_category(), author=make_person())

    admin_client.post(reverse("admin:roles_role_add"), form_of(unsaved, slug="", _continue="1"))

    assert Role.objects.get().slug.startswith("untitled-")


def test_two_pages_cannot_have_one_address(admin_client):
    make_role(slug="taken")
    role = make_role(slug="free")

    response = change(admin_client, role, slug="taken", _continue="1")

    assert "Another page in this language has this address." in response.content.decode()


def test_what_belongs_to_another_language_is_refused(admin_client):
    role = make_role()
    polish = make_category(language="pl")

    response = change(admin_client, role, category=polish.pk, _continue="1")

    assert "Choose one in the same language as this page." in response.content.decode()


def test_a_translation_is_copied_with_its_sections_and_opened(admin_client):
    role = make_role(slug="engineer", sections={"duties": "- Own", "where": "Here"})
    for row in (role.category, role.author):
        row.copy_into("pl")

    response = admin_client.post(reverse("admin:roles_role_translate", args=[role.pk, "pl"]))

    copy = Role.objects.get(language="pl")
    assert response.url == reverse("admin:roles_role_change", args=[copy.pk])
    assert (copy.translation_group, copy.slug) == (role.translation_group, "engineer")
    assert copy.category.language == copy.author.language == "pl"
    assert [section.body for section in copy.sections.all()] == ["- Own", "Here"]
    assert copy.live_revision is None


def test_a_translation_needs_the_category_translated_first(admin_client):
    role = make_role(category=make_category(name="Data"))

    response = admin_client.post(reverse("admin:roles_role_translate", args=[role.pk, "pl"]), follow=True)

    assert "First translate “Data” into this language." in said(response)[0]
    assert not Role.objects.filter(language="pl").exists()


def test_there_is_one_translation_for_each_language(admin_client):
    person = make_person()
    admin_client.post(reverse("admin:recruitcms_person_translate", args=[person.pk, "pl"]))

    response = admin_client.post(reverse("admin:recruitcms_person_translate", args=[person.pk, "pl"]), follow=True)

    assert Person.objects.filter(language="pl").count() == 1
    assert "There is a translation into this language already." in said(response)[-1]


@pytest.mark.parametrize(("method", "language", "status"), [("get", "pl", 405), ("post", "xx", 404)])
def test_a_translation_is_never_made_by_a_link_nor_into_an_unknown_language(admin_client, method, language, status):
    person = make_person()

    response = getattr(admin_client, method)(reverse("admin:recruitcms_person_translate", args=[person.pk, language]))

    assert response.status_code == status
    assert Person.objects.count() == 1


def test_those_who_may_not_add_cannot_translate(client):
    person = make_person()
    client.force_login(make_user(group="Lead handlers"))

    response = client.post(reverse("admin:recruitcms_person_translate", args=[person.pk, "pl"]))

    assert response.status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_roles_never_costs_more_queries_with_more_rows(admin_client, django_assert_max_num_queries, number):
    for _number in range(number):
        published_role().publish(at=timezone.now() + timedelta(days=1))
    admin_client.get(reverse("admin:roles_role_changelist"))

    with django_assert_max_num_queries(12):
        page = admin_client.get(reverse("admin:roles_role_changelist")).content.decode()

    assert page.count("Scheduled for") == number


@pytest.mark.parametrize(
    ("state", "expected"), [("live", "Live"), ("scheduled", "Planned"), ("not_live", "Planned Draft")]
)
def test_roles_are_filtered_by_state(admin_client, state, expected):
    published_role(title="Live")
    make_role(title="Planned").publish(at=timezone.now() + timedelta(days=1))
    make_role(title="Draft")

    response = admin_client.get(reverse("admin:roles_role_changelist"), {"state": state})

    assert {role.title for role in response.context["cl"].queryset} == set(expected.split())


def test_the_list_says_when_a_live_page_has_changes(admin_client):
    role = published_role()
    role.save()

    assert "Live, draft changed" in admin_client.get(reverse("admin:roles_role_changelist")).content.decode()


def test_the_form_says_what_visitors_see(admin_client, clock):
    role = published_role()
    clock.shift(timedelta(minutes=1))
    role.take_offline(at=timezone.now() + timedelta(days=1))
    address = reverse("admin:roles_role_change", args=[role.pk])

    assert "Goes offline on" in admin_client.get(address).content.decode()

    role.publish(at=timezone.now() + timedelta(hours=1))

    assert "Revision 2 will be live from" in admin_client.get(address).content.decode()


def test_pictures_are_uploaded_and_checked(admin_client):
    address = reverse("admin:recruitcms_picture_add")

    refused = admin_client.post(address, {"name": "Lamp", "alt": "A lamp"})
    without_alt = admin_client.post(address, {"name": "Lamp", "alt": "", "upload": image_file()})
    admin_client.post(address, {"name": "Lamp", "alt": "A lamp", "upload": image_file()})

    assert "Choose a file." in refused.content.decode()
    assert "This field is required." in without_alt.content.decode()
    page = admin_client.get(reverse("admin:recruitcms_picture_changelist")).content.decode()
    assert page.count("/media/pictures/") == 1


def test_a_pictures_words_change_without_its_file(admin_client):
    picture = make_picture(name="Lamp")

    address = reverse("admin:recruitcms_picture_change", args=[picture.pk])

    admin_client.post(address, version(admin_client, address) | {"name": "Lamp", "alt": "A lit lamp"})

    before = picture.files
    picture.refresh_from_db()
    assert (picture.alt, picture.files) == ("A lit lamp", before)


def test_site_settings_are_one_row(admin_client):
    make_site()

    response = admin_client.get(reverse("admin:recruitcms_sitesettings_changelist"))

    assert response.url == reverse("admin:recruitcms_sitesettings_change", args=[1])
    assert admin_client.get(reverse("admin:recruitcms_sitesettings_add")).status_code == 403
    assert admin_client.post(reverse("admin:recruitcms_sitesettings_delete", args=[1])).status_code == 403


def test_long_texts_of_the_site_have_room_and_stay_one_line(admin_client):
    site = make_site()
    text = site.texts.first()
    url = reverse("admin:recruitcms_sitesettings_change", args=[1])
    page = admin_client.get(url)
    form = page.context["inline_admin_formsets"][0].formset.forms[0]
    fields = {f"texts-0-{name}": value or "" for name, value in form.initial.items()}
    fields |= {"texts-0-id": text.pk, "texts-0-site": 1, "texts-0-home_lead": "One sentence,\r\n broken."}
    fields |= {"texts-TOTAL_FORMS": 1, "texts-INITIAL_FORMS": 1}
    fields |= {name: value or "" for name, value in page.context["adminform"].form.initial.items()}

    admin_client.post(url, fields | version(admin_client, url))

    text.refresh_from_db()
    assert text.home_lead == "One sentence, broken."
    assert form["home_lead"].field.widget.attrs["rows"] == 2
    assert "Currently" not in page.content.decode()


def test_deleting_shared_content_makes_kept_copies_stale(admin_client):
    make_site()
    categories = [make_category() for _number in range(3)]
    before = SiteSettings.get().content_version

    admin_client.post(reverse("admin:roles_category_delete", args=[categories[0].pk]), {"post": "yes"})
    admin_client.post(
        reverse("admin:roles_category_changelist"),
        {"action": "delete_selected", "_selected_action": [row.pk for row in categories[1:]], "post": "yes"},
    )

    assert not Category.objects.exists()
    assert SiteSettings.get().content_version == before + 2


@pytest.mark.parametrize(
    ("group", "allowed", "refused"),
    [
        (
            "Editors",
            ["roles_role", "recruitcms_page", "leads_report"],
            ["leads_submission", "leads_purpose", "auth_user"],
        ),
        ("Lead handlers", ["leads_submission"], ["roles_role", "recruitcms_page", "leads_consenttext", "auth_user"]),
        ("Privacy officers", ["leads_submission", "leads_consenttext"], ["roles_role", "recruitcms_page", "auth_user"]),
    ],
)
def test_each_group_sees_its_own_work_and_nothing_else(client, group, allowed, refused):
    """SEC-12."""
    client.force_login(make_user(group=group))

    statuses = {name: client.get(reverse(f"admin:{name}_changelist")).status_code for name in allowed + refused}

    assert statuses == dict.fromkeys(allowed, 200) | dict.fromkeys(refused, 403)


def test_an_editor_publishes_a_page_from_the_first_word(client):
    editor = make_user(group="Editors")
    client.force_login(editor)
    data = {"language": "en", "title": "Imprint", "summary": "Who we are.", "body": "We are here.", "purpose": ""}
    data |= {"footer": "policies", "position": 1, "slug": "imprint", "search_title": "", "search_description": ""}
    data |= {"publish_at_0": "", "publish_at_1": "", "revision_note": "", "_publish": "1"}

    client.post(reverse("admin:recruitcms_page_add"), data)

    page = Page.objects.get()
    assert (page.created_by, page.live_revision.content["html"]) == (editor, "<p>We are here.</p>")


def test_the_filter_names_each_categorys_language_and_keeps_to_the_language_of_the_list(admin_client):
    make_category(name="Daten", language="de")
    make_category(name="Führung", language="de")
    make_category(name="Data", language="en")
    url = reverse("admin:roles_role_changelist")

    def shelves(query=""):
        page = admin_client.get(url + query)
        chosen = page.context["cl"].filter_specs[-1]
        return [str(choice["display"]) for choice in chosen.choices(page.context["cl"])]

    assert shelves() == ["All", "Data (English)", "Daten (Deutsch)", "Führung (Deutsch)"]
    assert shelves("?language__exact=de") == ["All", "Daten", "Führung"]

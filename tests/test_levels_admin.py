"""Levels in the form of a role: written beside what they stand in place of, previewed, and compared."""

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Group

from recruitcms.comparing import compare
from roles.models import Role
from tests.factories import make_picture, make_role, make_user
from tests.test_admin_publishing import form_of
from tests.test_editing import fields_shown, save, url
from tests.test_levels import add_level, add_section, make_leveled

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client):
    client.force_login(make_user("nadia", group="Editors"))
    return client


def rows_of(role):
    return list(role.sections.values_list("kind", "level", "body"))


def write(client, role, section, level, **changes):
    data = fields_shown(client, role) | {"_write_level": f"{section.pk}:{level}"} | changes
    return client.post(url("change", role.pk), data)


def test_a_section_is_written_for_a_level_by_a_button_that_saves(nadia):
    role = make_leveled()
    what = role.sections.get(kind="what")

    answer = write(nadia, role, what, "senior", title="Tester!")

    new = role.sections.get(kind="what", level="senior")
    assert answer["Location"] == f"{url('change', role.pk)}?written={new.pk}#id_sections-2-body"
    assert rows_of(role) == [
        ("introduction", "", "[Company] hires."),
        ("what", "", "They test."),
        ("what", "senior", "They test."),
        ("duties", "", "- Test\n- Report"),
        ("duties", "senior", "- Test\n- Teach [Company]"),
    ]
    assert Role.objects.get().title == "Tester!"
    page = nadia.get(answer["Location"]).content.decode()
    assert page.count('class="section__open" open') == 2  # this one, and the empty one that scripting copies
    assert "Below it stands the same text for “Senior”" in page


@pytest.mark.parametrize("asked", ["x:senior", "{what}:junior", "{what}:boss", "{duties}:senior", "0:senior", "{what}"])
def test_what_cannot_be_written_for_a_level_is_not(nadia, asked):
    role = make_leveled()
    before = rows_of(role)
    keys = {section.kind: section.pk for section in role.sections.filter(level="")}

    nadia.post(url("change", role.pk), fields_shown(nadia, role) | {"_write_level": asked.format(**keys)})

    assert rows_of(role) == before


def test_each_section_offers_the_levels_that_it_is_not_written_for(nadia):
    role = make_leveled()
    add_level(role, "junior", "Junior Tester", position=1)

    page = nadia.get(url("change", role.pk))

    forms = page.context["inline_admin_formsets"][0].formset.initial_forms
    offered = [[level.level for level in getattr(form, "unwritten", [])] for form in forms]
    assert offered == [["senior", "junior"], ["senior", "junior"], ["junior"], []]
    assert page.content.decode().count('name="_write_level"') == 5


def test_the_controls_of_a_section_are_in_a_group_of_its_name(nadia):
    role = make_leveled()

    page = BeautifulSoup(nadia.get(url("change", role.pk)).content, "html.parser")

    rows = page.select(".section-row[role=group]")
    assert [page.find(id=row["aria-labelledby"]).get_text(" ", strip=True) for row in rows] == [
        "Introduction",
        "What the role does",
        "Duties and responsibilities (list)",
        "Senior Duties and responsibilities (list)",
        "A section of your own",  # the row that scripting copies
    ]
    assert rows[0].select("button[data-move]")
    offer = rows[0].select_one(".section__levels[role=group]")
    assert page.find(id=offer["aria-labelledby"]).get_text() == "Save, and write this section for:"


def test_a_role_says_the_language_of_its_texts(nadia):
    role = make_leveled(language="pl")

    page = BeautifulSoup(nadia.get(url("change", role.pk)).content, "html.parser")

    for name in ["title", "summary", "search_description", "sections-0-body", "sections-3-heading", "levels-0-title"]:
        assert page.find(attrs={"name": name})["lang"] == "pl"
    assert page.find(attrs={"name": "sections-__prefix__-body"})["lang"] == "pl"
    assert "lang" not in page.find(attrs={"name": "slug"}).attrs
    new = BeautifulSoup(nadia.get(url("add")).content, "html.parser")
    assert "lang" not in new.find(attrs={"name": "title"}).attrs  # chosen in the form itself


def test_a_section_of_a_level_stands_beside_what_it_stands_in_place_of(nadia):
    role = make_leveled()
    role.sections.filter(kind="duties", level="").update(body="- <b>Test</b>", advice="Few.")

    page = nadia.get(url("change", role.pk))

    own = page.context["inline_admin_formsets"][0].formset.initial_forms[3]
    assert {name for name, field in own.fields.items() if getattr(field, "source", None)} == {"body", "advice"}
    assert own.fields["body"].source.html == "- &lt;b&gt;Test&lt;/b&gt;"
    html = page.content.decode()
    assert html.count('class="has-source has-base"') == 2
    assert '<p class="source__name">All levels</p>' in html


def test_beside_a_translation_the_other_language_stands_as_ever(nadia):
    role = make_leveled()
    category, author = role.category, role.author
    polish = make_role(
        {"duties": "- Testy"},
        language="pl",
        slug="testy",
        category=type(category).objects.create(
            language="pl", slug="x", name="X", translation_group=category.translation_group
        ),
        author=author,
    )
    Role.objects.filter(pk=polish.pk).update(translation_group=role.translation_group)
    add_level(polish, "senior", "Senior")
    add_section(polish, "senior", "duties", "- Inne")

    page = nadia.get(url("change", polish.pk), {"beside": "en"})

    forms = page.context["inline_admin_formsets"][0].formset.initial_forms
    assert forms[0].fields["body"].source.html == "- Test\n- Report"
    assert forms[1].fields["body"].source.html == "- Test\n- Teach [Company]"
    assert {section["name"] for section in page.context["missing"]} == {"introduction-1", "what-1"}
    levels = page.context["inline_admin_formsets"][1].formset.initial_forms
    assert levels[0].fields["title"].source.html == "Senior Tester"


def test_the_section_of_a_level_that_a_translation_lacks_is_added_at_its_level(nadia):
    role = make_leveled()
    polish = make_role({"duties": "- Testy"}, language="pl", slug="testy")
    Role.objects.filter(pk=polish.pk).update(translation_group=role.translation_group)
    add_level(polish, "senior", "Senior")

    data = fields_shown(nadia, polish) | {"_continue": "1", "_add_section": "duties@senior-1"}
    nadia.post(url("change", polish.pk), data)

    assert list(polish.sections.values_list("kind", "level")) == [("duties", ""), ("duties", "senior")]


def test_a_level_is_added_in_the_form_and_once_only(nadia):
    role = make_leveled()
    new = {
        "levels-TOTAL_FORMS": 2,
        "levels-1-level": "junior",
        "levels-1-title": "Junior Tester",
        "levels-1-position": "1",
    }

    save(nadia, role, fields_shown(nadia, role), **new)
    assert list(role.levels.values_list("level", "title")) == [("senior", "Senior Tester"), ("junior", "Junior Tester")]

    again = {"levels-TOTAL_FORMS": 3, "levels-2-level": "junior", "levels-2-title": "Twice", "levels-2-position": "2"}
    page = save(nadia, role, fields_shown(nadia, role), **again)
    assert page.status_code == 200
    assert role.levels.count() == 2


def test_a_section_of_a_level_that_is_not_there_is_saved_and_not_published(nadia):
    role = make_leveled()

    data = fields_shown(nadia, role) | {"sections-3-level": "junior", "_publish": "1"}
    page = nadia.post(url("change", role.pk), data, follow=True).content.decode()

    assert "Saved as a draft, but not published:" in page
    assert "This role has no such level: “Duties and responsibilities · Junior”." in page
    assert role.sections.filter(level="junior").exists()
    assert role.live_revision is None


def test_the_form_with_levels_costs_at_most_25_queries(nadia, django_assert_max_num_queries):
    role = make_leveled(picture=make_picture())
    for place, level in enumerate(["junior", "mid", "lead", "principal"]):
        add_level(role, level, f"{level} Tester", position=place + 1)
        for kind in ("introduction", "what", "duties"):
            add_section(role, level, kind, "- Words.")
    role.publish()
    nadia.get(url("change", role.pk))

    with django_assert_max_num_queries(25):
        nadia.get(url("change", role.pk))


# --- looking ---


def test_the_form_as_it_stands_is_shown_at_a_level(nadia):
    role = make_leveled()
    role.sections.filter(kind="what").update(position=4)
    data = form_of(role, **{"sections-2-body": "- Test\n- Typed now", "levels-0-title": "Chief Tester"})

    shown = nadia.post(f"{url('look', role.pk)}?level=senior", data).json()
    base = nadia.post(f"{url('look', role.pk)}?level=", data).json()

    assert "Typed now" in shown["html"]
    assert "Chief Tester" in shown["html"]
    assert "data-changed" in shown["html"]
    assert 'href="?level=senior" data-level="senior" aria-current="page"' in shown["html"]
    assert "Typed now" not in base["html"]
    expected = {"sections-0": "introduction", "sections-1": "duties", "sections-2": "duties", "sections-3": "what"}
    assert shown["places"] == base["places"] == expected


def test_a_level_that_is_typed_and_not_chosen_yet_breaks_no_preview(nadia):
    role = make_leveled()
    new = {"levels-TOTAL_FORMS": 2, "levels-1-level": "", "levels-1-title": "J", "sections-3-level": "junior"}

    answer = nadia.post(url("look", role.pk), form_of(role, **new))

    assert answer.status_code == 200
    assert "html" in answer.json()


@pytest.mark.parametrize(("level", "words"), [("senior", "Teach"), ("", "Report"), ("boss", "Report")])
def test_the_preview_of_what_is_saved_is_shown_at_a_level(nadia, level, words):
    role = make_leveled()

    page = nadia.get(url("preview", role.pk), {"level": level}).content.decode()

    assert words in page
    assert '<meta name="robots" content="noindex">' in page


# --- comparing ---


def test_two_revisions_are_compared_level_by_level(nadia):
    role = make_leveled()
    role.publish()
    role.levels.update(title="Chief Tester")
    role.sections.filter(level="senior").update(body="- Test\n- Coach [Company]")
    role.publish()

    page = nadia.get(url("compare", role.pk), {"from": 1, "to": 2}).content.decode()

    assert "Duties and responsibilities · Senior" in page
    assert "Senior" in page
    assert "Coach" in page
    assert "Chief" in page


def test_a_section_that_is_written_for_a_level_is_new_and_changes_no_other(nadia):
    role = make_leveled()
    first = role.keep()
    add_section(role, "senior", "what", "They teach.", position=2)
    second = role.keep()
    sources = [role.source_of(revision)[0] for revision in (first, second)]

    assert compare(role, *sources).words == "“What the role does · Senior” added"


# --- who may ---


@pytest.mark.parametrize("group", ["Editors", "Writers", "Reviewers", "Publishers"])
def test_whoever_writes_sections_writes_levels(group):
    may = set(Group.objects.get(name=group).permissions.values_list("codename", flat=True))

    assert {f"{act}_rolelevel" for act in ("add", "change", "delete", "view")} <= may

"""A role that is written for several levels: what each page says, what is marked, and where each is found."""

import re
from html import unescape

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command

from recruitcms.addresses import url_name
from recruitcms.quality import Grade, checklist, field_id
from roles.at_level import at_level, base_of, mark_blocks, mark_changes, sections_at
from roles.description import describe
from roles.documents import formats
from roles.files import read_role, write_role
from roles.headings import heading_for
from roles.levels import Level
from roles.models import Role, RoleLevel, RoleRevision, SampleResume, Section
from roles.moving.exporting import role_file
from roles.moving.incoming import UnreadableError
from roles.moving.markdown_files import read_markdown
from roles.moving.models import ImportItem
from roles.quality import RoleSubject
from roles.search.index import texts_of
from roles.variants import make_variant, new_variant
from tests.factories import make_category, make_person, make_picture, make_role, make_site

pytestmark = pytest.mark.django_db


def make_leveled(**more):
    """Return a role with a senior level of its own duties and where it works, in order of the page."""
    fields = {"title": "Tester", "title_plural": "Testers", "slug": "tester"} | more
    sections = {"introduction": "[Company] hires.", "what": "They test.", "duties": "- Test\n- Report"}
    role = make_role(sections, **fields)
    add_level(role, "senior", "Senior Tester")
    add_section(role, "senior", "duties", "- Test\n- Teach [Company]", position=3)
    return role


def add_level(role, level, title, **more):
    return RoleLevel.objects.create(role=role, level=level, title=title, **more)


def add_section(role, level, kind, body="", position=9, **more):
    values = {"in_copy": kind in Section.IN_COPY} | more
    return Section.objects.create(role=role, level=level, kind=kind, body=body, position=position, **values)


def published(role):
    role.publish()
    return role.live_revision


def get(client, path):
    return client.get(path).content.decode()


def section_of(page, name):
    return re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)[0]


# --- which section stands where ---


def test_a_section_of_a_level_stands_in_place_of_the_one_that_it_follows():
    role = make_role({"introduction": "A", "duties": "- B"})
    later = Section.objects.create(role=role, kind="introduction", body="C", position=5)
    own = add_section(role, "senior", "introduction", "D", position=6)
    sections = list(role.sections.all())

    assert base_of(own, sections) == later
    assert [each.section.body for each in sections_at(sections, "senior")] == ["A", "- B", "D"]
    assert [each.section.body for each in sections_at(sections)] == ["A", "- B", "C"]


def test_a_section_that_comes_before_every_one_of_its_kind_stands_in_place_of_the_first():
    role = make_role({"duties": "- A"})
    add_section(role, "senior", "duties", "- B", position=0)
    role.sections.filter(level="").update(position=1)

    assert [each.section.body for each in sections_at(list(role.sections.all()), "senior")] == ["- B"]


def test_a_section_of_a_kind_that_is_not_there_is_added_at_its_place():
    role = make_role({"introduction": "A", "duties": "- B"})
    role.sections.filter(kind="duties").update(position=5)
    add_section(role, "senior", "where", "C", position=3)

    assert [each.section.body for each in sections_at(list(role.sections.all()), "senior")] == ["A", "C", "- B"]


def test_a_section_of_ones_own_with_another_heading_is_added():
    role = make_role({"duties": "- A"})
    add_section(role, "", "other", "B", position=5, heading="Tools")
    add_section(role, "senior", "other", "C", position=6, heading="Travel")
    add_section(role, "junior", "other", "D", position=7)
    sections = list(role.sections.all())

    assert [each.section.body for each in sections_at(sections, "senior")] == ["- A", "B", "C"]
    assert [(each.section.body, each.section.heading) for each in sections_at(sections, "junior")][1:] == [
        ("D", "Tools")
    ]


def test_what_a_section_of_a_level_leaves_empty_is_said_as_in_the_base():
    role = make_role({"duties": "- A"})
    role.sections.update(advice="Few.", note="Title | text", heading="Days")
    add_section(role, "senior", "duties", "- B")

    (standing,) = sections_at(list(role.sections.all()), "senior")

    assert vars(standing.section) | {
        "body": "- B",
        "advice": "Few.",
        "note": "Title | text",
        "heading": "Days",
    } == vars(standing.section)
    assert Section.objects.get(level="senior").advice == ""


# --- what is frozen ---


def test_only_what_differs_is_frozen_and_the_base_says_what_it_said():
    plain = make_role(
        {"introduction": "[Company] hires.", "what": "They test.", "duties": "- Test\n- Report"}, title="Tester"
    )
    plain.title_plural = "Testers"

    content = make_leveled().freeze()

    (level,) = content["levels"]
    assert content["sections"] == plain.freeze()["sections"]
    assert list(level["sections"]) == ["duties"]
    assert level["order"] == ["introduction", "what", "duties"]
    assert level["headings"]["what"] == "What does a Senior Tester do?"


def test_a_revision_at_a_level_has_its_title_summary_headings_and_sections():
    role = make_leveled()
    role.levels.update(summary="Teaches.", title_plural="Senior Testers", search_title="Senior")
    add_section(role, "senior", "duties", "- More", position=4)

    revision = at_level(published(role), "senior")

    assert (revision.title, revision.summary) == ("Senior Tester", "Teaches.")
    assert (revision.content["title_plural"], revision.content["search_title"]) == ("Senior Testers", "Senior")
    ids = [(section["id"], section["body"]) for section in revision.content["sections"]]
    expected = [("introduction", "[Company] hires."), ("what", "They test.")]
    assert ids == [*expected, ("duties", "- Test\n- Teach [Company]"), ("duties-2", "- More")]
    assert revision.base.title == "Tester"


def test_a_level_that_the_role_does_not_have_is_none():
    revision = published(make_leveled())

    assert at_level(revision, "junior") is None


def test_a_revision_of_before_levels_has_none_and_is_shown(client):
    make_site()
    revision = published(make_leveled())
    old = {name: value for name, value in revision.content.items() if name != "levels"}
    for rows in (old["source"]["rows"],):
        del rows["levels"]
        rows["sections"] = [{k: v for k, v in row.items() if k != "level"} for row in rows["sections"]]
    RoleRevision.objects.update(content=old)
    revision = RoleRevision.objects.get()

    assert at_level(revision, "senior") is None
    assert client.get("/roles/tester/").status_code == 200
    assert client.get("/roles/tester/senior/").status_code == 404
    assert revision.texts


def test_restoring_a_revision_of_before_levels_takes_them_away():
    role = make_role({"duties": "- Test"}, slug="tester")
    first = role.keep()
    rows = first.content["source"]["rows"]
    rows["sections"] = [{name: value for name, value in row.items() if name != "level"} for row in rows["sections"]]
    del rows["levels"]
    first.save()
    assert role.kept_as() == first
    add_level(role, "senior", "Senior")
    add_section(role, "senior", "duties", "- Teach")

    role.restore(first)

    assert list(role.sections.values_list("level", "body")) == [("", "- Test")]
    assert not role.levels.exists()


def test_restoring_brings_levels_and_their_sections_back():
    role = make_leveled()
    kept = role.keep()
    before = list(role.sections.values_list("level", "kind", "body")), list(role.levels.values_list("level", "title"))
    role.sections.filter(level="senior").delete()
    role.levels.all().delete()

    role.restore(kept)

    after = list(role.sections.values_list("level", "kind", "body")), list(role.levels.values_list("level", "title"))
    assert after == before


# --- what stops publishing, and what is worth a word ---


def test_a_section_of_a_level_that_the_role_does_not_have_stops_publishing():
    role = make_leveled()
    add_section(role, "junior", "duties", "- Learn")

    with pytest.raises(ValidationError) as refused:
        role.publish()

    (sentence,) = refused.value.message_dict["levels"]
    assert sentence.startswith("This role has no such level: “Duties and responsibilities · Junior”.")
    (stop,) = [finding for finding in checklist(role) if finding.grade == Grade.STOPS]
    assert (stop.key, field_id(stop)) == ("problem-levels", "levels-group")


def test_the_sections_of_levels_alone_are_no_role():
    role = make_role({"introduction": ""})
    add_level(role, "senior", "Senior")
    add_section(role, "senior", "duties", "- Teach")

    assert set(role.problems()) == {"body"}


def test_a_level_without_words_of_its_own_and_a_title_that_is_cut_are_warned_of():
    role = make_leveled()
    add_level(role, "junior", "Junior Tester of very long titles that no search result will ever show", position=1)

    found = {(finding.key, field_id(finding)) for finding in checklist(role) if finding.place}

    assert {("level-same", "id_levels-1-title"), ("title-long", "id_levels-1-title")} <= found
    assert ("level-same", "id_levels-0-title") not in found


def test_the_words_of_levels_are_read_for_wording_but_not_counted_twice():
    role = make_leveled()
    role.sections.filter(level="senior").update(body="- Be a ninja. " + "Word. " * 5000)

    found = {finding.key: finding for finding in checklist(role)}

    assert field_id(found["wording"]) == "id_sections-3-body"
    assert found["words"].found == "short"


def test_links_to_a_section_that_only_a_level_adds_are_alive():
    role = make_leveled()
    add_section(role, "senior", "where", "See [there](#where).", position=8)

    assert "where" in RoleSubject(role).anchors
    assert "link-dead" not in {finding.key for finding in checklist(role)}


# --- the page ---


def test_the_page_of_a_level_says_its_title_and_its_words(client):
    make_site()
    published(make_leveled())

    page = get(client, "/roles/tester/senior/")

    assert re.search(r"<h1>Senior Tester ", page)
    assert "<title>Senior Tester job description template" in page
    assert "What does a Senior Tester do?" in page
    assert "Teach" in section_of(page, "duties")
    assert "Report" not in section_of(page, "duties")


@pytest.mark.parametrize("level", ["junior", "Senior", "boss", "senior-1", "all", ""])
def test_levels_that_are_not_there_are_not_found(client, level):
    make_site()
    published(make_leveled())

    assert client.get(f"/roles/tester/{level}/").status_code == 404
    for kind in ["md", "docx", "txt"]:
        assert client.get(f"/roles/tester/{level}.{kind}").status_code == 404


def test_unknown_formats_of_a_level_and_levels_of_unknown_roles_are_not_found(client):
    make_site()
    published(make_leveled())

    for path in (
        "/roles/tester/senior.exe",
        "/roles/nobody/senior/",
        "/roles/nobody/senior.md",
        "/pl/roles/tester/senior/",
    ):
        assert client.get(path).status_code == 404


def test_the_switch_names_the_levels_and_says_which_one_is_shown(client):
    make_site()
    published(make_leveled())

    for path, current in (("/roles/tester/", "All levels"), ("/roles/tester/senior/", "Senior")):
        page = get(client, path)
        nav = re.search(r'<nav aria-label="Levels of this role">.*?</nav>', page, re.DOTALL)[0]
        assert re.findall(r'href="([^"]+)"', nav) == ["/roles/tester/", "/roles/tester/senior/"]
        assert re.findall(r'aria-current="page">([^<]+)<', nav) == [current]


def test_a_role_without_levels_has_no_switch_and_no_stylesheet_for_it(client):
    make_site()
    role = make_role()
    role.publish()

    page = get(client, role.get_absolute_url())

    assert "levels.css" not in page
    assert 'class="wrap levels' not in page


def test_search_engines_are_sent_to_the_page_for_all_levels(client, settings):
    settings.PRODUCTION = True
    make_site()
    published(make_leveled())

    base, page = get(client, "/roles/tester/"), get(client, "/roles/tester/senior/")

    canonical = f'<link rel="canonical" href="{settings.SITE_URL}/roles/tester/">'
    assert canonical in base
    assert canonical in page
    assert "hreflang=" not in page.split("</head>")[0]
    assert re.findall(r"<script type=\"application/ld\+json\">.*?</script>", page, re.DOTALL) == re.findall(
        r"<script type=\"application/ld\+json\">.*?</script>", base, re.DOTALL
    )
    for path in ("/sitemap.xml", "/llms.txt", "/roles/feed.atom", "/roles/index.json"):
        answer = get(client, path)
        assert "/roles/tester" in answer
        assert "tester/senior" not in answer


def test_what_is_shared_is_the_page_that_is_open(client):
    make_site()
    published(make_leveled())

    page = get(client, "/roles/tester/senior/")

    own = f"{settings.SITE_URL}/roles/tester/senior/"
    assert f'data-share="{own}"' in page
    assert f'data-native="{own}"' in page
    assert f'<meta property="og:url" content="{own}">' in page
    assert 'data-path="/roles/tester/senior/" data-title="Senior Tester"' in page
    assert "cards/" in re.search(r'og:image" content="([^"]+)"', page)[1]


def make_polish(role, levels):
    category = make_category(language="pl", translation_group=role.category.translation_group)
    author = make_person(language="pl", translation_group=role.author.translation_group)
    polish = make_role({"duties": "- Testy"}, language="pl", slug="testy", category=category, author=author)
    Role.objects.filter(pk=polish.pk).update(translation_group=role.translation_group)
    polish.refresh_from_db()
    for level in levels:
        add_level(polish, level, f"{level} Tester")
        add_section(polish, level, "duties", "- Inne")
    polish.publish()


@pytest.mark.parametrize(
    ("levels", "path"), [(["senior"], "/pl/roles/testy/senior/"), (["junior"], "/pl/roles/testy/")]
)
def test_the_language_switch_leads_to_the_same_level_where_it_is_there(client, levels, path):
    make_site()
    role = make_leveled()
    role.publish()
    make_polish(role, levels)

    page = get(client, "/roles/tester/senior/")

    switch = re.search(r'<nav class="row langs.*?</nav>', page, re.DOTALL)[0]
    assert f'href="{path}" lang="pl"' in switch
    assert 'href="/roles/tester/senior/" lang="en"' in switch
    assert f'hreflang="pl" href="{settings.SITE_URL}/pl/roles/testy/">' in get(client, "/roles/tester/")


def test_the_page_of_a_level_costs_no_query_more(client, django_assert_max_num_queries):
    make_site()
    role = make_leveled()
    for level in ("junior", "mid", "lead"):
        add_level(role, level, f"{level} Tester")
        add_section(role, level, "duties", f"- {level}")
    role.publish()
    for path in ("/roles/tester/", "/roles/tester/senior/"):
        get(client, path)

        with django_assert_max_num_queries(6):
            assert client.get(path).status_code == 200


def test_the_page_of_a_level_is_filled_in_and_its_marks_stay(client):
    make_site()
    published(make_leveled())
    field = re.search(r'name="(own-[^"]+)"', get(client, "/roles/tester/senior/"))[1]

    page = client.post("/roles/tester/senior/", {field: "<Acme>"}).content.decode()

    duties = section_of(page, "duties")
    assert '<mark class="slot filled" data-slot="Company">&lt;Acme&gt;</mark>' in duties
    assert duties.count("data-changed") == 1
    assert '<form method="post" action="/roles/tester/senior/#doc"' in page


def test_without_scripting_the_switch_takes_along_what_was_filled_in(client):
    """A link would open the other level empty, and all that was typed would be lost."""
    make_site()
    published(make_leveled())
    field = re.search(r'name="(own-[^"]+)"', get(client, "/roles/tester/"))[1]

    page = client.post("/roles/tester/", {field: "<Acme>"}).content.decode()

    nav = re.search(r'<nav aria-label="Levels of this role">.*?</nav>', page, re.DOTALL)[0]
    assert re.findall(r'href="([^"]+)"[^>]* aria-current="page"', nav) == ["/roles/tester/"]
    button = '<button class="chip" type="submit" form="take" formaction="/roles/tester/senior/#doc">'
    assert button in nav
    assert f'<input type="hidden" name="{field}" value="&lt;Acme&gt;"></form>' in page
    assert "&lt;Acme&gt;" in client.post("/roles/tester/senior/", {field: "<Acme>"}).content.decode()


def test_forms_and_invitations_name_the_page_for_all_levels(client):
    make_site()
    published(make_leveled())

    page = get(client, "/roles/tester/senior/")

    assert "from=/roles/tester/senior" not in page
    assert 'name="page" value="/roles/tester/senior/"' not in page


@pytest.mark.parametrize("level", ["", "senior/", "junior/"])
def test_a_role_that_has_moved_takes_its_levels_along(client, level):
    make_site()
    role = make_leveled()
    role.publish()
    role.slug = "checker"
    role.save()
    role.publish()

    answer = client.get(f"/roles/tester/{level}?utm_source=x")

    assert answer.status_code == 301
    assert answer["Location"] == f"/roles/checker/{level}?utm_source=x"


@pytest.mark.parametrize("path", ["/roles/x/backend/", "/roles/x/senior/"])
def test_an_old_address_of_that_shape_may_still_forward(path):
    assert url_name(path) is None


# --- what is marked ---


def test_lines_that_differ_are_marked_and_others_are_not(client):
    make_site()
    published(make_leveled())

    duties = section_of(get(client, "/roles/tester/senior/"), "duties")

    said = '<span class="vh noprint">Changed: </span>'
    assert re.findall(r"<li[^>]*>(?:<span[^>]*>[^<]*</span>)?\w+", duties) == [
        "<li>Test",
        f"<li data-changed>{said}Teach",
    ]
    assert "data-changed" not in get(client, "/roles/tester/").split("</main>")[0]


def test_blocks_are_compared_by_what_they_say_wherever_they_stand():
    base = "<ul>\n<li>One</li>\n<li>Two\n<ul>\n<li>Deep</li>\n</ul>\n</li>\n</ul>"

    marked = mark_blocks("<ol>\n<li>Two\n<ul>\n<li>Deeper</li>\n</ul>\n</li>\n<li>One</li>\n</ol><p>New</p>", base)

    assert re.findall(r"data-changed><span[^>]*>[^<]*</span>(\w+)", marked) == ["Deeper", "New"]


def test_changed_advice_and_challenges_are_marked():
    role = make_leveled()
    role.sections.filter(kind="duties", level="").update(advice="Few.")
    role.sections.filter(kind="duties", level="senior").update(advice="Fewer.")
    add_section(role, "", "challenges", "### Cost\nBills.\n\n### Noise\nAlerts.", position=7)
    add_section(role, "senior", "challenges", "### Cost\nBills.\n\n### Noise\nOther alerts.", position=8)
    revision = published(role)

    content = mark_changes(at_level(revision, "senior").content, revision.content)

    by_id = {section["id"]: section for section in content["sections"]}
    assert [card["changed"] for card in by_id["challenges"]["cards"]] == [False, True]
    assert "data-changed" in by_id["duties"]["advice_html"]


@pytest.mark.parametrize("kind", ["md", "txt", "docx", "pdf"])
def test_files_of_a_level_say_its_words_and_hold_no_mark(client, kind):
    make_site()
    published(make_leveled())
    if kind not in formats():
        pytest.skip("no library for it here")

    answer = client.get(f"/roles/tester/senior.{kind}")

    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="tester-senior.{kind}"'
    assert answer["X-Robots-Tag"] == "noindex"
    if kind in ("md", "txt"):
        text = answer.content.decode()
        assert "Senior Tester" in text
        assert "Teach [Company]" in text
        assert "Report" not in text
        assert "Changed" not in text
        assert "/roles/tester/senior/" in text
    assert client.get(f"/roles/tester.{kind}").content != answer.content


def test_a_file_of_a_level_is_filled_in(client):
    make_site()
    published(make_leveled())
    field = re.search(r'name="(own-[^"]+)"', get(client, "/roles/tester/senior/"))[1]

    assert "Teach Acme" in client.post("/roles/tester/senior.md", {field: "Acme"}).content.decode()


def test_a_description_of_a_level_is_in_the_order_of_its_page():
    revision = published(make_leveled())

    parts = describe(at_level(revision, "senior"), {}).parts

    assert [part.id for part in parts] == ["introduction", "what", "duties"]


# --- found, copied, moved ---


def test_a_role_is_found_by_the_titles_and_words_of_its_levels():
    _title, headings, text = texts_of(published(make_leveled()))

    assert "Senior Tester" in headings
    assert "Teach [Company]" in text


def test_reviewers_may_comment_on_a_section_that_only_a_level_has():
    role = make_leveled()
    add_section(role, "senior", "where", "Anywhere.", position=8)

    parts = published(role).parts()

    assert [name for name, _heading in parts] == ["introduction", "what", "duties", "where"]


def test_a_copy_in_another_language_and_a_variant_of_other_words_have_the_levels():
    role = make_leveled()
    make_category(language="pl", translation_group=role.category.translation_group)
    make_person(language="pl", translation_group=role.author.translation_group)
    variant = new_variant(role)
    variant.slug, variant.title = "other", "Other"

    copies = [role.copy_into("pl"), make_variant(role, variant, [], None)]

    for copy in copies:
        assert list(copy.levels.values_list("level", "title")) == [("senior", "Senior Tester")]
        assert list(copy.sections.values_list("level", "kind")) == list(role.sections.values_list("level", "kind"))
    assert role.levels.count() == 1


def test_the_texts_of_a_role_without_levels_are_named_as_before():
    names = [name for name, _text in make_role({"duties": "- A"}).texts()]
    leveled = [name for name, _text in make_leveled().texts()]

    assert names == ["title", "summary", "sections:duties-1:body"]
    assert {"sections:duties-1:body", "sections:duties@senior-1:body", "levels:levels@senior-1:title"} <= set(leveled)


def test_a_role_with_levels_is_exported_and_read_back_to_the_letter(tmp_path):
    role = make_leveled()
    role.levels.update(summary='He said "no"', position=3)
    SampleResume.objects.create(role=role, picture=make_picture("cv"), title="CV")
    text = write_role(role_file(role))

    file = read_role(text)

    assert "<!-- level: senior -->" in text
    assert (file.meta["levels"], file.sections) == (role_file(role).meta["levels"], role_file(role).sections)
    assert write_role(file) == text


def test_a_role_file_comes_in_with_its_levels_and_a_second_time_changes_nothing(tmp_path):
    role = make_leveled()
    expected = list(role.levels.values_list("level", "title")), list(role.sections.values_list("level", "kind", "body"))
    call_command("export_roles", str(tmp_path), verbosity=0)
    text = (tmp_path / "en" / "tester.md").read_text()
    Role.objects.all().delete()

    for _time in range(2):
        call_command("import_roles", str(tmp_path), verbosity=0)

    again = Role.objects.get()
    assert list(again.levels.values_list("level", "title")) == expected[0]
    assert list(again.sections.values_list("level", "kind", "body")) == expected[1]
    assert write_role(role_file(again)) == text
    outcomes = ImportItem.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == [ImportItem.Outcome.ADDED, ImportItem.Outcome.UNCHANGED]


@pytest.mark.parametrize("odd", ['[[levels]]\nlevel = "boss"\ntitle = "Boss"\n', "<!-- level: boss -->"])
def test_a_role_file_with_an_unknown_level_is_refused(odd):
    front, mark = (odd, "") if odd.startswith("[") else ("", f"{odd}\n")

    with pytest.raises(UnreadableError, match="no level is called boss"):
        read_markdown("a.md", f'+++\ntitle = "A"\n{front}+++\n\n## duties\n{mark}- One\n')


def test_headings_follow_the_title_of_a_level():
    assert heading_for("what", "Senior Tester") == "What does a Senior Tester do?"
    assert unescape("&middot;") in str(Section(kind="duties", level=Level.SENIOR))

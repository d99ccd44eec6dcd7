"""The checklist: each check says something where there is something to say, and nothing elsewhere."""

import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from recruitcms.matrix import documents
from recruitcms.models import FillInWord, Picture, WordingException
from recruitcms.publishing import touch_content
from recruitcms.quality import Finding, Grade, Place, checklist, field_id, surroundings
from recruitcms.quality.snippets import fit, pixels, snippets
from recruitcms.quality.subject import subject_of
from recruitcms.translating import mark_up_to_date, source_of
from roles.models import Role, SampleResume, Section
from tests.factories import make_cta, make_page, make_person, make_picture, make_role, make_site, published_role

pytestmark = pytest.mark.django_db

SENTENCES = "You keep the trains on time and the crews informed. " * 12


def found(document, key):
    return [finding for finding in checklist(document) if finding.key == key]


def grades(document, key):
    return [finding.grade for finding in found(document, key)]


# --- the shape of a finding ---


def test_a_finding_leads_to_the_field_of_the_form():
    title = Finding("x", Grade.WARNS, "…", Place("title"))
    body = Finding("x", Grade.WARNS, "…", Place("body", "sections", 3))
    rows = Finding("x", Grade.WARNS, "…", Place("", "sections"))

    assert field_id(title) == "id_title"
    assert field_id(body) == "id_sections-3-body"
    moved = {"sections": [f"sections-{number}" for number in (3, 0, 1, 2)]}
    assert field_id(body, moved) == "id_sections-2-body"
    assert field_id(rows) == "sections-group"
    assert field_id(Finding("x", Grade.WARNS, "…")) == ""


def test_a_section_is_named_by_its_place_in_the_form():
    role = make_role({"introduction": "Fine.", "duties": "- Be a ninja."})

    finding = found(role, "wording")[0]

    assert field_id(finding) == "id_sections-1-body"
    assert finding.name == "Duties and responsibilities"


def test_a_document_filled_from_memory_is_checked_without_its_rows_being_read(django_assert_num_queries):
    role = make_role()
    unsaved = Role(pk=role.pk, language="en", title="Tester", category=role.category, author=role.author)
    rows = unsaved.sections.all()
    rows._result_cache, rows._prefetch_done = [Section(kind="duties", body="- Be a ninja.")], True
    none = unsaved.resumes.all()
    none._result_cache, none._prefetch_done = [], True
    no_levels = unsaved.levels.all()
    no_levels._result_cache, no_levels._prefetch_done = [], True
    unsaved._prefetched_objects_cache = {"sections": rows, "resumes": none, "levels": no_levels}
    checklist(unsaved)

    with django_assert_num_queries(2):  # the content version, the translations
        findings = checklist(unsaved)

    assert [field_id(finding) for finding in findings if finding.key == "wording"] == ["id_sections-0-body"]


def test_what_stops_publishing_is_what_publishing_refuses():
    role = make_role({"introduction": ""}, title="", summary="")

    stops = [finding for finding in checklist(role) if finding.grade == Grade.STOPS]

    assert [(finding.key, field_id(finding)) for finding in stops] == [
        ("problem-title", "id_title"),
        ("problem-summary", "id_summary"),
        ("problem-body", "sections-group"),
    ]
    assert [finding.sentence for finding in stops] == [str(sentence) for sentence in role.problems().values()]


def test_a_ready_document_has_nothing_that_stops_it():
    assert [finding for finding in checklist(make_page()) if finding.grade == Grade.STOPS] == []


# --- search engines ---


def test_widths_are_those_of_arial():
    assert pixels("ill", 20) == 13  # 3 × 222 thousandths
    assert pixels("WWW", 20) == 57  # 3 × 944 thousandths
    assert pixels("zażółć", 20) == pixels("zazołc", 20)


def test_a_text_is_cut_after_a_whole_word():
    assert fit("one two three", 20, 1000) == "one two three"
    assert fit("one two three", 20, 105) == "one two …"


@pytest.mark.parametrize(
    ("title", "keys"),
    [
        ("Senior Staff Site Reliability Engineer for Payment Platforms and Trains", ["title-long"]),
        ("SRE", ["title-short"]),
        ("Site Reliability Engineer, a template", []),
    ],
)
def test_the_title_is_as_long_as_search_results_show(title, keys):
    page = make_page(search_title=title[:70])
    make_site()

    assert [finding.key for finding in checklist(page) if finding.key.startswith("title-")] == keys


@pytest.mark.parametrize(
    ("description", "keys"),
    [
        ("Short.", ["description-short"]),
        ("A fair sentence. " * 6, []),
        ("WIDE WORDS MAKE IT WIDE. " * 6, ["description-long"]),
    ],
)
def test_the_description_is_as_long_as_search_results_show(description, keys):
    page = make_page(search_description=description.strip())

    assert [finding.key for finding in checklist(page) if finding.key.startswith("description-")] == keys


def test_the_preview_shows_what_the_page_gives_away(client):
    make_site()
    role = published_role(title="Tester", summary="Finds out.", search_description="Found by engines.")

    shown = snippets(subject_of(role))
    html = client.get(role.get_absolute_url()).content.decode()

    assert f"<title>{shown.title}</title>" in html
    assert f'<meta name="description" content="{shown.description}">' in html
    assert f'<meta property="og:title" content="{shown.card_title}">' in html
    assert shown.trail == ["roles", role.slug]


# --- Markdown ---


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("### One\ntext\n\n#### Two\ntext\n\n### Three", []),
        ("#### Deep first", ["heading-skips"]),
        ("## Too high", ["heading-level"]),
        ("Words\n=====\n", ["heading-level"]),
        ("##### Deep\n", ["heading-skips"]),
        ("### Fine\n##### Deep\n", ["heading-level"]),
        ("- a list\n- of #things\n\n---\n", []),
    ],
)
def test_headings_are_in_order(body, keys):
    role = make_role({"introduction": body})

    assert [finding.key for finding in checklist(role) if finding.key.startswith("heading-")] == keys


def test_a_section_of_ones_own_has_a_heading():
    role = make_role({"other": "Words."})
    assert [field_id(finding) for finding in found(role, "heading-missing")] == ["id_sections-0-heading"]

    role.sections.update(heading="Our day")
    assert found(role, "heading-missing") == []


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("![](/media/a.png)", ["alt-missing", "picture-left-out"]),
        ("![IMG_2034](/media/a.png)", ["alt-file-name", "picture-left-out"]),
        ("![team-photo.jpg](/media/a.png)", ["alt-file-name", "picture-left-out"]),
        ("![The team at the lake](/media/a.png)", ["picture-left-out"]),
        ("No picture! [a link](/people/)", []),
    ],
)
def test_pictures_in_a_text_have_an_alternative(body, keys):
    page = make_page(body=body)
    picture_keys = {"alt-missing", "alt-file-name", "picture-left-out"}

    assert [finding.key for finding in checklist(page) if finding.key in picture_keys] == keys


def test_the_pictures_of_a_role_have_an_alternative():
    role = make_role(picture=make_picture(alt="hero.png"))
    SampleResume.objects.create(role=role, picture=make_picture(), title="resume-4.png")
    SampleResume.objects.create(role=role, picture=make_picture(), title="Fintech, team of six", position=1)

    assert [finding.quote for finding in found(role, "alt-file-name")] == ["hero.png"]
    assert [field_id(finding) for finding in found(role, "alt-caption")] == ["id_resumes-0-title"]

    Picture.objects.update(alt="A lamp over a desk")
    assert found(Role.objects.get(), "alt-file-name") == []


def test_links_lead_to_pages_that_answer(settings):
    make_site()
    live, draft = published_role(), make_role()
    gone = published_role()
    gone.take_offline()
    polish = published_role(language="pl")
    make_person(slug="ann")
    page = make_page(slug="imprint")
    page.publish()
    good = [
        live.get_absolute_url(),
        polish.get_absolute_url(),
        "/people/ann/",
        "/imprint/",
        "/roles/?category=x",
        "/pl/roles/",
    ]
    good += ["/roles", "https://elsewhere.example/none", "mailto:a@b.example", "#introduction", "/static/css/site.css"]
    good += [settings.SITE_URL + live.get_absolute_url() + "#duties"]
    bad = [draft.get_absolute_url(), gone.get_absolute_url(), "/pl/people/ann/", "/people/bob/", "/none/", "/admin/"]
    bad += ["/a%00b/", "/[x", "#nowhere", "[x", "www.elsewhere.example", "roles/here"]
    role = make_role({"introduction": " ".join(f"[x]({address})" for address in good + bad)})

    assert [finding.quote for finding in found(role, "link-dead")] == bad


def test_a_link_to_a_former_address_is_fine_since_it_forwards():
    role = published_role(slug="old")
    role.slug = "new"
    role.save()
    role.publish()
    page = make_page(body="[x](/roles/old/)")

    assert found(page, "link-dead") == []


def test_a_link_is_dead_until_its_page_appears(clock):
    role = make_role(slug="later")
    role.publish(at=timezone.now() + timedelta(hours=1))
    page = make_page(body="[x](/roles/later/)")
    assert grades(page, "link-dead") == [Grade.WARNS]

    clock.shift(timedelta(hours=2))
    surroundings._kept.clear()  # what was asked is kept for a minute, by a clock that does not jump
    assert found(page, "link-dead") == []


# --- words ---


@pytest.fixture
def shared_words():
    words = {
        "en": "Company, Salary range",
        "pl": "Firma, Firmy, Firmie, Miasto, Miasta, Mieście, Zespół, Zespołu, Wynagrodzenie",
    }
    for language, spellings in words.items():
        FillInWord.objects.create(language=language, key="all", label="All", words=spellings)
    touch_content()


def test_fill_in_words_that_look_misspelt_are_named_with_the_word_that_was_meant(shared_words):
    role = make_role(
        {"introduction": "[Comapny] hires for [Compny], [Company], [Companies] and [four] [Salary rnage]."}
    )

    misspelt = found(role, "fill-in-misspelt")

    assert [(finding.quote, finding.alternative) for finding in misspelt] == [
        ("[Comapny]", "[Company]"),
        ("[Compny]", "[Company]"),
        ("[Salary rnage]", "[Salary range]"),
    ]


def test_inflected_fill_in_words_are_no_misspellings(shared_words):
    role = make_role({"introduction": "[Firma] i [Firmie], [Zespołem], [Miastach]; [Wyngrodzenie]."}, language="pl")

    assert [finding.quote for finding in found(role, "fill-in-misspelt")] == ["[Wyngrodzenie]"]


def test_the_fill_in_words_of_one_page_alone_are_listed_and_links_are_none(shared_words):
    role = make_role({"introduction": "[Company] needs [four] people; [read](/people/), [26] days, [four]."})

    own = found(role, "fill-in-own")

    assert [(finding.grade, finding.quote) for finding in own] == [(Grade.INFORMS, "[four]")]


def test_a_page_has_nothing_to_fill_in():
    assert grades(make_page(body="Call [Company]."), "fill-in-here") == [Grade.WARNS]
    assert found(make_page(body="Call us."), "fill-in-here") == []


@pytest.mark.parametrize(
    ("offer", "missing"),
    [
        ("- [18,000 to 25,000 PLN] gross a month", False),
        ("- [Salary range] every month", False),
        ("- €60,000–80,000 a year", False),
        ("- 18 000–25 000 zł brutto", False),
        ("- [Wynagrodzenie] miesięcznie", False),
        ("- [9,000 EUR] gross", False),
        ("Zarobki: 10 000 zł", False),
        ("Zarabiasz do 12 tys. zł", False),
        ("- 10–12 tys. zł", False),
        ("- 10 000 zł do 12 000 zł", False),
        ("- Między 10 000 a 12 000 zł", False),
        ("Wir zahlen 60.000 € im Jahr", False),
        ("Jahresgehalt: 60.000 €", False),
        ("Verdienst: 60.000 €", False),
        ("Bezahlung: 60 Tsd. €", False),
        ("Stundenlohn 25 €", False),
        ("- Zwischen 60.000 € und 70.000 €", False),
        ("- between £60,000 and £70,000", False),
        ("- £60,000 to £70,000", False),
        ("Earn up to £70,000", False),
        ("- [5,000 PLN] a year for courses", True),
        ("- A yearly budget of [6 million PLN] for people", True),
        ("- €500 a year for courses", True),
        ("- €500 and €1,000 for courses and books", True),
        ("- Bezahlte Kurse, 2.000 € im Jahr", True),
        ("- 5 000 zł i 26 dni urlopu na kursy", True),
        ("- Zahlen und Fakten: 500.000 € Umsatz", True),
        ("- 1 000 zł do 2 kursów", True),
        ("- Good pay", True),
        ("- [our salary report](/reports/)", True),
    ],
)
def test_the_pay_is_named(offer, missing):
    role = make_role({"introduction": "Words.", "offer": offer})

    assert [field_id(finding) for finding in found(role, "pay-missing")] == ["id_sections-1-body"] * missing


@pytest.mark.parametrize(("items", "grade"), [(6, []), (7, [Grade.INFORMS]), (8, [Grade.INFORMS]), (9, [Grade.WARNS])])
def test_hard_requirements_are_few(items, grade):
    role = make_role({"duties": "- one\n" * 12, "required": "- one\n" * items})

    assert grades(role, "requirements-many") == grade


@pytest.mark.parametrize(
    ("words", "grade"),
    [(1000, []), (700, [Grade.INFORMS]), (500, [Grade.WARNS]), (2000, [Grade.INFORMS]), (2500, [Grade.WARNS])],
)
def test_a_role_is_as_long_as_those_that_are_read(words, grade):
    role = make_role({"introduction": "Five words in a line. " * (words // 5)})

    assert grades(role, "words") == grade


def test_a_call_to_action_stands_on_the_page_in_its_language():
    role = make_role()
    make_cta("booking", language="pl")
    make_cta("role_band", is_active=False)
    touch_content()
    assert grades(role, "cta-missing") == [Grade.WARNS]

    make_cta("booking")
    touch_content()
    assert grades(role, "cta-missing") == [Grade.INFORMS]

    make_cta("role_band")
    make_cta("role_report")
    touch_content()
    assert found(role, "cta-missing") == []


# --- translations ---


def test_a_language_that_is_missing_is_named():
    role = make_role()
    said = [finding.sentence for finding in found(role, "translation-missing")]
    assert said == ["There is no version in Polish.", "There is no version in German."]

    for language in ("pl", "de"):
        make_role(language=language, translation_group=role.translation_group)
    assert found(role, "translation-missing") == []


def test_a_translation_is_stale_once_its_source_is_published_anew(clock):
    source = make_role()
    translation = make_role(language="pl", translation_group=source.translation_group)
    assert found(translation, "translation-stale") == []

    clock.shift(timedelta(hours=1))
    source.publish()
    assert grades(translation, "translation-stale") == [Grade.WARNS]
    assert grades(source, "translation-behind") == [Grade.INFORMS]
    assert found(source, "translation-stale") == []

    clock.shift(timedelta(hours=1))
    translation.save()
    assert found(translation, "translation-stale") == []
    assert found(source, "translation-behind") == []


def test_the_checklist_and_the_matrix_say_the_same_of_a_translation(clock):
    source = make_role({"introduction": "We forge."}, title="Smith")
    source.publish()
    translation = make_role(language="pl", translation_group=source.translation_group)
    mark_up_to_date(translation, source_of(translation, [source, translation]))

    clock.shift(timedelta(hours=1))
    source.publish()  # the same words anew
    assert stale_in_matrix(translation) is False
    assert found(translation, "translation-stale") == []

    clock.shift(timedelta(hours=1))
    source.sections.update(body="We forge and temper.")
    source.publish()
    Role.objects.get(pk=translation.pk).save()  # somebody saved the translation, and followed nothing
    translation.refresh_from_db()
    assert stale_in_matrix(translation) is True
    [line] = found(translation, "translation-stale")
    assert line.url == reverse("admin:roles_role_change", args=[translation.pk]) + "?beside=en"
    assert [line.found for line in found(source, "translation-behind")] == ["pl"]

    mark_up_to_date(translation, source_of(translation, [source, translation]))
    assert stale_in_matrix(translation) is False
    assert found(translation, "translation-stale") == found(source, "translation-behind") == []


def stale_in_matrix(role):
    [row] = documents(Role)
    return row.cells[role.language].is_stale


# --- exceptions ---


def test_words_that_are_fine_here_are_left_alone_in_their_language():
    role = make_role({"introduction": "Ninja Van is a client. Be a ninja."})
    polish = make_role({"introduction": "Ninja Van szuka: ninja, ninjy."}, language="pl")
    assert len(found(role, "wording")) == 2

    WordingException.objects.create(language="en", words="Ninja Van", reason="A client.")
    touch_content()
    assert [finding.quote for finding in found(role, "wording")] == ["Be a ninja."]
    assert len(found(polish, "wording")) == 2

    WordingException.objects.create(language="pl", words="ninj*", reason="A client.")
    touch_content()
    assert found(polish, "wording") == []


# --- much of it ---


def test_a_long_role_costs_two_queries_and_little_time(django_assert_num_queries):
    make_site()
    bodies = dict.fromkeys(Section.Kind.values, SENTENCES + "[Company] [four] [x](/people/)\n\n- item\n")
    role = Role.objects.select_related("picture").prefetch_related("sections", "levels", "resumes")
    role = role.get(pk=make_role(bodies).pk)
    checklist(role)

    with django_assert_num_queries(2):
        started = time.process_time()
        checklist(role)
        took = time.process_time() - started

    assert took < 0.2  # 15 ms on a quiet machine


@pytest.mark.parametrize(
    "piece",
    [
        "word ",
        "[",
        "![",
        "[a](",
        "#",
        "- ",
        "*",
        "<",
        "young ",
        "„",
        '"',
        "a.",
        "24",
        "PLN 1",
        "\n\n",
        "[1 ",
        "x\n=",
        "'",
        "up to ",
        "ninja ",
        "koleg ",
        "[Comapny] ",
        "#### x\n",
    ],
)
def test_two_hundred_kilobytes_stay_quick(piece):
    role = make_role({"introduction": "x", "offer": "x", "required": piece * (200_000 // len(piece))})

    started = time.process_time()
    checklist(role)

    assert time.process_time() - started < 4


def test_a_hundred_sections_stay_quick_and_cost_no_more(django_assert_max_num_queries):
    role = make_role()
    rows = [Section(role=role, kind="other", heading=f"No. {n}", body=SENTENCES, position=n) for n in range(100)]
    Section.objects.bulk_create(rows)

    with django_assert_max_num_queries(9):
        checklist(role)

"""Imports of a WordPress export of several hundred items and of a hundred Markdown files: nothing is lost."""

import io
import re
from collections import Counter

import pytest

from recruitcms.markup import plain_text, render_markdown
from roles.models import Role, Section
from roles.moving.applying import apply_run
from roles.moving.exporting import all_roles, role_files
from roles.moving.incoming import Seen
from roles.moving.markdown_files import read_markdown
from roles.moving.matching import kind_of, plain_words
from roles.moving.models import ImportRun
from roles.moving.reading import Opened
from roles.moving.runs import read_into_run
from roles.moving.wordpress import read_export
from tests.corpora import markdown, wild, wordpress
from tests.factories import make_category, make_person

ENOUGH = 0.95


def words(text):
    return " ".join(re.findall(r"\w+", text))


def said_by(item):
    """Return all the words that a document's page would show."""
    return words(" ".join(f"{part['heading']} {plain_text(render_markdown(part['body']))}" for part in item.sections))


def figures(items, headings, sentences):
    """Return (share of headings in their kind, those that are not, sentences that are lost)."""
    total, missed, lost = 0, Counter(), []
    for key, named in headings.items():
        sections, said = items[key].sections, said_by(items[key])
        for kind, heading in named:
            if kind != "other":
                total += 1
                found = [part["kind"] for part in sections if plain_words(part["heading"]) == plain_words(heading)]
                missed[(kind, heading)] += kind not in found
        lost += [sentence for sentence in sentences[key] if words(sentence) not in said]
    return 1 - missed.total() / total, +missed, lost


@pytest.mark.parametrize("seed", [1, 2])
def test_headings_of_a_wordpress_export_land_in_their_kinds_and_no_sentence_is_lost(seed):
    made = wordpress.export(300, seed)

    items = {item.key: item for item in read_export(io.BytesIO(made.xml.encode()), Seen())}
    share, missed, lost = figures(items, made.headings, made.sentences)

    print(f"WordPress, 300 items: {share:.1%} of the headings in their kind, {len(lost)} sentences lost")
    assert lost == []
    assert share >= ENOUGH, missed.most_common(20)


@pytest.mark.parametrize("seed", [1, 2])
def test_headings_of_a_hundred_markdown_files_land_in_their_kinds_and_no_sentence_is_lost(seed):
    made = markdown.files(100, seed)

    items = {name: read_markdown(name, text) for name, text in made.texts.items()}
    share, missed, lost = figures(items, made.headings, made.sentences)

    print(f"Markdown, 100 files: {share:.1%} of the headings in their kind, {len(lost)} sentences lost")
    assert lost == []
    assert share >= ENOUGH, missed.most_common(20)


@pytest.fixture
def rest(db):
    category, author = make_category(name="Data & AI"), make_person(name="Ada Nowak")
    for language in ("pl", "de"):
        category.copy_into(language)
        author.copy_into(language)
    return {"category": category, "author": author}


def imported(name, content, rest):
    run = read_into_run(name, [Opened(name, io.BytesIO(content))])
    ImportRun.objects.filter(pk=run.pk).update(**rest)
    run.refresh_from_db()
    apply_run(run)
    return dict(Counter(run.items.values_list("outcome", flat=True)))


def everything():
    return dict(role_files(all_roles())), Role.objects.count(), Section.objects.count()


def test_a_second_import_of_a_wordpress_export_changes_nothing(rest):
    content = wordpress.export(120).xml.encode()

    first = imported("wp.xml", content, rest)
    before, changed = everything(), set(Role.objects.values_list("updated_at", flat=True))
    second = imported("wp.xml", content, rest)

    assert first["added"] >= 119
    assert second == {"left_out": first["left_out"], "unchanged": first["added"]}
    assert everything() == before
    assert set(Role.objects.values_list("updated_at", flat=True)) == changed


def test_a_second_import_of_markdown_files_changes_nothing(rest):
    for _time in range(2):
        runs = [imported(name, text.encode(), rest) for name, text in markdown.files(40).texts.items()]
        outcomes = Counter(outcome for run in runs for outcome in run)
        if not _time:
            before = everything()

    assert outcomes == {"unchanged": 40}
    assert everything() == before


def test_translations_come_in_as_translations(rest):
    imported("wp.xml", wordpress.export(120).xml.encode(), rest)

    groups = Counter(Role.objects.values_list("translation_group", flat=True))

    assert groups.most_common(1)[0][1] == 2


def as_found(pairs):
    """Return (share of headings in a right kind, those that are not, sentences that are lost) of [(described, item)]."""
    total, missed, lost = 0, [], []
    for described, item in pairs:
        said = said_by(item)
        for kinds, heading, sentences in described.parts:
            named = plain_words(heading)
            found = {part["kind"] for part in item.sections if named in plain_words(part["heading"])}
            total += 1
            if not found & kinds and not (not found and "other" in kinds):
                missed.append((heading, found, kinds))
            lost += [sentence for sentence in sentences if words(sentence) not in said]
    return 1 - len(missed) / total, missed, lost


@pytest.mark.parametrize("first_look", [0, 7])
def test_headings_as_people_write_them_land_in_their_kinds_in_markdown(first_look):
    items = wild.all_described()
    pairs = [
        (item, read_markdown(f"{item.language}/{number}.md", wild.markdown_file(item, number + first_look)))
        for number, item in enumerate(items)
    ]

    share, missed, lost = as_found(pairs)

    assert lost == []
    assert share >= ENOUGH, missed


@pytest.mark.parametrize("first", [1, 8])
def test_headings_as_people_write_them_land_in_their_kinds_in_wordpress(first):
    items = wild.all_described()

    found = {item.key: item for item in read_export(io.BytesIO(wild.wordpress_export(items, first).encode()), Seen())}
    share, missed, lost = as_found([(item, found[str(first + number)]) for number, item in enumerate(items)])

    assert lost == []
    assert share >= ENOUGH, missed


SETS = ["headings_ordinary", "headings_mixed", "headings_odd"]


@pytest.mark.parametrize("name", SETS)
def test_headings_that_were_never_seen_when_they_were_written_land_in_their_kinds(name):
    total, missed, taken, others = 0, [], [], 0
    for item in wild.all_described(name):
        for kinds, heading, _sentences in item.parts:
            found = kind_of(heading, item.title)
            if kinds == {"other"}:
                others += 1
                taken += [(heading, found)] if found != "other" else []
            else:
                total += 1
                missed += [(heading, found, kinds)] if found not in kinds else []

    assert len(missed) <= (1 - ENOUGH) * total, missed
    assert len(taken) <= (1 - ENOUGH) * others, taken


@pytest.mark.parametrize("name", SETS)
def test_such_descriptions_come_whole_out_of_markdown_and_wordpress(name):
    items = wild.all_described(name)
    exported = {item.key: item for item in read_export(io.BytesIO(wild.wordpress_export(items, 1).encode()), Seen())}
    pairs = {
        "Markdown": [
            (item, read_markdown(f"{item.language}/{number}.md", wild.markdown_file(item, number)))
            for number, item in enumerate(items)
        ],
        "WordPress": [(item, exported[str(1 + number)]) for number, item in enumerate(items)],
    }

    for found in pairs.values():
        share, missed, lost = as_found(found)

        assert lost == []
        assert share >= ENOUGH, missed


@pytest.mark.parametrize(
    "heading",
    [
        "Our company culture", "Culture and values", "What we believe in", "We care about the planet", "Interview tips",
        "Glossary", "Legal notice", "How long does hiring take?", "Our growth so far", "Related templates",
        "Fernhill in numbers", "Reference number", "Rechtlicher Hinweis", "Informacja o przetwarzaniu danych",
        "A word from our founder", "Meet our people", "How we started", "What our customers say", "Awards",
        "How we treat each other", "Downloads", "Nasze zasady", "Unsere Geschichte", "Nota prawna",
    ],
)  # fmt: skip
def test_what_only_sounds_like_a_kind_lands_in_none_but_about_us(heading):
    assert kind_of(heading, "Tester") in {"other", "about"}


@pytest.mark.parametrize(
    "title",
    [
        "Senior Backend Engineer", "Head of Finance", "Recruiter", "Benefits Manager", "Contact Centre Agent", "Team Lead",
        "Location Scout", "Skills Coach", "Growth Product Manager, Remote", "Full Stack Developer (m/w/d)", "Kierownik projektu",
        "Specjalista ds. rekrutacji", "Specjalista ds. wynagrodzeń", "Koordynator szkoleń", "Kontroler jakości", "Automatyk",
        "Kundenberater", "Personalreferent", "Teamleitung Vertrieb", "Fachkraft für Lagerlogistik", "Steuerfachangestellte",
    ],
)  # fmt: skip
def test_the_title_of_a_role_names_no_kind(title):
    assert kind_of(title) == "other"


def test_a_second_import_of_what_people_write_changes_nothing(rest):
    content = wild.wordpress_export(wild.all_described()[:20]).encode()

    first = imported("wp.xml", content, rest)
    before = everything()

    assert sum(first.values()) == first["added"] == 20
    assert imported("wp.xml", content, rest) == {"unchanged": 20}
    assert everything() == before

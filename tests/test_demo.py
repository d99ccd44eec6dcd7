"""The demonstration content is complete, loads once, and stays as editors changed it."""

import re
from collections import Counter

import pytest
from django.core.management import call_command

from leads import records
from recruitcms.demo.load import FOLDER
from recruitcms.markup import plain_text
from roles import kit
from roles.files import read_role
from roles.models import Role, RoleRevision, Section

FILES = sorted((FOLDER / "roles").glob("*/*.md"))


@pytest.mark.django_db
def test_the_demonstration_loads_and_a_second_run_doubles_nothing(client, capsys):
    call_command("demo")
    counts = Counter(RoleRevision.objects.live().values_list("language", flat=True))
    role = Role.objects.get(slug="lead-data-engineer", language="en")
    role.title = "Changed by an editor"
    role.save()

    call_command("demo")

    assert counts["en"] >= 24
    assert counts["pl"] >= 6
    assert counts["de"] >= 3
    assert Counter(RoleRevision.objects.live().values_list("language", flat=True)) == counts
    assert Role.objects.get(pk=role.pk).title == "Changed by an editor"
    assert "all there" in capsys.readouterr().out.splitlines()[-1]
    for address in ("/", "/pl/", "/de/", "/roles/", "/people/", "/privacy-policy/", "/roles/lead-data-engineer/"):
        assert client.get(address).status_code == 200


@pytest.mark.django_db
def test_german_pages_show_german_pay_by_the_year_and_others_polish(client):
    call_command("demo")

    for role in Role.objects.filter(language="de"):
        assert re.search(r"\.000\xa0EUR im Jahr", words_of(client, role)), role.slug
        for other in role.translations():
            assert re.search(r"\d\xa0PLN (a month|miesięcznie)", words_of(client, other)), other.get_absolute_url()


def words_of(client, role):
    return plain_text(client.get(role.get_absolute_url()).content.decode())


@pytest.mark.django_db
def test_the_register_of_the_demonstration_is_whole_in_each_language(client):
    """CON-18"""
    call_command("demo")

    in_english, in_polish, in_german = (dict(records.register(language)) for language in ("en", "pl", "de"))

    assert [*in_english] == ["Sending the salary report", "Monthly hiring letter", "Answering an enquiry"]
    assert [*in_polish] == ["Wysłanie raportu płac", "Comiesięczny list o rekrutacji", "Odpowiedź na zapytanie"]
    assert [*in_german] == [
        "Versand des Gehaltsreports",
        "Monatlicher Recruiting-Brief",
        "Beantwortung einer Anfrage",
    ]
    for english, *others in zip(in_english.values(), in_polish.values(), in_german.values(), strict=True):
        assert [len(facts) for facts in others] == [len(english)] * 2
    page = client.get("/pl/polityka-prywatnosci/").content.decode()
    assert "<b>Jak wycofać zgodę</b></dt><dd>Jednym kliknięciem, przez link w każdej wiadomości</dd>" in page
    page = client.get("/de/datenschutzerklaerung/").content.decode()
    assert "<b>Wie Sie widerrufen</b></dt><dd>Mit einem Klick, über den Link in jeder E-Mail</dd>" in page


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["pl", "de"])
def test_a_reader_stays_in_the_language(client, language):
    """From the home page on, every link of ours leads to a page that exists, in the same language."""
    call_command("demo")
    found: dict[str, int] = {}
    waiting = [f"/{language}/"]

    while waiting:
        address = waiting.pop()
        response = client.get(address)
        found[address] = response.status_code
        page = response.content.decode()
        assert f'<html lang="{language}"' in page
        links = [tag for tag in re.findall(r"<a [^>]*>", page) if "hreflang=" not in tag]
        paths = {href.split("#")[0] for tag in links for href in re.findall(r'href="(/[^"]*|\?[^"]*)"', tag)}
        paths = {path for path in paths if path.startswith("/") and not path.startswith("/media/")}
        assert {path for path in paths if not path.startswith(f"/{language}/")} == set()
        waiting += [path for path in paths - {*found, *waiting} if not path.endswith((".txt", ".pdf", ".docx", ".md"))]

    assert set(found.values()) == {200}
    assert len(found) > 15


def test_there_are_24_english_6_polish_and_3_german_roles_in_6_categories():
    files = [read_role(path.read_text()) for path in FILES]
    languages = Counter(path.parent.name for path in FILES)

    assert languages["en"] >= 24
    assert languages["pl"] >= 6
    assert languages["de"] >= 3
    assert len({file.meta["category"] for file in files}) == 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_role_is_whole(path):
    file = read_role(path.read_text())
    texts = [
        text for section in file.sections for text in (section.heading, section.body, section.advice, section.note)
    ]

    kinds = {section.kind for section in file.sections}
    assert set(Section.Kind.values) - Section.BY_CHOICE <= kinds
    assert kinds & kit.KINDS in (set(), kit.KINDS)
    assert len(plain_text(" ".join(texts)).split()) >= 900
    assert file.meta["slug"] == path.stem
    assert len(file.meta["search_title"]) <= 70
    assert len(file.meta["search_description"]) <= 170


def test_no_two_roles_share_a_sentence_of_the_trade():
    """The same opening or the same duty twice would be filler; standing lines (a source, a contact) may repeat."""
    seen: dict[str, str] = {}
    shared = []
    for path in (path for path in FILES if path.parent.name == "en"):
        for section in read_role(path.read_text()).sections:
            if section.kind in {"contact", "offer", "pay", "resumes"}:
                continue
            for sentence in re.split(r"(?<=[.?])\s+|\n", section.body):
                if len(sentence.split()) > 7 and seen.setdefault(sentence.strip(), path.stem) != path.stem:
                    shared.append((sentence, path.stem, seen[sentence.strip()]))

    assert shared == []

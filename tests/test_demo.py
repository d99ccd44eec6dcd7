"""The demonstration content is complete, loads once, and stays as editors changed it."""

import re
from collections import Counter

import pytest
from django.core.management import call_command

from leads import records
from recruitcms.demo.load import FOLDER
from recruitcms.markup import plain_text
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
    assert Counter(RoleRevision.objects.live().values_list("language", flat=True)) == counts
    assert Role.objects.get(pk=role.pk).title == "Changed by an editor"
    assert "all there" in capsys.readouterr().out.splitlines()[-1]
    for address in ("/", "/pl/", "/roles/", "/people/", "/privacy-policy/", "/roles/lead-data-engineer/"):
        assert client.get(address).status_code == 200


@pytest.mark.django_db
def test_the_register_of_the_demonstration_is_whole_in_both_languages(client):
    """CON-18"""
    call_command("demo")

    in_english, in_polish = (dict(records.register(language)) for language in ("en", "pl"))

    assert [*in_english] == ["Sending the salary report", "Monthly hiring letter", "Answering an enquiry"]
    assert [*in_polish] == ["Wysłanie raportu płac", "Comiesięczny list o rekrutacji", "Odpowiedź na zapytanie"]
    for english, polish in zip(in_english.values(), in_polish.values(), strict=True):
        assert len(polish) == len(english)
    page = client.get("/pl/polityka-prywatnosci/").content.decode()
    assert "<b>Jak wycofać zgodę</b></dt><dd>Jednym kliknięciem, przez link w każdej wiadomości</dd>" in page


def test_there_are_24_english_and_6_polish_roles_in_6_categories():
    files = [read_role(path.read_text()) for path in FILES]
    languages = Counter(path.parent.name for path in FILES)

    assert languages == {"en": 24, "pl": 7} or (languages["en"] >= 24 and languages["pl"] >= 6)
    assert len({file.meta["category"] for file in files}) == 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_role_is_whole(path):
    file = read_role(path.read_text())
    texts = [
        text for section in file.sections for text in (section.heading, section.body, section.advice, section.note)
    ]

    assert {section.kind for section in file.sections} == set(Section.Kind.values)
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
            if section.kind in {"contact", "offer", "resumes"}:
                continue
            for sentence in re.split(r"(?<=[.?])\s+|\n", section.body):
                if len(sentence.split()) > 7 and seen.setdefault(sentence.strip(), path.stem) != path.stem:
                    shared.append((sentence, path.stem, seen[sentence.strip()]))

    assert shared == []

"""The demonstration content is complete, loads once, and stays as editors changed it."""

import re
from collections import Counter
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.test import TestCase, override_settings

from leads import records
from recruitcms.demo.load import FOLDER
from recruitcms.markup import plain_text
from roles import kit
from roles.files import read_role
from roles.models import Role, RoleLevel, RoleRevision, Section
from tests.test_for_machines import alternates_of, data_of, page_of

FILES = sorted((FOLDER / "roles").glob("*/*.md"))


POLICIES = {
    "/privacy-policy/": "aged 16",
    "/pl/polityka-prywatnosci/": "16 lat",
    "/de/datenschutzerklaerung/": "ab 16 Jahren",
}


def words_of(client, role):
    return plain_text(page_of(client, role.get_absolute_url()))


def assert_a_reader_stays_in(language, client):
    """From the home page on, every link of ours leads to a page that exists, in the same language."""
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


@pytest.mark.xdist_group("demonstration")
class Demonstration(TestCase):
    """Loaded once for all that look at it (`setUpTestData`): loading takes as long as a hundred other tests.

    Each test's own changes are taken back.
    """

    @classmethod
    def setUpTestData(cls) -> None:
        call_command("demo", stdout=StringIO())

    def test_the_demonstration_loads_and_a_second_run_doubles_nothing(self):
        counts = Counter(RoleRevision.objects.live().values_list("language", flat=True))
        role = Role.objects.get(slug="lead-data-engineer", language="en")
        role.title = "Changed by an editor"
        role.save()

        said = StringIO()
        call_command("demo", stdout=said)

        assert counts["en"] >= 24
        assert counts["pl"] >= 6
        assert counts["de"] >= 3
        assert Counter(RoleRevision.objects.live().values_list("language", flat=True)) == counts
        assert Role.objects.get(pk=role.pk).title == "Changed by an editor"
        assert said.getvalue() == "Demonstration content: all there.\n"
        for address in ("/", "/pl/", "/de/", "/roles/", "/people/", "/privacy-policy/", "/roles/lead-data-engineer/"):
            assert self.client.get(address).status_code == 200

    def test_german_pages_show_german_pay_by_the_year_and_others_polish(self):
        for role in Role.objects.filter(language="de"):
            assert re.search(r"\.000\xa0EUR im Jahr", words_of(self.client, role)), role.slug
            for other in role.translations():
                assert re.search(r"\d\xa0PLN (a month|miesięcznie)", words_of(self.client, other)), (
                    other.get_absolute_url()
                )

    def test_the_register_of_the_demonstration_is_whole_in_each_language(self):
        """CON-18"""
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
        page = self.client.get("/pl/polityka-prywatnosci/").content.decode()
        assert "<b>Jak wycofać zgodę</b></dt><dd>Jednym kliknięciem, przez link w każdej wiadomości</dd>" in page
        page = self.client.get("/de/datenschutzerklaerung/").content.decode()
        assert "<b>Wie Sie widerrufen</b></dt><dd>Mit einem Klick, über den Link in jeder E-Mail</dd>" in page

    def test_a_reader_stays_in_polish(self):
        assert_a_reader_stays_in("pl", self.client)

    def test_a_reader_stays_in_german(self):
        assert_a_reader_stays_in("de", self.client)

    @override_settings(PRODUCTION=True)
    def test_all_pages_of_the_demonstration_point_at_each_other_and_none_is_a_job_posting(self):
        sitemap = ElementTree.fromstring(self.client.get("/sitemap.xml").content)
        names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
        listed = {
            url.findtext("s:loc", namespaces=names).removeprefix("http://testserver"): {
                link.get("hreflang"): link.get("href").removeprefix("http://testserver")
                for link in url.findall("x:link", names)
            }
            for url in sitemap.findall("s:url", names)
        }
        waiting, said, levels = [*listed], {}, {}

        while waiting:
            address = waiting.pop()
            page = page_of(self.client, address)
            assert "JobPosting" not in page
            if 'content="noindex"' in page:  # an empty shelf
                assert address not in listed
                continue
            said[address] = alternates_of(page)
            assert f'<link rel="canonical" href="http://testserver{address}">' in page
            assert re.search(r'<meta name="description" content="[^"]{20,}">', page), address
            assert f'<meta property="og:url" content="http://testserver{address}">' in page
            for thing in data_of(page).values():
                for item in thing.get("itemListElement", []):
                    assert item["item"].startswith("http://testserver/")
            levels |= dict.fromkeys(re.findall(r'<a class="chip" href="([^"]+)" data-level="[^"]', page), address)
            shelves = re.findall(r'<a class="chip" href="(/[^"]*category=[^"]*)"', page)
            waiting += {*shelves, *said[address].values()} - said.keys() - {*waiting}

        assert len(levels) > 10
        for address, base in levels.items():
            page = page_of(self.client, address)
            assert f'<link rel="canonical" href="http://testserver{base}">' in page
            assert "JobPosting" not in page
            assert not alternates_of(page)
            assert address not in listed
        assert len(said) > 60
        for address, alternates in said.items():
            for other in alternates.values():
                assert said[other] == alternates, (address, other)
            if address in listed:
                assert listed[address] == alternates, address
        assert (
            len([address for address, alternates in said.items() if len(alternates) == 4]) > 20
        )  # three, and the default

    def test_every_level_of_the_demonstration_has_a_page(self):
        leveled = RoleLevel.objects.values_list("role__language", "role__slug", "level")

        assert {language for language, _slug, _level in leveled} == {"en", "pl", "de"}
        for language, slug, level in leveled:
            page = page_of(self.client, RoleRevision.address_at(language, slug, level))
            assert page.count("data-changed") >= 2
        for role in Role.objects.filter(levels__isnull=False).distinct():
            assert not role.problems()

    def test_the_policy_says_whom_the_site_is_for(self):
        """CON-20"""
        assert {path for path, words in POLICIES.items() if words in page_of(self.client, path)} == set(POLICIES)


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

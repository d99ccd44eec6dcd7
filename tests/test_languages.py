"""A language is a setting: pages, forms and the admin follow it, and no migration is owed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.urls import reverse

from leads.models import ConsentEvent, ConsentText, Submission
from recruitcms.demo import load
from recruitcms.languages import direction, read_languages
from recruitcms.management.commands import demo
from recruitcms.models import SiteSettings
from recruitcms.settings import read
from recruitcms.sitemaps import live_addresses
from roles.models import Role
from tests.factories import make_cta, make_page, make_role, make_site, published_role
from tests.lead_factories import make_wordings, published_report

ROOT = Path(__file__).parent.parent
CZECH_AND_ARABIC = [("en", "English"), ("pl", "Polski"), ("cs", "Čeština"), ("ar", "العربيّة")]
PUBLIC = ["", "roles/", "roles/?q=engineer", "people/", "consultation/", "consultation/thanks/"]


@pytest.fixture
def more_languages(settings):
    settings.LANGUAGES = CZECH_AND_ARABIC


def run(*words, **environment):
    """Return what a command of manage.py answers in an environment of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


# --- the setting ---


def test_languages_are_read_with_their_names_in_their_own_words():
    assert read_languages("en, pl,DE") == [("en", "English"), ("pl", "Polski"), ("de", "Deutsch")]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("en,xx", "unknown: xx"),
        ("en,zh-cn", "unknown: zh-cn"),
        ("en,../admin", "unknown: ../admin"),
        ("en,en", "each language once"),
        (",", "write codes like"),
    ],
)
def test_a_language_that_cannot_be_stops_the_start_and_is_named(monkeypatch, value, sentence):
    monkeypatch.setenv("LANGUAGES", value)

    with pytest.raises(ImproperlyConfigured, match="LANGUAGES=") as refusal:
        read("LANGUAGES", "en", read_languages)

    assert sentence in str(refusal.value)


@pytest.mark.parametrize("languages", ["en,pl,cs,ar", "pl,en"])
def test_another_language_needs_no_migration(languages):
    migrations = run("makemigrations", "--check", "--dry-run", LANGUAGES=languages)
    checks = run("check", LANGUAGES=languages)

    assert (migrations.stdout.strip(), migrations.returncode) == ("No changes detected", 0)
    assert checks.returncode == 0


# --- pages without any content in their language ---


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["pl", "de"])
@pytest.mark.parametrize("path", PUBLIC)
def test_every_public_page_works_before_there_is_content(client, language, path):
    make_wordings("en")
    published_role(title="English alone")
    SiteSettings.get().save()

    response = client.get(f"/{language}/{path}")

    page = response.content.decode()
    assert response.status_code == 200
    assert f'<html lang="{language}" dir="ltr">' in page
    assert "English alone" not in page
    assert not re.search(r"<h1[^>]*>\s*</h1>", page)


@pytest.mark.django_db
@pytest.mark.usefixtures("more_languages")
@pytest.mark.parametrize("path", PUBLIC)
def test_a_language_from_right_to_left_turns_the_page_round(client, path):
    assert '<html lang="ar" dir="rtl">' in client.get(f"/ar/{path}").content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("more_languages")
def test_addresses_switch_and_sitemap_follow_the_setting(client):
    page = client.get("/cs/people/").content.decode()

    assert re.findall(r'hreflang="([a-z-]+)"', page.split("</head>")[0]) == ["cs", "en", "pl", "ar", "x-default"]
    assert 'href="/ar/people/" lang="ar"' in page
    assert "http://testserver/cs/people/" in [address["url"] for address in live_addresses()]
    assert client.get("/de/roles/").status_code == 404


@pytest.mark.django_db
def test_a_language_that_was_taken_away_is_offered_nowhere(client, settings):
    role = published_role(slug="engineer")
    published_role(slug="inzynier", language="pl", translation_group=role.translation_group)
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]

    page = client.get("/roles/engineer/").content.decode()

    assert "inzynier" not in page
    assert "inzynier" not in client.get("/sitemap.xml").content.decode()
    assert client.get("/pl/roles/inzynier/").status_code == 404


@pytest.mark.django_db
def test_the_empty_library_leads_to_the_languages_that_have_templates(client):
    page = client.get("/pl/roles/").content.decode()

    assert 'href="/roles/" lang="en"' in page.split("<main")[1].split("</main>")[0]


# --- forms ---


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ["pl", "de"])
def test_a_form_without_words_in_its_language_leads_to_one_that_has_them(client, wanted):
    make_site()
    make_wordings("en")

    page = client.get(f"/{wanted}/consultation/").content.decode().split("<main")[1]

    assert "<textarea" not in page
    assert '<a class="link" href="/consultation/" lang="en" hreflang="en">English</a>' in page


@pytest.mark.django_db
def test_nobody_agrees_to_words_that_their_page_does_not_have(client):
    make_site()
    words = make_wordings("en")["consultation"]

    response = client.post(
        "/de/consultation/",
        {
            "name": "Marta",
            "email": "m@q.example",
            "topic": "hire",
            "message": "Hello",
            "consent_consultation": words.sha256,
        },
    )

    assert response.status_code == 200
    assert not Submission.objects.exists()
    assert not ConsentEvent.objects.exists()


@pytest.mark.django_db
def test_a_form_whose_policy_is_not_translated_leads_to_the_sites_own(client):
    make_site()
    make_page(purpose="privacy", slug="privacy-policy").publish()
    words = make_wordings("de")["consultation"]

    page = client.get("/de/consultation/").content.decode()

    assert '<a href="/privacy-policy/" hreflang="en">' in page
    assert (words.policy_version, words.notice_url) == ("privacy-policy/1", "/privacy-policy/")


@pytest.mark.django_db
def test_a_report_without_words_leads_to_its_translation(client):
    make_site()
    make_wordings("en")
    report = published_report(slug="salaries")
    published_report(slug="gehaelter", language="de", translation_group=report.translation_group)

    page = client.get("/de/reports/gehaelter/").content.decode().split("<main")[1]

    assert 'name="email"' not in page
    assert 'href="/reports/salaries/" lang="en"' in page


@pytest.mark.django_db
def test_a_role_page_without_words_shows_no_form_and_still_the_way_to_one(client):
    make_wordings("en")
    published_report(language="de", slug="gehaelter")
    make_cta("booking", language="de", heading="Sprechen wir")
    published_role(language="de", slug="rolle")

    page = client.get("/de/roles/rolle/").content.decode().split("<main")[1]

    assert 'name="email"' not in page
    assert "/de/consultation/" in page


# --- the admin and the demonstration ---


@pytest.mark.django_db
@pytest.mark.usefixtures("more_languages")
def test_the_admin_offers_every_language(admin_client):
    role = make_role()

    page = admin_client.get(reverse("admin:roles_role_change", args=[role.pk])).content.decode()
    site = admin_client.get(reverse("admin:recruitcms_sitesettings_change", args=[1])).content.decode()

    assert "Čeština: make a copy to translate" in page
    assert 'name="texts-MAX_NUM_FORMS" value="4"' in site


@pytest.mark.django_db
def test_the_demonstration_is_left_out_of_a_site_without_english(monkeypatch, capsys):
    monkeypatch.setattr(demo, "LANGUAGES", ["cs"])

    call_command("demo")

    assert "left out, since English is not among LANGUAGES" in capsys.readouterr().out
    assert not Role.objects.exists()


@pytest.mark.django_db
def test_the_demonstration_comes_in_the_languages_of_the_site_alone(monkeypatch):
    monkeypatch.setattr(load, "LANGUAGES", ["en", "cs"])

    load.load_demo()

    assert {role.language for role in Role.objects.all()} == {"en"}
    assert {text.language for text in ConsentText.objects.all()} == {"en"}


def test_direction_is_known_for_every_language():
    assert [direction(code) for code in ("en", "ar", "he", "xx")] == ["ltr", "rtl", "rtl", "ltr"]

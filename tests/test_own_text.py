"""“Check your own text”: the editors' checklist for visitors, by one request that keeps nothing."""

import logging
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client

from recruitcms.models import WordingException
from recruitcms.publishing import touch_content
from recruitcms.quality import Finding, Grade
from roles import own_text_views
from roles.moving import matching
from roles.own_text import MOST_CHARACTERS, highlighted, report_on
from tests.factories import make_site

ADVERT = """Senior Python Developer

About the role
You will join a team of six. We are looking for a rockstar who writes short functions.

Requirements
- Python
- SQL
- English at B2

What we offer
- 18,000 to 24,000 PLN gross a month
"""
PAGES = {"en": "/check-your-text/", "pl": "/pl/check-your-text/", "de": "/de/check-your-text/"}


@pytest.fixture(autouse=True)
def site(db):
    make_site()


def check(client, text, language="en", page="/check-your-text/"):
    return client.post(page, {"text": text, "language": language})


def keys(findings):
    return [finding.key for finding in findings]


# --- what is said ---


def test_words_are_quoted_with_their_sentence_the_reason_and_what_to_write(client):
    page = check(client, ADVERT).content.decode()

    assert "We are looking for a <mark>rockstar</mark> who writes short functions." in page
    assert "Words with a gendered ring" in page
    assert "experienced, skilled" in page


def test_findings_are_summed_up_by_grade(client):
    report = report_on(ADVERT, "en")

    assert keys(report.change) == ["wording", "words"]
    assert report.in_words == f"2 things to change, {len(report.fine)} fine"
    assert report.fine == [
        "The pay is named.",
        "3 hard requirements: few enough.",
        "Easy enough to read.",
        "No sentence has more than 35 words.",
    ]
    assert f">{report.in_words}</h2>" in check(client, ADVERT).content.decode()


def test_a_text_with_nothing_to_change_is_told_so():
    section = "We plan the week on Monday and write down what we agreed. You choose your hours. " * 22

    report = report_on(f"## About the role\n\n{section}\n\n## Requirements\n\n- SQL\n\n## Pay\n\n[Salary range]", "en")

    assert report.change == []
    assert report.in_words.startswith("Nothing to change, ")


def test_hard_requirements_are_counted_below_their_heading_alone():
    many = "\n".join(f"- Skill {number}" for number in range(9))

    required = report_on(f"What you bring\n\n{many}\n\nPay: 5,000 EUR", "en")
    duties = report_on(f"Your tasks\n\n{many}\n\nPay: 5,000 EUR", "en")

    assert "requirements-many" in keys(required.change)
    assert keys(duties.change + duties.consider).count("requirements-many") == 0
    assert "requirements-unseen" in keys(duties.consider)


@pytest.mark.parametrize(
    "text",
    [
        "<h2>Requirements</h2><ul><li>SQL</li><li>Go</li></ul>",
        "## Requirements\n\n- SQL\n- Go",
        "Requirements:\n• SQL\n• Go",
        "**Requirements**\n\n1. SQL\n2. Go",
    ],
)
def test_html_markdown_and_plain_text_are_read_alike(text):
    assert dict(report_on(text, "en").measures)["Hard requirements"] == "2"


def test_pay_is_named_or_missed():
    assert "pay-missing" in keys(report_on("## We offer\n\n- Competitive salary", "en").change)
    assert "The pay is named." in report_on("## We offer\n\n- 5,000 to 6,000 EUR", "en").fine


def test_each_finding_says_why_or_what_to_write():
    long = "and so on " * 200
    for text in (ADVERT, f"{long}.", "Requirements\n" + "- a\n" * 9, "Nothing of the kind."):
        report = report_on(text, "en")
        found = [finding for finding in report.change + report.consider if finding.key != "reading-hardest"]
        assert all(finding.reason or finding.alternative for finding in found)


def test_measures_are_shown(client):
    page = check(client, ADVERT).content.decode()

    measures = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert measures["Hard requirements"] == "3"
    assert int(measures["Word count"]) == 41
    assert measures["Reading time"] == "1 min"


def test_the_language_is_the_pages_unless_another_is_chosen(client):
    polish = "Szukamy osoby, która jest ninja. Młody, dynamiczny zespół czeka."

    own = client.post(PAGES["pl"], {"text": polish}).content.decode()
    chosen = check(client, polish, "pl").content.decode()
    unknown = check(client, polish, "xx").content.decode()

    assert '<option value="pl" selected>' in own
    assert "<mark>ninja</mark>" in own
    assert '<blockquote lang="pl"' in chosen
    assert '<option value="en" selected>' in unknown


def test_a_heading_beside_a_finding_is_said_in_the_language_of_the_text(client):
    text = "Szukamy osoby, która jest ninja.\n\nWymagania\n\n- Ninja\n\nOferujemy\n\n- Atrakcyjna praca"

    page = check(client, text, "pl").content.decode()

    hints = re.findall(r'</b> <span class="hint"([^>]*)>(.*?)</span>', page)
    assert hints == [(' lang="pl" dir="auto"', "Wymagania")]
    assert "No section names the pay." in page  # of the whole text, so that no heading stands beside it


def test_words_that_are_fine_on_this_site_are_fine_here():
    WordingException.objects.create(language="en", words="rockstar", reason="A product")
    touch_content()

    assert "wording" not in keys(report_on(ADVERT, "en").change)


# --- nothing is kept ---


def everything_stored():
    """Yield all that the database and the caches hold, as texts."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            yield from map(str, cursor.fetchall())
    for name in settings.CACHES:
        yield str(dict(getattr(caches[name], "_cache", {})))


@pytest.mark.parametrize("status", [200, 422, 429])
def test_the_text_is_in_no_log_cache_or_row_and_no_cookie_is_set(client, caplog, monkeypatch, status):
    """SEC-22, COO-1: not even in the memory of what the headings were compared with."""
    caplog.set_level(logging.DEBUG, logger="")
    if status == 429:
        monkeypatch.setattr(own_text_views, "CHECKS_AT_ONCE", 0)
    text = "Quillzebra\n\nQuillzebras responsibilitees\n- Quillzebra rockstar\n" * (2000 if status == 422 else 1)

    response = check(client, text)

    assert response.status_code == status
    assert "Quillzebra" in response.content.decode()
    cache.set("control", "seen here")
    logging.getLogger("roles").debug("and here")
    kept = [*everything_stored(), caplog.text]
    assert all(any(control in text for text in kept) for control in ("seen here", "and here", "Northbeam"))
    assert not any("quillzebra" in text.lower() for text in kept)
    assert not response.cookies
    assert [
        compared.cache_info().currsize for compared in (matching._named, matching.names_a_kind, matching._mend)
    ] == [0] * 3


def test_an_answer_stays_out_of_caches_and_search_engines(client):
    """SEC-20"""
    response = check(client, ADVERT)
    page = response.content.decode()

    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in page
    assert "canonical" not in page


# --- the page ---


@pytest.mark.parametrize(("language", "address"), PAGES.items())
def test_the_empty_page_is_listed_in_every_language(client, settings, language, address):
    settings.PRODUCTION = True
    page = client.get(address).content.decode()
    alternates = dict(re.findall(r'hreflang="([\w-]+)" href="http://testserver(.*?)"', page))

    assert f'<html lang="{language}"' in page
    assert f'<link rel="canonical" href="http://testserver{address}">' in page
    assert alternates == PAGES | {"x-default": PAGES["en"]}
    assert re.search(r'<meta name="description" content="[^"]{60,170}">', page)
    assert "noindex" not in page
    assert f"<loc>http://testserver{address}</loc>" in client.get("/sitemap.xml").content.decode()
    assert f'href="{address}"' in client.get(f"{'' if language == 'en' else '/' + language}/roles/").content.decode()


def test_other_methods_and_other_sites_are_refused(client):
    assert client.put("/check-your-text/").status_code == 405
    assert client.delete("/check-your-text/").status_code == 405
    assert client.head("/check-your-text/").status_code == 200
    other = Client(headers={"Sec-Fetch-Site": "cross-site"})
    assert other.post("/check-your-text/", {"text": ADVERT}).status_code == 403


# --- limits ---


def test_a_text_that_is_too_long_is_told_so_and_stays_in_the_field(client):
    """SEC-24"""
    text = "Łódź " * (MOST_CHARACTERS // 5 + 1)

    response = check(client, text)
    page = unescape(response.content.decode())

    assert response.status_code == 422
    assert "The text has 50,005 characters, and 50,000 can be checked." in page
    assert f">\n{text}</textarea>" in page
    assert 'aria-invalid="true"' in page
    assert "<title>Error: " in page


@pytest.mark.parametrize("number", [45_000, MOST_CHARACTERS + 1])
def test_a_text_weighs_what_its_letters_do_on_the_way(client, number):
    """SEC-24: an emoji is one character, and twelve bytes in a form."""
    text = "🎉 work " * (number // 7) + "🎉" * (number % 7)

    for sent in (text, "a " + "🎉" * (number - 2)):
        form = urlencode({"text": sent, "language": "en"})
        response = client.post("/check-your-text/", form, content_type="application/x-www-form-urlencoded")

        assert response.status_code == (200 if number <= MOST_CHARACTERS else 422)
        assert f">\n{sent}</textarea>" in response.content.decode()


def test_what_no_form_weighs_is_refused_unread(client):
    """SEC-24"""
    assert check(client, "x" * own_text_views.MAX_BYTES).status_code == 413


def test_one_network_may_check_so_many_texts_and_then_waits(client, monkeypatch):
    """SEC-18"""
    monkeypatch.setattr(own_text_views, "CHECKS_AT_ONCE", 2)

    answers = [check(client, ADVERT) for _number in range(3)]
    page = unescape(answers[-1].content.decode())

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "600"
    assert "try again in 10 minutes" in page
    assert ADVERT.strip() in page
    assert client.get("/check-your-text/").status_code == 200


# --- odd input ---


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Paste your job description"),
        ("   \n\t ", "Paste your job description"),
        ("?!… — *** 🎉", "There are no words in this text"),
    ],
)
def test_a_text_without_words_is_asked_for(client, text, words):
    response = check(client, text)

    assert response.status_code == 422
    assert words in response.content.decode()


@pytest.mark.parametrize(
    "text",
    [
        '<script>alert("1")</script><p onclick="x()">A ninja & more</p>',
        "</textarea><script>alert(1)</script> ninja",
        "אנחנו מחפשים ninja לצוות",
        "x" * 10_000,
        "🎉 ninja 👩‍👩‍👧 " * 50,
        "ninja\0 and \x0b more",
        "[](javascript:alert(1)) ninja ![](x) {{ 7*7 }} {% now 'Y' %}",
        "\n\nninja\n",
        "# " * 5000 + "a",
        "<p>a" * 6000,  # more tags than an advert has
        "\ud83d ninja".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    ],
)
def test_odd_texts_are_shown_as_typed_and_never_run(client, text):
    response = check(client, text)
    page = response.content.decode()
    field = re.search(r'<textarea class="input" id="text".*?>\n(.*?)</textarea>', page, re.DOTALL)[1]

    assert response.status_code == 200
    assert unescape(field) == text.replace("\0", "")
    assert "<script>alert" not in page
    assert "onclick" not in page.replace(field, "")


def test_a_marked_sentence_is_escaped():
    finding = Finding("wording", Grade.WARNS, "", quote="<b>A Ninja</b> & more", words="ninja")

    assert highlighted(finding) == "&lt;b&gt;A <mark>Ninja</mark>&lt;/b&gt; &amp; more"
    assert highlighted(Finding("x", Grade.WARNS, "", quote="<i>")) == "&lt;i&gt;"

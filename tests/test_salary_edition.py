"""An edition of the report made from the salary table: shown first, made as a draft, and then handed out."""

import io
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from leads import confirmation, tokens
from leads.models import Edition, Submission
from recruitcms import salary_edition
from tests.factories import image_file, make_band, make_role, make_site, make_user
from tests.lead_factories import make_wordings, published_report
from tests.test_admin_publishing import version
from tests.test_lead_admin import report_form
from tests.test_salary_report import text_of

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)


@pytest.fixture
def words():
    make_site()
    return make_wordings()


@pytest.fixture
def report(words):
    return published_report(slug="salary-report", method="Only offers that were accepted count.\n\nNames go first.")


@pytest.fixture
def roles():
    """Two roles with figures, by level, contract and place."""
    engineer, designer = make_role(title="Data Engineer"), make_role(title="Product Designer")
    make_band(engineer, date=date(2026, 10, 1))
    make_band(engineer, date=date(2026, 10, 1), contract="b2b", low=27000, median=31000, high=35000)
    make_band(engineer, date=date(2026, 9, 1), level="lead", low=30000, median=33000, high=36000)
    make_band(designer, date=date(2026, 10, 1), country="DE", currency="EUR", period="year", source="Destatis")
    return engineer, designer


def url_of(report):
    return reverse("admin:leads_report_salary_edition", args=[report.pk])


def make(client, report, day=DAY):
    return client.post(url_of(report), {"date": day, "_make": "1"}, follow=True)


def files():
    """Return the names of all stored editions."""
    storage = Edition._meta.get_field("file").storage
    years = storage.listdir("editions")[0] if storage.exists("editions") else []
    return {name for year in years for name in storage.listdir(f"editions/{year}")[1]}


def words_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_staff_see_what_would_be_in_it_and_what_not(admin_client, report, roles):
    make_role(title="Technical Writer")
    make_band(make_role(title="Old Hand"), date=date(2025, 5, 19))
    make_band()
    before = files()

    shown = words_of(admin_client.post(url_of(report), {"date": DAY, "_show": "1"}))

    assert "4 rows of the salary table, 2 roles: Data Engineer, Product Designer." in shown
    assert "Levels: Senior, Lead." in shown
    assert "Germany, EUR a year: 1 line" in shown
    assert "Poland, PLN a month: 2 lines On one kind of contract alone: Data Engineer, Lead." in shown
    assert "1 row is older than 18 months" in shown
    assert "1 row is of a role that was deleted" in shown
    assert "Roles of the library without figures: Old Hand, Technical Writer." in shown
    assert (report.editions.count(), files()) == (1, before)


def test_the_newest_figures_up_to_the_day_count(roles):
    engineer, _designer = roles
    make_band(engineer, date=date(2026, 11, 10), median=28000)
    make_band(engineer, date=date(2026, 11, 25), median=29000)

    rows = salary_edition.read("en", DAY).rows_of("PL", "PLN", "month")

    assert [(row["level"], row["employment_median"], row["b2b_median"]) for row in rows] == [
        ("senior", 28000, 31000),
        ("lead", 33000, None),
    ]


def test_roles_are_called_what_the_edition_s_readers_call_them(roles):
    engineer, designer = roles
    make_role(title="Inżynier danych", language="pl", translation_group=engineer.translation_group)
    make_band(make_role(title="Product Designer", slug="designer-2"), date=date(2026, 10, 1))

    figures = salary_edition.read("pl", DAY)

    assert figures.roles == ["Inżynier danych", "Product Designer (designer-2)", f"Product Designer ({designer.slug})"]


@pytest.mark.parametrize("number", [1, 40])
def test_reading_the_table_costs_two_queries(django_assert_num_queries, number):
    for _row in range(number):
        make_band(make_role(), date=date(2026, 10, 1))

    with django_assert_num_queries(2):
        assert len(salary_edition.read("en", DAY).markets[0].rows) == number


def test_a_draft_is_made_that_staff_open_and_nobody_else_gets(admin_client, client, report, roles):
    current = report.current_edition

    made = make(admin_client, report)

    draft = report.editions.get(is_draft=True)
    file = admin_client.get(reverse("admin:leads_report_edition", args=[draft.pk]))
    pdf = b"".join(file.streaming_content)
    assert made.redirect_chain[0][0].startswith(reverse("admin:leads_report_change", args=[report.pk]))
    assert "A draft was made. Open its file , then" in words_of(made)
    assert report.current_edition == current
    assert (draft.date, draft.size, draft.file_name) == (DAY, len(pdf), "salary-report-2026-11-20")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == draft.pages
    assert draft.file.storage == Edition._meta.get_field("file").storage


def test_the_pdf_holds_the_figures_the_sources_and_the_report_s_own_method(admin_client, report, roles):
    make(admin_client, report)
    with report.editions.get(is_draft=True).file.open("rb") as file:
        text = text_of(file.read())

    text = " ".join(text.split())
    assert "Pay: Poland, PLN a month" in text
    assert "Pay: Germany, EUR a year" in text
    assert "Senior 24,000 27,200 31,000 27,000 31,000 35,000" in text
    assert "Lead 30,000 33,000 36,000 – – –" in text
    assert "Source: Destatis, Northbeam." in text
    assert "Counted: accepted offers: 168." in text
    assert "Only offers that were accepted count." in text
    assert "Sample figures" not in text


@pytest.mark.parametrize("title", ["Engineer <b>bold", '<img src="{path}"/>', "R&D <br/> & more", "</para>"])
def test_a_title_is_no_markup(admin_client, report, tmp_path, title):
    """SEC-8: it embeds no file of the server, and stops no edition."""
    picture = tmp_path / "x.png"
    picture.write_bytes(image_file().read())
    title = title.format(path=picture)
    make_band(make_role(title=title), date=date(2026, 10, 1), place=title[:60], source=title)

    make(admin_client, report)

    with report.editions.get(is_draft=True).file.open("rb") as file:
        pdf = file.read()
    assert not any(page.images for page in PdfReader(io.BytesIO(pdf)).pages)
    assert "".join(title.split())[:9] in "".join(text_of(pdf).split())


def test_sample_figures_are_called_so_on_every_page(admin_client, report):
    make_band(make_role(), date=date(2026, 10, 1), basis="sample")

    make(admin_client, report)
    with report.editions.get(is_draft=True).file.open("rb") as file:
        pages = text_of(file.read()).rstrip("\f").split("\f")

    assert all("Sample figures for a demonstration" in page for page in pages[1:])


def test_a_visitor_gets_it_once_the_tick_is_taken_away(admin_client, client, report, roles, words):
    """The real way: the form, the mail's link, the button, the file."""
    report.editions.update(date=date(2025, 11, 20))
    make(admin_client, report)
    draft = report.editions.get(is_draft=True)

    def downloaded():
        consents = {"consent_report": words["report"].sha256}
        client.post("/reports/salary-report/", {"name": "M", "email": "m@quillstone.example"} | consents)
        submission = Submission.objects.latest("pk")
        confirmation.confirm(submission)
        page = client.get(f"/c/{tokens.confirm_token(submission)}/").content.decode()
        link = re.search(r'href="(/d/[^"]+)"', page)[1]
        return b"".join(client.get(link).streaming_content)

    before = downloaded()
    url = reverse("admin:leads_report_change", args=[report.pk])
    form = report_form(report, "", "", slug=report.slug) | {"editions-INITIAL_FORMS": 2}
    for number, edition in enumerate(report.editions.all()):
        names = {"id": edition.pk, "report": report.pk, "date": edition.date, "file_name": edition.file_name}
        form |= {f"editions-{number}-{name}": value for name, value in (names | {"pages": edition.pages}).items()}
    admin_client.post(url, form | version(admin_client, url))
    after = downloaded()

    with draft.file.open("rb") as file:
        assert after == file.read() != before


def test_without_figures_nothing_is_made(admin_client, report):
    page = words_of(make(admin_client, report))

    assert "The salary table has no figures for an edition of this day." in page
    assert report.editions.count() == 1


def test_a_failure_is_said_and_leaves_nothing_behind(admin_client, report, roles, monkeypatch, tmp_path):
    """SEC-8: private storage; here it cannot be written."""
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    storage = Edition._meta.get_field("file").storage
    monkeypatch.setitem(storage.__dict__, "location", str(blocked))

    page = words_of(make(admin_client, report))

    assert "No edition was made, and nothing changed:" in page
    assert report.editions.count() == 1


def test_a_row_that_cannot_be_kept_leaves_no_file(report, roles):
    before = files()
    figures = salary_edition.read("en", DAY)
    report_that_is_gone = type(report).objects.get(pk=report.pk)
    report_that_is_gone.pk = None

    with pytest.raises(ValueError, match="unsaved"):
        salary_edition.add_edition(report_that_is_gone, figures)

    assert files() == before
    assert Edition.objects.count() == 1


@pytest.mark.parametrize(
    ("group", "status"), [("Editors", 200), ("Writers", 403), ("Publishers", 403), ("Lead handlers", 403)]
)
def test_editors_alone_make_editions(client, report, roles, group, status):
    """SEC-12: least privilege."""
    client.force_login(make_user(group=group))

    responses = [client.get(url_of(report)), make(client, report)]

    assert [response.status_code for response in responses] == [status] * 2
    assert report.editions.filter(is_draft=True).exists() is (status == 200)


def test_a_draft_alone_is_no_edition_to_publish(report):
    report.editions.update(is_draft=True)

    assert report.current_edition is None
    assert "editions" in report.problems()


def test_an_edition_may_be_of_a_day_to_come(admin_client, report, roles):
    current = report.current_edition
    make(admin_client, report, timezone.localdate() + timedelta(days=30))
    report.editions.update(is_draft=False)

    assert report.current_edition == current

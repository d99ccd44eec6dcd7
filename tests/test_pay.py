"""The pay on a role's page: its place, the notes on the law, and one band of the salary table."""

import re
import uuid
from datetime import date, timedelta
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from recruitcms.models import FillInWord
from recruitcms.publishing import touch_content
from recruitcms.quality import checklist
from roles.models import PayNote, Role, RoleLevel, SalaryBand, Section
from roles.pay.admin import SalaryBandForm
from roles.pay.models import is_old
from roles.pay.slot import band_to_show
from tests.factories import make_band, make_pay_note, make_role, make_site, make_user, published_role
from tests.lead_factories import published_report
from tests.test_admin_publishing import version

pytestmark = pytest.mark.django_db


SECTIONS = {"introduction": "We look.", "pay": ""}


def page_of(client, role):
    return client.get(role.get_absolute_url()).content.decode()


def card_of(page):
    """Return the words of the card, "" where there is none."""
    card = re.search(r'<section[^>]* class="[^"]*\bpay\b.*?</section>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", card[0]).split()).replace("\u00a0", " ") if card else ""


# --- the slot ---


def test_an_empty_pay_section_says_the_shared_word_of_its_language(client):
    FillInWord.objects.create(language="pl", key="pay", label="Widełki", words="Widełki, Stawka")
    polish = published_role(language="pl", sections={"introduction": "Szukamy.", "pay": ""})
    english = published_role(sections={"introduction": "We look.", "pay": ""})

    with override("pl"):
        page = page_of(client, polish)
    assert '<mark class="slot">[Widełki]</mark>' in page
    assert '<mark class="slot">[Pay range]</mark> gross a month' in page_of(client, english)


def test_the_slot_is_part_of_what_visitors_take_away(client):
    role = published_role(slug="designer", sections={"introduction": "We look.", "pay": "", "mistakes": "- Hoard"})
    make_band(role)
    make_pay_note()

    taken = client.get("/roles/designer.md").content.decode()
    page = page_of(client, role)

    assert "## Pay\n\n[Pay range] gross a month" in taken
    assert "24,000" not in taken
    assert "Labour Code" not in taken
    assert 'data-copy="#pay"' in page
    assert re.search(r'<div class="pay__facts noprint', page)


def test_what_is_filled_in_stands_in_the_slot(client):
    FillInWord.objects.create(language="en", key="pay", label="Pay range", words="Pay range")
    role = published_role(slug="designer", sections=SECTIONS)

    page = client.post(role.get_absolute_url(), {"pay": "18,000 to 24,000 PLN"}).content.decode()

    assert '<mark class="slot filled" data-slot="Pay range">18,000 to 24,000 PLN</mark> gross a month' in page


def test_an_empty_pay_section_names_the_pay_for_the_checklist():
    without = make_role(sections={"introduction": "Words.", "duties": "- Own"})
    empty = make_role(sections={"introduction": "Words.", "pay": ""})
    vague = make_role(sections={"introduction": "Words.", "offer": "- Fun", "pay": "Competitive."})

    def where(role):
        return [finding.place for finding in checklist(role) if finding.key == "pay-missing"]

    assert [(place.field, place.row) for place in where(without)] == [("", None)]
    assert where(empty) == []
    assert [(place.field, place.row) for place in where(vague)] == [("body", 2)]


def test_a_new_role_is_offered_the_pay_section_before_what_the_company_offers(admin_client):
    page = admin_client.get(reverse("admin:roles_role_add")).content.decode()

    chosen = re.findall(r'<option value="(\w+)" selected>', page)
    kinds = [kind for kind in chosen if kind in Section.Kind.values]
    assert kinds.index("pay") + 1 == kinds.index("offer")


# --- the card ---


def test_the_card_stands_at_the_pay_section_with_the_band_and_the_notes(client):
    make_site()
    role = published_role(sections={"introduction": "We look.", "pay": "[Pay range] gross.", "offer": "- Tea"})
    make_band(role)
    make_pay_note()
    make_pay_note(country="Polska", language="pl")

    page = page_of(client, role)

    card = card_of(page)
    assert page.count("pay__facts") == 1
    assert "[Pay range] gross." in card
    assert "24,000–31,000 PLN a month Median 27,200 PLN, Senior, Poland, employment contract, gross." in card
    assert "Counted: 42 (accepted offers). Source: Northbeam," in card
    assert "Poland as of 2 Nov 2026" in card
    assert "no legal advice" in card
    assert "Polska" not in card
    assert '<a href="https://law.example/18-3ca" rel="noopener">Labour Code, article 18(3ca)</a>' in page


@pytest.mark.parametrize(
    ("kinds", "place"),
    [
        (["introduction", "offer", "about", "contact"], "offer"),
        (["introduction", "duties", "contact"], "duties"),
        (["contact"], "contact"),
    ],
)
def test_a_role_without_a_pay_section_has_the_card_after_what_it_offers(client, kinds, place):
    role = published_role(sections=dict.fromkeys(kinds, "Words."))
    make_band(role)

    page = page_of(client, role)

    ids = re.findall(r'<section id="(\w+)"|<section class="pay card noprint" aria-labelledby="(h-pay-facts)"', page)
    found = [first or second for first, second in ids]
    assert found[found.index("h-pay-facts") - 1] == place


def test_no_band_and_no_note_is_no_card_and_no_figure(client):
    role = published_role(sections={"introduction": "We look.", "pay": "[Pay range]"})
    make_band(make_role())

    page = page_of(client, role)

    assert card_of(page).endswith("[Pay range]")
    assert "pay__facts" not in page
    assert "PLN" not in page
    assert 'class="pay card noprint"' not in page_of(client, published_role())


@pytest.mark.parametrize(
    ("language", "pay", "median"),
    [
        ("en", "24,000–31,000 PLN", "Median 27,200 PLN"),
        ("pl", "24 000–31 000 PLN", "27 200 PLN"),
        ("de", "24.000–31.000 PLN", "27.200 PLN"),
    ],
)
def test_one_band_serves_all_languages_in_their_own_figures(client, language, pay, median):
    group = uuid.uuid4()
    roles = [published_role(language=code, translation_group=group) for code in ("en", "pl", "de")]
    make_band(roles[0])
    role = next(role for role in roles if role.language == language)

    with override(language):
        card = card_of(page_of(client, role))

    assert pay in card
    assert median in card


def test_a_changed_figure_shows_without_publishing(client, admin_client):
    role = published_role(sections=SECTIONS)
    band = make_band(role)
    before = page_of(client, role)
    form = {
        name: getattr(band, name)
        for name in [
            "level",
            "country",
            "place",
            "contract",
            "currency",
            "period",
            "low",
            "median",
            "basis",
            "sample_size",
            "source",
            "date",
        ]
    }

    url = reverse("admin:roles_salaryband_change", args=[band.pk])
    admin_client.post(url, form | version(admin_client, url) | {"role_group": band.role_group, "high": 33000})

    assert "24,000–31,000" in before
    assert "24,000–33,000" in page_of(client, role)


def test_old_figures_say_so(client):
    role = published_role(sections=SECTIONS)
    make_band(role, date=timezone.localdate() - timedelta(days=600))

    assert "more than 18 months old" in card_of(page_of(client, role))


@pytest.mark.parametrize(
    ("day", "old"), [(date(2025, 5, 27), False), (date(2025, 5, 26), True), (date(2025, 6, 1), False)]
)
def test_figures_are_old_after_18_months(day, old):
    assert is_old(day, date(2026, 11, 27)) is old


def test_the_report_with_all_levels_is_offered_where_there_is_one(client):
    make_site()
    role = published_role(sections=SECTIONS)
    make_band(role)
    before = card_of(page_of(client, role))

    report = published_report(title="IT Salary Report 2026")
    touch_content()
    page = page_of(client, role)

    assert "All levels and regions" not in before
    assert "All levels and regions: IT Salary Report 2026" in card_of(page)
    assert f'<a class="link" href="{report.get_absolute_url()}">All levels' in page


def test_notes_are_markdown_and_run_no_code(client):
    make_pay_note(text="**Range** first. <script>alert(1)</script>", country="<b>X</b>")
    page = page_of(client, published_role(sections=SECTIONS))

    assert "<strong>Range</strong> first." in page
    assert "alert(1)</script>" not in page
    assert "&lt;b&gt;X&lt;/b&gt;" in page


@pytest.mark.parametrize("number", [1, 30])
def test_bands_and_notes_cost_a_role_page_no_query(client, django_assert_max_num_queries, number):
    role = published_role(sections=SECTIONS)
    for row in range(number):
        make_pay_note(country=f"Country {row}")
        make_band(role, place=f"Town {row}")
        make_band(make_role(), level="lead")
    page_of(client, role)

    with django_assert_max_num_queries(6):  # as many as without
        page = page_of(client, role)

    assert "24,000–31,000" in page


# --- which band ---


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"is_shown": True, "level": "junior"}, {"level": "senior"}),
        ({"level": "senior"}, {"level": "lead"}),
        ({"level": "mid"}, {"level": "junior"}),
        ({"level": "lead"}, {"level": "principal"}),
        ({"level": "one-team"}, {"level": "several-teams"}),
        ({"level": "mid"}, {"level": "senior", "date": date(2020, 1, 1)}),
        ({"country": "PL", "date": date(2026, 9, 1)}, {"country": "DE", "date": date(2026, 10, 1)}),
        ({"contract": "employment", "date": date(2026, 9, 1)}, {"contract": "b2b", "date": date(2026, 10, 1)}),
        ({"date": date(2026, 9, 1)}, {"place": "Kraków", "date": date(2026, 10, 1)}),
        ({"date": date(2026, 10, 1)}, {"date": date(2026, 9, 1), "sample_size": 900}),
        ({"sample_size": 90, "currency": "EUR"}, {"sample_size": 9}),
    ],
)
def test_the_one_band_is_chosen_by_a_rule(better, worse):
    other, chosen = make_band(**worse), make_band(**better)

    assert band_to_show([other, chosen], "pl") == chosen
    assert band_to_show([chosen, other], "pl") == chosen


def test_a_page_about_a_level_shows_that_levels_band_or_none(client):
    role = make_role({"duties": "- Weld"})
    for level in ("junior", "lead"):
        RoleLevel.objects.create(role=role, level=level, title=f"{level} welder")
    make_band(role, level="senior", low=20000, is_shown=True)
    make_band(role, level="junior", low=9000)
    role.publish()
    address = role.get_absolute_url()

    pages = {level: client.get(f"{address}{level}").content.decode() for level in ("", "junior/", "lead/")}

    assert "20,000" in pages[""]
    assert "9,000" in pages["junior/"]
    assert "20,000" not in pages["junior/"] + pages["lead/"]


# --- the table ---


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"low": 28000}, "median"),
        ({"high": 27000}, "high"),
        ({"currency": "XYZ"}, "currency"),
        ({"currency": "zł"}, "currency"),
        ({"low": 0}, "low"),
        ({"sample_size": 0}, "sample_size"),
        ({"date": date(2090, 1, 1)}, "date"),
        ({"level": "wizard"}, "level"),
    ],
)
def test_a_wrong_row_is_refused_by_its_field(values, field):
    band = make_band()
    for name, value in values.items():
        setattr(band, name, value)

    with pytest.raises(ValidationError) as error:
        band.full_clean()

    assert list(error.value.message_dict) == [field]


def test_a_currency_may_be_typed_small():
    band = make_band()
    band.currency = " eur"
    band.full_clean()

    assert band.currency == "EUR"


def test_the_database_keeps_figures_in_order_and_rows_once():
    role = make_role()
    make_band(role)

    for wrong in ({"level": "mid", "low": 30000}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_band(role, **wrong)


# --- the desk ---


def test_editors_pick_a_role_by_name_and_find_its_rows_by_it(client):
    client.force_login(make_user(group="Editors"))
    role = make_role(title="Lead Data Engineer")
    make_role(title="Daten", language="de", translation_group=role.translation_group)
    other = make_role(title="Product Designer")
    make_band(other)
    add = reverse("admin:roles_salaryband_add")
    form = {"role_group": role.translation_group, "level": "lead", "country": "PL", "contract": "employment"}
    form |= {"currency": "PLN", "period": "month", "low": 9, "median": 8, "high": 10, "basis": "accepted"}
    form |= {"sample_size": 12, "source": "Northbeam", "date": "2026-10-01"}

    page = client.get(add).content.decode()
    refused = client.post(add, form).content.decode()
    saved = client.post(add, form | {"median": 9})

    assert f'<option value="{role.translation_group}">Lead Data Engineer</option>' in page
    assert "Daten" not in page
    assert "The median is below the lower end" in refused
    assert saved.status_code == 302
    rows = client.get(reverse("admin:roles_salaryband_changelist") + "?q=data").content.decode()
    assert "Lead Data Engineer" in rows
    assert "Product Designer" not in rows


def test_the_table_lists_bands_by_their_name_with_the_pay_on_one_line(admin_client):
    role = make_role()
    make_band(role)
    make_band(role, contract="b2b", period="year")

    page = admin_client.get(reverse("admin:roles_salaryband_changelist"))

    html = page.content.decode()
    assert "<h1>Salary table</h1>" in html
    assert re.search(r'<a href="/admin/roles/salaryband/"[^>]*>\s*Salary table\s*</a>', html)
    assert re.search(r"2\s+salary bands", html)
    assert "Delete selected salary bands" in html
    assert '<span class="whole">24,000–31,000\xa0PLN a month</span>' in html
    assert re.findall(r'<td class="field-kind">(.*?)</td>', html) == ["B2B", "employment"]


def test_a_row_outlives_its_role_and_says_so(admin_client):
    role = make_role()
    band = make_band(role)
    Role.objects.all().delete()

    rows = admin_client.get(reverse("admin:roles_salaryband_changelist")).content.decode()
    form = admin_client.get(reverse("admin:roles_salaryband_change", args=[band.pk])).content.decode()

    assert "(a role that was deleted)" in rows
    assert f'<option value="{band.role_group}" selected>(a role that was deleted)</option>' in form


@pytest.mark.parametrize(
    ("figures", "errors"),
    [
        ({"low": "0"}, {"low": ["Ensure this value is greater than or equal to 1."]}),
        ({"median": "0"}, {"median": ["Ensure this value is greater than or equal to 1."]}),
        ({"high": "0"}, {"high": ["Ensure this value is greater than or equal to 1."]}),
        ({"high": "-5"}, {"high": ["Ensure this value is greater than or equal to 1."]}),
        ({"median": "23999"}, {"median": ["The median is below the lower end."]}),
        ({"high": "27199"}, {"high": ["The upper end is below the median."]}),
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_figure_that_cannot_be_is_said_at_its_field(admin_client, figures, errors, is_new):
    band = make_band(make_role())
    url = reverse("admin:roles_salaryband_add")
    if not is_new:
        url = reverse("admin:roles_salaryband_change", args=[band.pk])
    sent = {name: getattr(band, name) for name in SalaryBandForm.base_fields if name != "is_shown"}
    seen = {} if is_new else version(admin_client, url)

    response = admin_client.post(url, sent | {"level": "lead"} | figures | seen)

    assert response.context["adminform"].form.errors == errors


@pytest.mark.parametrize("name", ["low", "median", "high", "sample_size"])
def test_a_band_knows_no_figure_of_nothing(name):
    band = make_band(make_role())
    setattr(band, name, 0)

    with pytest.raises(ValidationError) as refused:
        band.full_clean()

    assert "Ensure this value is greater than or equal to 1." in refused.value.message_dict[name]
    assert "__all__" not in refused.value.message_dict


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_the_table_costs_the_same_however_long(admin_client, django_assert_max_num_queries, number):
    for _row in range(number):
        make_band(make_role())
    url = reverse("admin:roles_salaryband_changelist")
    admin_client.get(url)

    with django_assert_max_num_queries(12):
        admin_client.get(url)


@pytest.mark.parametrize(
    ("group", "status"), [("Editors", 200), ("Writers", 403), ("Publishers", 403), ("Lead handlers", 403)]
)
def test_editors_alone_change_notes_and_bands(client, group, status):
    """SEC-12: least privilege."""
    client.force_login(make_user(group=group))
    band, note = make_band(), make_pay_note()
    pages = [
        reverse("admin:roles_salaryband_change", args=[band.pk]),
        reverse("admin:roles_salaryband_add"),
        reverse("admin:roles_paynote_change", args=[note.pk]),
        reverse("admin:roles_paynote_add"),
    ]

    assert [client.get(page).status_code for page in pages] == [status] * 4


def test_a_note_is_copied_into_another_language(admin_client):
    note = make_pay_note()

    admin_client.post(reverse("admin:roles_paynote_translate", args=[note.pk, "pl"]))

    copy = PayNote.objects.get(language="pl")
    assert (copy.translation_group, copy.source_language) == (note.translation_group, "en")


# --- the spreadsheet ---

SHEET = "/admin/roles/salaryband/sheet/"


def sheet_of(client, kind="csv"):
    return client.get(f"{SHEET}{kind}/").content


def upload(client, content, name="table.csv"):
    return client.post(SHEET, {"sheet": SimpleUploadedFile(name, content)}, follow=True).content.decode()


def changed_in(content, *replacements):
    text = content.decode("utf-8-sig")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


@pytest.mark.parametrize("kind", ["csv", "csv-semicolons", "xlsx"])
def test_the_table_goes_out_and_comes_back_the_same(admin_client, kind):
    band = make_band(make_role(title="=Lead; Data"), source="+48, plus", is_shown=True)

    page = upload(admin_client, sheet_of(admin_client, kind), f"table.{kind[:4]}")

    assert "Rows added: 0. Rows changed: 0." in page
    assert SalaryBand.objects.values().get() == {
        name: value for name, value in vars(band).items() if name != "_state"
    } | {"role_group": uuid.UUID(str(band.role_group))}


def test_rows_are_changed_and_added_by_a_sheet(admin_client, client):
    role = published_role(title="Designer", sections=SECTIONS)
    make_band(role)
    sent = sheet_of(admin_client)
    before = page_of(client, role)
    row = "\n,,designer,lead,PL,,employment,pln,month,30000,33000,36000,offers,9,Northbeam,2026-10-01,\n"

    page = upload(admin_client, changed_in(sent, ("31000", "32000")) + row.encode())

    assert "Rows added: 1. Rows changed: 1." in page
    assert "24,000–31,000" in before
    assert "24,000–32,000" in page_of(client, role)
    lead = SalaryBand.objects.get(level="lead")
    assert (lead.role_group, lead.currency, lead.date) == (role.translation_group, "PLN", date(2026, 10, 1))


def test_a_wrong_row_is_named_and_nothing_is_taken(admin_client):
    make_band(make_role(title="Designer"))
    make_band(make_role(title="Writer"))
    sent = changed_in(sheet_of(admin_client), ("Writer", "Wizard"), ("31000", "25000"))
    sent = sent.replace(b"24000", b"23000")

    page = unescape(upload(admin_client, sent))

    assert "Row 2: high: The upper end is below the median." in page
    assert "Row 3: role: There is no one role of this title: “Wizard”." in page
    assert set(SalaryBand.objects.values_list("low", "high")) == {(24000, 31000)}


def test_what_somebody_changed_meanwhile_is_not_overwritten(admin_client):
    band = make_band(make_role())
    sent = changed_in(sheet_of(admin_client), ("31000", "32000"))
    SalaryBand.objects.update(low=23000)

    page = upload(admin_client, sent)

    assert "Changed since this sheet was downloaded." in page
    band.refresh_from_db()
    assert (band.low, band.high) == (23000, 31000)


ROW = {"role": "Designer", "level": "lead", "country": "PL", "place": "", "contract": "employment", "currency": "PLN"}
ROW |= {"period": "month", "low": "30000", "median": "33000", "high": "36000", "basis": "offers", "sample_size": "9"}
ROW |= {"source": "Northbeam", "date": "2026-10-01", "is_shown": ""}


def csv_of(*rows):
    """Return a file with these rows; cells at the end that a row lacks are not there at all."""
    lines = [list(ROW), *([row[name] for name in ROW if name in row] for row in rows)]
    return "\n".join(";".join(line) for line in lines).encode()


@pytest.mark.parametrize(
    ("column", "written", "sentence"),
    [
        ("low", "abc", "low: “abc” cannot be read as a figure. Write a whole number"),
        ("low", "1.5", "low: “1.5” cannot be read as a figure. Write a whole number"),
        ("low", "18.000", "low: “18.000” cannot be read as a figure. Write a whole number"),
        ("low", "18 00", "low: “18 00” cannot be read as a figure. Write a whole number"),
        ("low", "1 800,000", "low: “1 800,000” cannot be read as a figure. Write a whole number"),
        ("low", "0,500", "low: “0,500” cannot be read as a figure. Write a whole number"),
        ("low", "1_8", "low: “1_8” cannot be read as a figure. Write a whole number"),
        ("low", "-5", "low: Ensure this value is greater than or equal to 1."),
        ("low", "0", "low: Ensure this value is greater than or equal to 1."),
        ("median", "0", "median: Ensure this value is greater than or equal to 1."),
        ("high", "9" * 5000, "9” cannot be read as a figure. Write a whole number, like 18000."),
        ("median", "", "median: This field cannot be blank."),
        ("date", "", "date: This field cannot be blank."),
        ("date", "01.02.2026", "date: “01.02.2026” value has an invalid date format."),
        (
            "date",
            "2026-13-01",
            "date: “2026-13-01” value has the correct format (YYYY-MM-DD) but it is an invalid date.",
        ),
        ("date", "2026-10-011", "date: “2026-10-011” value has an invalid date format."),
        ("level", "boss", "level: Value 'boss' is not a valid choice."),
    ],
)
def test_an_ordinary_mistake_is_named_by_row_and_column(admin_client, column, written, sentence):
    make_role(title="Designer")

    page = unescape(upload(admin_client, csv_of(ROW, ROW | {"level": "mid", column: written})))

    assert "Row 3: " in page
    assert sentence in page
    assert "Row 2" not in page
    assert not SalaryBand.objects.exists()


def test_cells_that_a_row_lacks_are_empty(admin_client):
    make_role(title="Designer")
    short = {name: ROW[name] for name in list(ROW)[: list(ROW).index("basis")]}
    headless = {name: ROW[name] for name in ROW if name != "role"}

    page = unescape(upload(admin_client, csv_of(ROW, short, {"role": "Designer"}, headless)))

    assert "Row 3: basis: This field cannot be blank. sample_size: This field cannot be blank. source:" in page
    assert "Row 4: level: This field cannot be blank." in page
    assert "Row 5: role: There is no one role of this title: “lead”." in page
    assert not SalaryBand.objects.exists()


@pytest.mark.parametrize("space", [" ", ",", "\u00a0", "\u202f"])
def test_figures_may_be_grouped_in_thousands(admin_client, space):
    make_role(title="Designer")
    figures = {"low": f"18{space}000", "median": f"120{space}000", "high": f"1{space}234{space}567"}

    page = upload(admin_client, csv_of(ROW | figures))

    assert "Rows added: 1." in page
    assert SalaryBand.objects.values_list("low", "median", "high").get() == (18000, 120000, 1234567)


@pytest.mark.parametrize("time", ["T00:00:00", " 00:00:00", " 0:00"])
def test_a_date_may_carry_the_time_that_spreadsheets_add(admin_client, time):
    make_role(title="Designer")

    upload(admin_client, csv_of(ROW | {"date": f"2026-10-01{time}"}))

    assert SalaryBand.objects.get().date == date(2026, 10, 1)


@pytest.mark.parametrize("content", [b"", b"id,version\n1,2\n", b"\xff\xfe", b"PK\x03\x04 broken"])
def test_what_is_no_sheet_of_ours_is_refused(admin_client, content):
    make_band(make_role())

    page = upload(admin_client, content)

    assert 'class="errorlist"' in page
    assert SalaryBand.objects.count() == 1


@pytest.mark.parametrize(("group", "status"), [("Editors", 200), ("Writers", 403), ("Lead handlers", 403)])
def test_editors_alone_have_the_sheet(client, group, status):
    """SEC-12: least privilege."""
    client.force_login(make_user(group=group))

    assert [client.get(page).status_code for page in (SHEET, f"{SHEET}xlsx/")] == [status] * 2

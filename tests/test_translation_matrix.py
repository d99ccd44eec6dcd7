"""The matrix: what exists in which language and in what state, with one press to open or to make it."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from leads.models import PurposeText
from recruitcms import catalogues, matrix
from recruitcms.models import CallToAction, FillInWord, Page
from recruitcms.translating import REMEMBERED
from roles.models import Category, Role, RoleRevision
from tests.factories import (
    make_category,
    make_cta,
    make_page,
    make_pay_note,
    make_person,
    make_role,
    make_site,
    make_user,
)
from tests.lead_factories import make_purpose, make_report, make_wording

pytestmark = pytest.mark.django_db
URL = "/admin/translations/"


def words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def shown(response):
    """Return the rows of a matrix: {name: {language: words of the cell}}."""
    table = response.content.decode().partition('<table class="matrix">')[2]
    rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</th>(.*?)</tr>", table, re.DOTALL)
    cells = {name: re.findall(r'<td data-language="([^"]+)">(.*?)</td>', row, re.DOTALL) for name, row in rows}
    return {words(name): {language: words(cell) for language, cell in found} for name, found in cells.items()}


def states(rows):
    """Return the rows of a kind in short: {name: {language: states}}."""
    return {row.name: {code: " ".join(sorted(cell.states)) for code, cell in row.cells.items()} for row in rows}


def translated(role, language="pl"):
    for row in (role.category, role.author):
        row.copy_into(language)
    return role.copy_into(language)


# --- states ---


def test_each_cell_says_in_words_what_there_is(admin_client, clock):
    role = make_role(title="Engineer")
    role.publish()
    translated(role)
    clock.shift(timedelta(minutes=1))
    role.summary = "Other words."
    role.save()
    role.publish()

    rows = shown(admin_client.get(URL))

    assert rows["Engineer"]["English"].startswith("Live")
    assert rows["Engineer"]["Polski"].startswith("Draft : Engineer, Polski Out of date Side by side")
    assert rows["Engineer"]["Deutsch"].startswith("Missing Translate")


def test_a_cell_opens_its_page_with_one_press_or_makes_the_translation(admin_client):
    category, person = make_category(), make_person()
    for row in (category, person):
        row.copy_into("de")
    role = make_role(category=category, author=person)
    page = admin_client.get(URL).content.decode()
    make = reverse("admin:roles_role_translate", args=[role.pk, "de"])

    assert f'<a href="{reverse("admin:roles_role_change", args=[role.pk])}">' in page
    assert f'<form method="post" action="{make}">' in page
    made = admin_client.post(make)

    copy = Role.objects.get(language="de")
    change = reverse("admin:roles_role_change", args=[copy.pk])
    assert made.url == change
    assert f'href="{change}?beside=en"' in admin_client.get(URL).content.decode()


def test_states_of_documents(clock):
    live, planned = make_page(title="Live", purpose="privacy"), make_page(title="Planned")
    live.publish()
    planned.publish(at=timezone.now() + timedelta(days=1))
    polish = live.copy_into("pl")
    polish.publish()
    alone = make_page(title="Tylko po polsku", language="pl")

    rows = matrix.documents(Page, note="purpose")

    assert states(rows) == {
        "Live": {"en": "live", "pl": "live", "de": "missing"},
        "Planned": {"en": "draft", "pl": "missing", "de": "missing"},
        "Tylko po polsku": {"en": "missing", "pl": "draft", "de": "missing"},
    }
    assert [row.note for row in rows] == ["Privacy policy", "", ""]
    assert rows[2].cells["en"].make_from == alone.pk


def test_the_matrix_and_the_form_agree_on_what_is_stale(clock):
    from tests.test_translating import source

    page = make_page()
    page.publish()
    polish = page.copy_into("pl")
    german = make_page(language="de", translation_group=page.translation_group)
    clock.shift(timedelta(minutes=1))
    page.publish()

    by_language = {code: cell.is_stale for code, cell in matrix.documents(Page)[0].cells.items()}

    assert by_language == {"en": False, "pl": source(polish).is_stale, "de": source(german).is_stale}
    assert (by_language["pl"], by_language["de"]) == (False, True)


def test_what_pages_share_is_live_or_out_of_date(settings):
    cta = make_cta("booking", name="Call")
    cta.copy_into("pl")
    cta.copy_into("de")
    CallToAction.objects.filter(language="de").update(is_active=False)
    CallToAction.objects.filter(language="en").update(heading="Write to us")

    rows = matrix.shared(CallToAction)

    assert states(rows) == {"Call": {"en": "live", "pl": "live stale", "de": "draft stale"}}
    assert rows[0].note == "Booking band at the end of a page"


def test_site_texts_count_what_is_empty():
    site = make_site(tagline="Hello", home_title="Home")
    site.texts.filter(language="pl").update(home_title="")

    row = matrix.site_texts()[0]

    assert {code: (cell.state, cell.note) for code, cell in row.cells.items()} == {
        "en": ("live", ""),
        "pl": ("draft", "1 text missing"),
        "de": ("missing", ""),
    }


def test_wordings_are_out_of_date_when_the_sites_own_is_newer(clock):
    purpose = make_purpose("report", title="Sending the report")
    make_wording("report", "pl")
    clock.shift(timedelta(minutes=1))
    make_wording("report", "en")
    make_wording("report", "de", published=False)
    PurposeText.objects.create(purpose=purpose, language="pl", title="Wysłanie", data_types="e-mail")

    consent, register = matrix.wordings()

    assert {code: " ".join(sorted(cell.states)) for code, cell in consent.cells.items()} == {
        "en": "live",
        "pl": "live stale",
        "de": "draft",
    }
    assert {code: cell.state for code, cell in register.cells.items()} == {"en": "live", "pl": "live", "de": "missing"}


def test_a_missing_wording_leads_to_a_new_one_in_its_language(admin_client):
    purpose = make_purpose("report")

    page = admin_client.get(f"{URL}?kind=wordings").content.decode()

    add = f"/admin/leads/consenttext/add/?purpose={purpose.pk}&amp;language=de"
    assert f'<a href="{add}">' in page
    form = admin_client.get(unescape(add)).content.decode()
    assert '<option value="de" selected>' in form


def test_the_interface_and_the_mails_count_what_their_catalogue_lacks(settings):
    settings.LANGUAGES = [("en", "English"), ("pl", "Polski"), ("cs", "Čeština")]
    catalogues.coverage.cache_clear()

    interface, mails = matrix.interface()

    assert (interface.cells["en"].state, mails.cells["pl"].state) == ("live", "live")
    assert (interface.cells["cs"].state, mails.cells["cs"].state) == ("missing", "missing")
    assert re.fullmatch(r"\d+ texts missing", mails.cells["cs"].note)


def test_a_catalogue_is_read_with_its_fuzzy_and_its_empty_entries(tmp_path: Path):
    path = tmp_path / "django.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Language: pl\\n"\n\n'
        '#: templates/leads/mails/confirm.txt\nmsgid "Hello"\nmsgstr "Cześć"\n\n'
        '#, fuzzy\nmsgid "Maybe"\nmsgstr "Może"\n\n'
        'msgid ""\n"Two "\n"lines"\nmsgstr ""\n"Dwie "\n"linie"\n\n'
        'msgctxt "month"\nmsgid "May"\nmsgstr ""\n\n'
        'msgid "%d row"\nmsgid_plural "%d rows"\nmsgstr[0] "%d wiersz"\nmsgstr[1] ""\n\n'
        '#~ msgid "Gone"\n#~ msgstr "Nie ma"\n'
    )

    assert catalogues.read_catalogue(path) == [
        ("Hello", True, True),
        ("Maybe", False, False),
        ("Two lines", False, True),
        ("month|May", False, False),
        ("%d row", False, False),
    ]


# --- filters, pages, counts ---


def test_what_is_missing_in_german_is_one_filter(admin_client):
    make_category(name="Data").copy_into("de")
    make_category(name="Security").copy_into("pl")

    missing = shown(admin_client.get(f"{URL}?kind=categories&language=de&state=missing"))
    anywhere = shown(admin_client.get(f"{URL}?kind=categories&state=missing"))

    assert list(missing) == ["Security"]
    assert list(anywhere) == ["Data", "Security"]


@pytest.mark.parametrize("query", ["language=xx&state=missing", "language=de&state=<b>", "page=99999", "page=x"])
def test_a_filter_that_cannot_be_is_left_out(admin_client, query):
    make_category(name="Data")

    response = admin_client.get(f"{URL}?kind=categories&{query}")

    assert list(shown(response)) == ["Data"]
    assert "<b>" not in response.content.decode()


def test_an_unknown_kind_is_not_found(admin_client):
    assert admin_client.get(f"{URL}?kind=nothing").status_code == 404


def test_counts_by_language_stand_on_top_and_lead_to_their_rows(admin_client):
    make_category(name="Data").copy_into("pl")
    make_category(name="Security")

    page = admin_client.get(f"{URL}?kind=categories").content.decode()

    found = dict(matrix.counts(matrix.shared(Category)))
    assert [number for _state, _word, number in found["pl"]] == [1, 0, 1, 0]
    assert '<a href="?kind=categories&amp;language=pl&amp;state=missing">1' in page


@pytest.mark.parametrize("kind", [kind.key for kind in matrix.KINDS])
def test_every_kind_opens_with_and_without_rows(admin_client, kind):
    empty = admin_client.get(f"{URL}?kind={kind}")
    make_role()
    make_page()
    make_report()
    make_wording("report")
    make_cta("booking")
    make_pay_note()
    FillInWord.objects.create(language="en", key="pay", label="Pay range", words="Pay range")
    make_site(tagline="Hello")
    full = admin_client.get(f"{URL}?kind={kind}")

    assert (empty.status_code, full.status_code) == (200, 200)
    assert shown(full) or kind == "testimonials"


def test_shared_fill_in_words_and_notes_on_pay_are_in_the_matrix(admin_client, clock):
    FillInWord.objects.create(language="en", key="pay", label="Pay range", words="Pay range").copy_into("pl")
    note = make_pay_note(country="Poland")
    note.copy_into("de")
    note.text = "Changed since."
    note.save()

    words = states(matrix.shared(FillInWord, name="label"))
    notes = shown(admin_client.get(f"{URL}?kind=pay-notes"))

    assert words == {"Pay range": {"en": "live", "pl": "live", "de": "missing"}}
    assert notes["Poland"]["Deutsch"].startswith("Live")
    assert "Out of date" in notes["Poland"]["Deutsch"]
    assert notes["Poland"]["Polski"].startswith("Missing Translate")


def test_two_thousand_roles_cost_twelve_queries_and_one_page(admin_client, django_assert_max_num_queries):
    role = make_role()
    role.publish()
    revision = role.live_revision
    fields = {"category": role.category, "author": role.author, "summary": "In short."}
    roles = Role.objects.bulk_create(
        Role(title=f"Role {number}", slug=f"many-{number}", **fields) for number in range(2000)
    )
    RoleRevision.objects.bulk_create(
        RoleRevision(
            document=one,
            number=1,
            language="en",
            translation_group=one.translation_group,
            slug=one.slug,
            title=one.title,
            category=role.category,
            author=role.author,
            live_from=revision.live_from,
        )
        for one in roles
    )
    admin_client.get(URL)

    with django_assert_max_num_queries(12):
        response = admin_client.get(f"{URL}?language=de&state=missing")

    assert len(shown(response)) == 50
    assert "2001" in response.content.decode()


# --- who may look ---


def test_those_who_see_none_of_it_are_refused_and_have_no_link(client):
    client.force_login(make_user(group="Lead handlers"))

    assert client.get(URL).status_code == 403
    assert URL not in client.get("/admin/").content.decode()


def test_a_privacy_officer_sees_the_wordings_alone(client):
    client.force_login(make_user(group="Privacy officers"))
    make_role(title="Secret plan")

    own = client.get(URL).content.decode()

    assert re.findall(r'<a class="chip" href="\?kind=(\w+)', own) == ["wordings"]
    assert client.get(f"{URL}?kind=roles").status_code == 404
    assert URL in client.get("/admin/").content.decode()


def test_strangers_are_asked_to_sign_in(client):
    assert client.get(URL).url.startswith("/admin/login/")


def test_those_who_may_not_add_get_no_button(client):
    from django.contrib.auth.models import Permission

    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="view_category"))
    client.force_login(user)
    make_category(name="Data")

    page = client.get(f"{URL}?kind=categories").content.decode()

    assert "Data" in page
    assert "/translate/" not in page


def test_reading_the_matrix_changes_nothing(admin_client):
    role = make_role()
    role.publish()
    translated(role)
    before = list(Role.objects.order_by("pk").values_list("pk", "updated_at", *REMEMBERED))

    admin_client.get(URL)

    assert list(Role.objects.order_by("pk").values_list("pk", "updated_at", *REMEMBERED)) == before


def test_names_are_never_markup(admin_client):
    make_category(name="<script>alert(1)</script>")

    assert "<script>alert" not in admin_client.get(f"{URL}?kind=categories").content.decode()

"""The form of a role: what waits to be restored, one's own windows, rows without scripting, and very long forms."""

import uuid
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.template.defaultfilters import date as format_date
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recruitcms.templatetags.northbeam import clock
from roles.models import Role, Section
from tests.factories import make_role, make_site, make_user
from tests.test_admin_publishing import form_of
from tests.test_editing import KEY, fields_shown, keep, save, url

pytestmark = pytest.mark.django_db
AS_BROWSERS = "application/x-www-form-urlencoded"  # Django's test client sends parts, which are limited in another way


@pytest.fixture
def nadia(client):
    client.force_login(make_user("nadia", first_name="Nadia", last_name="Fonseca", group="Editors"))
    return client


def new_row(number, **values):
    """Return what a browser sends of a section that is not saved yet."""
    row = dict.fromkeys(("id", "heading", "body", "advice", "note"), "") | {"kind": "other", "position": number}
    return {f"sections-{number}-{name}": value for name, value in (row | values).items()}


# --- what waits ---


def test_the_newest_unsaved_text_says_what_differs_and_the_older_ones_are_counted(nadia):
    role = make_role({"duties": "- One", "required": "- Two"}, title="Old")
    for _older in range(2):
        nadia.post(url("keep", role.pk), form_of(role, _form=str(uuid.uuid4())))
    changes = {"title": "New", "sections-0-body": "- Mine", "sections-1-DELETE": "on", "sections-TOTAL_FORMS": 3}
    keep(nadia, role, **changes, **new_row(2, body="More"))

    page = nadia.get(url("change", role.pk))

    duties, required = role.sections.all()
    expected = ["Title", f"{duties}: Text", f"{required}: removed", "Section: new"]
    assert page.context["editing"]["unlike"] == expected
    assert "2 older texts wait as well" in page.content.decode()


def test_an_unsaved_text_that_says_what_is_saved_says_so(nadia):
    role = make_role({"duties": "- One\n- Two"}, title="Old")
    related = [make_role(), make_role()]
    role.related.add(*related)
    keep(nadia, role, **{"sections-0-body": "- One\r\n- Two", "related": [other.pk for other in reversed(related)]})

    assert "It says the same as what is saved." in nadia.get(url("change", role.pk)).content.decode()


def test_restored_text_is_said_to_be_kept(nadia):
    role = make_role(title="Old")
    said = keep(nadia, role, title="New").json()["kept_at"]

    page = nadia.get(url("change", role.pk), {"kept": KEY}).content.decode()

    assert f'data-restored="{said}"' in page


@pytest.mark.parametrize(("days", "said"), [(0, "H:i"), (1, "j M Y, H:i"), (-1, "j M Y, H:i")])
def test_a_time_of_another_day_has_its_day(days, said):
    noon = timezone.localtime().replace(hour=12, minute=4) - timedelta(days=days)

    assert clock(noon) == format_date(noon, said)
    assert clock(None) == ""


# --- one's own windows ---


def test_a_window_that_is_loaded_anew_is_not_another_one(nadia):
    role, old, new = make_role(), str(uuid.uuid4()), str(uuid.uuid4())
    nadia.post(url("keep", role.pk), {"_here": "1", "_form": old})
    before = nadia.post(url("keep", role.pk), {"_here": "1", "_form": new}).json()["others"]

    after = nadia.post(url("keep", role.pk), {"_here": "1", "_form": new, "_left": old}).json()["others"]

    assert ([line.split(", since")[0] for line in before], after) == (["You, in another window"], [])


def test_nobody_closes_the_window_of_somebody_else(nadia):
    role, hers, his, emre = make_role(), str(uuid.uuid4()), str(uuid.uuid4()), Client()
    emre.force_login(make_user("emre", group="Editors"))
    nadia.post(url("keep", role.pk), {"_here": "1", "_form": hers})

    told = emre.post(url("keep", role.pk), {"_here": "1", "_form": his, "_left": hers}).json()["others"]

    assert len(told) == 1


@pytest.mark.parametrize("forged", ["x", "\0", "-1"])
def test_a_forged_key_closes_nothing(nadia, forged):
    role = make_role()

    said = nadia.post(url("keep", role.pk), {"_here": "1", "_form": KEY, "_left": forged})

    assert said.status_code == 200


# --- without scripting ---


def test_a_section_is_added_by_a_button_that_saves(nadia):
    role = make_role({"duties": "- One"}, title="Old")
    shown = fields_shown(nadia, role)
    saved = nadia.post(url("change", role.pk), shown | {"title": "New", "_more": "sections"})
    assert saved["Location"] == url("change", role.pk) + "?more=sections#more-sections"
    sections = nadia.get(saved["Location"]).context["inline_admin_formsets"][0].formset
    assert (len(sections.forms), sections.forms[1]["position"].value()) == (2, 1)

    added = {"sections-TOTAL_FORMS": 2} | new_row(1, body="Mine")
    save(nadia, role, fields_shown(nadia, role) | {"title": "New"} | added)

    assert [section.body for section in role.sections.all()] == ["- One", "Mine"]
    assert Role.objects.get().title == "New"


def test_a_section_that_was_added_and_left_blank_is_none(nadia):
    role = make_role({"duties": "- One"})

    answer = save(nadia, role, fields_shown(nadia, role) | {"sections-TOTAL_FORMS": 2} | new_row(1))

    assert (answer.status_code, role.sections.count()) == (302, 1)


def test_the_place_of_a_section_is_a_number_without_scripting(nadia):
    role = make_role({"duties": "- One", "required": "- Two"})

    save(nadia, role, fields_shown(nadia, role), **{"sections-0-position": 7})

    assert [section.kind for section in role.sections.all()] == ["required", "duties"]


def test_a_row_too_many_is_asked_for_in_vain(nadia):
    role = make_role({"duties": "- One"})

    page = nadia.get(url("change", role.pk), {"more": "nothing"})

    assert len(page.context["inline_admin_formsets"][0].formset.forms) == 1


# --- very long forms ---


def test_a_hundred_sections_and_some_of_two_hundred_kilobytes_are_kept_and_saved(nadia):
    role = make_role()
    lengths = [200_000] * 5 + [2_000] * 95
    rows = {"sections-TOTAL_FORMS": 101}
    for number, length in enumerate(lengths, start=1):
        rows |= new_row(number, body="Słowo ż" * (length // 7))

    shown = fields_shown(nadia, role) | rows | {"_continue": "1"}
    kept = nadia.post(url("keep", role.pk), urlencode(shown), content_type=AS_BROWSERS)
    saved = nadia.post(url("change", role.pk), urlencode(shown), content_type=AS_BROWSERS)

    assert (kept.status_code, saved.status_code) == (200, 302)
    assert [len(section.body) for section in role.sections.all()[1:]] == [length // 7 * 7 for length in lengths]


def test_four_hundred_sections_are_saved(nadia):
    role = make_role()
    rows = {"sections-TOTAL_FORMS": 401}
    for number in range(1, 401):
        rows |= new_row(number, body=f"Text {number}", in_copy="on") | {f"sections-{number}-role": role.pk}

    shown = fields_shown(nadia, role) | rows | {"_continue": "1"}
    saved = nadia.post(url("change", role.pk), urlencode(shown), content_type=AS_BROWSERS)

    assert (saved.status_code, Section.objects.count()) == (302, 401)


@pytest.mark.parametrize("limit", ["DATA_UPLOAD_MAX_NUMBER_FIELDS", "DATA_UPLOAD_MAX_MEMORY_SIZE"])
def test_a_form_that_is_longer_still_says_so_and_where_the_text_is(nadia, settings, limit):
    role = make_role(title="Old")
    shown = fields_shown(nadia, role)
    many = {"title": "New", "x": "y" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    if "FIELDS" in limit:
        many = {"title": "New", "x": ["y"] * settings.DATA_UPLOAD_MAX_NUMBER_FIELDS}

    page = nadia.post(url("change", role.pk), urlencode(shown | many, doseq=True), content_type=AS_BROWSERS)

    assert page.status_code == 413
    assert "Your text is not lost" in page.content.decode()
    assert Role.objects.get().title == "Old"


# --- the public's limits stay ---


@pytest.mark.parametrize("address", ["/consultation/", "/admin/login/", "/admin/roles/role/add/"])
def test_more_than_three_thousand_fields_are_refused_to_those_who_are_not_signed_in(client, address):
    make_site()

    answer = client.post(address, "&".join(["a=b"] * 3001), content_type=AS_BROWSERS)

    assert answer.status_code == 400


def test_a_long_form_of_somebody_who_was_signed_out_leads_to_signing_in(client):
    role = make_role(title="Old")

    answer = client.post(url("change", role.pk), {"title": "x" * 100_000})

    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("admin:login"))


def test_a_form_of_another_session_says_what_became_of_it():
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user("gunda", group="Editors"))
    role = make_role(title="Old")

    page = browser.post(url("change", role.pk), {"title": "New"})

    assert page.status_code == 403
    assert "somebody has signed in or out in this browser" in page.content.decode()
    assert f'href="{url("change", role.pk)}">Open the page again' in page.content.decode()
    assert Role.objects.get().title == "Old"

"""What PostgreSQL stores in no text, and no form means: NUL, and numbers beyond any. Never a 500 (SEC-24)."""

import pytest
from django.test import Client
from django.urls import reverse

from leads.models import Submission
from recruitcms import address_counts
from recruitcms.models import MissingAddress
from roles.search import missed
from tests.factories import make_site, make_user, published_role
from tests.lead_factories import make_wordings, published_report
from tests.test_editing import form_as_shown

pytestmark = pytest.mark.django_db
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
HUGE = "9" * 30


@pytest.fixture
def site(db):
    make_site()
    make_wordings()
    role = published_role(title="Data Engineer")
    return {"role": role, "report": published_report(slug="salary-report")}


PATHS = [
    "/no%00where/",
    "/%00/",
    "/roles/%00/",
    "/roles/?q=%00",
    "/roles/?q=data%00engineer",
    "/roles/?category=%00",
    "/roles/?page=%00",
    f"/roles/?page={HUGE}",
    "/roles/?sort=%00",
    "/pl/%00",
    "/media/pictures/%00.png",
    f"/cards/{HUGE}-abc.png",
    "/c/%00/",
    "/d/%00/",
    "/u/%00/",
    "/p/%00/",
    "/r/%00/",
    "/f/%00/calendar.ics",
    "/people/%00/",
    "/reports/%00/",
    "/saved/?roles=%00",
    "/no-where/?utm_source=%00",
    "/caf%E9/",
    "/%F0%9F%92%A9/",
    "/%ED%A0%80/",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_address_is_too_odd(client, site, path):
    answer = client.get(path, headers=BROWSER | {"Referer": "http://testserver/%00"})

    address_counts.missing.flush()
    missed.tally.flush()
    assert answer.status_code in {200, 301, 302, 400, 404}
    assert not MissingAddress.objects.filter(path__contains="�").exists()


@pytest.mark.parametrize(
    "name", ["name", "email", "company", "phone", "message", "topic", "page", "cta", "key", "ticket"]
)
@pytest.mark.parametrize("form", ["consultation", "report"])
def test_a_form_with_a_nul_is_refused_or_kept_without_it(client, site, form, name):
    fields = {"name": "Marta", "email": "marta@quillstone.example", "company": "Quillstone", "topic": "one"}
    fields |= {"message": "A developer, please.", "consent_consultation": "1", "consent_report": "1", "alone": "1"}
    path = reverse(form, args=["salary-report"] if form == "report" else [])

    answer = client.post(path, fields | {name: f"{fields.get(name, 'x')}\x00y"})

    assert answer.status_code in {303, 400, 422}
    for kept in Submission.objects.values():
        assert "\x00" not in str(kept)


@pytest.mark.parametrize(
    "field", ["utm_source", "utm_medium", "utm_campaign", "utm", "referrer", "idempotency", "website"]
)
def test_hidden_fields_with_a_nul_break_nothing(client, site, field):
    fields = {"email": "marta@quillstone.example", "consent_report": "1", "alone": "1", field: "a\x00b"}

    answer = client.post("/reports/salary-report/", fields)

    assert answer.status_code in {303, 400, 422}
    assert "\\x00" not in str(list(Submission.objects.values()))


@pytest.mark.parametrize("path", ["/count/", "/consent/cookies/", "/check-your-text/", "/mail-events/"])
def test_what_scripts_tell_may_be_odd(client, site, path):
    said = {"what": "view", "page": "/roles/\x00/", "cta": "\x00", "id": "\x00", "text": "\x00", "categories": "\x00"}

    assert client.post(path, said, headers=BROWSER).status_code < 500
    assert client.post(path, b'{"email": "\x00", "a": "\\u0000"}', content_type="application/json").status_code < 500


DESK = [
    "/admin/roles/role/?q=%00",
    "/admin/roles/role/?language=%00",
    f"/admin/roles/role/?author__id__exact={HUGE}",
    "/admin/roles/role/%00/change/",
    f"/admin/roles/role/{HUGE}/change/",
    f"/admin/roles/role/{HUGE}/preview/",
    "/admin/roles/role/1/change/?kept=%00",
    "/admin/leads/submission/?q=%00",
    "/admin/leads/submission/?people=%00",
    "/admin/leads/pagecount/?q=%00",
    "/admin/leads/pagecount/?day__year=99999",
    "/admin/calendar/?month=%00",
    "/admin/translations/?q=%00",
    "/admin/autocomplete/?app_label=roles&model_name=role&field_name=author&term=%00",
    "/admin/leads/outgoingmail/files/%00/",
    f"/admin/roles/role/changes/{HUGE}/",
]


@pytest.mark.parametrize("path", DESK)
def test_no_question_to_the_desk_is_too_odd(site, path):
    client = Client()
    client.force_login(make_user(is_superuser=True))

    assert client.get(path).status_code in {200, 301, 302, 400, 404}


@pytest.mark.parametrize(
    "name", ["title", "summary", "slug", "sections-0-body", "_form", "_seen", "_read", "revision_note"]
)
def test_a_form_of_the_desk_with_a_nul_breaks_nothing(site, name):
    client, role = Client(), site["role"]
    client.force_login(make_user(is_superuser=True))
    address = reverse("admin:roles_role_change", args=[role.pk])
    form = form_as_shown(client, address)

    assert client.post(address, form | {name: "a\x00b", "_save": "1"}).status_code in {200, 302, 409}
    assert client.post(reverse("admin:roles_role_keep", args=[role.pk]), form | {name: "a\x00b"}).status_code < 500
    assert client.post(reverse("admin:roles_role_look", args=[role.pk]), form | {name: "a\x00b"}).status_code < 500

"""Counts per page, call to action and day, of people's browsers, without anything that tells who (COO-14)."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads import confirmation, counts, tokens
from leads.models import PageCount, Submission
from tests.factories import make_cta, make_page, make_person, make_site, make_user, published_role
from tests.lead_factories import make_wordings, published_report

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def tell(client, page, what="view", agent=FIREFOX, **more):
    return client.post("/count/", {"what": what, "page": page} | more, headers={"User-Agent": agent})


def counted(column="views"):
    """Return what was counted: {(page, call to action): number}."""
    rows = PageCount.objects.filter(**{f"{column}__gt": 0})
    return {(row.page, row.cta): getattr(row, column) for row in rows}


def test_a_view_is_counted_and_the_answer_is_empty(client):
    make_site()

    response = tell(client, "/")

    assert (response.status_code, response.content, dict(response.cookies)) == (204, b"", {})
    assert counted() == {("/", ""): 1}


def test_each_day_page_and_call_to_action_is_a_row(client, clock):
    make_site()
    cta = make_cta("booking", name="Autumn")
    for _time in range(3):
        tell(client, "/")
    tell(client, "/roles/", "form", cta=str(cta.pk))
    clock.shift(timedelta(days=1))
    tell(client, "/")

    rows = PageCount.objects.order_by("day", "page").values_list("page", "cta", "views", "forms_shown")
    assert list(rows) == [("/", "", 3, 0), ("/roles/", "Autumn", 0, 1), ("/", "", 1, 0)]


def test_each_live_page_is_counted(client):
    make_site()
    role, report, page = published_role(), published_report(), make_page()
    page.publish()
    polish = published_role(language="pl")
    person = make_person(on_team=True)
    pages = ["/", "/pl/", "/roles/", "/people/", "/consultation/", "/pl/consultation/"]
    pages += [thing.get_absolute_url() for thing in (role, report, page, polish, person)]

    for address in pages:
        tell(client, address)

    assert counted() == {(address, ""): 1 for address in pages}


def test_what_is_no_live_page_is_not_counted(client):
    make_site()
    draft = make_page()
    addresses = ["", "x", "//evil.example/", "/admin/", "/none/", "/c/token/", "/roles/none/", "/pl", "/robots.txt"]

    answers = {tell(client, address).status_code for address in [*addresses, draft.get_absolute_url(), "/" + "a" * 400]}

    assert (answers, PageCount.objects.count()) == ({204}, 0)


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
        "facebookexternalhit/1.1",
        "curl/8.5.0",
        "python-requests/2.32",
    ],
)
def test_bots_are_not_counted(client, agent):
    make_site()

    tell(client, "/", agent=agent)

    assert PageCount.objects.count() == 0


@pytest.mark.parametrize("what", ["", "submitted", "confirmed", "views", "views = 9 --"])
def test_a_page_cannot_tell_what_only_the_server_knows(client, what):
    make_site()

    tell(client, "/", what)

    assert PageCount.objects.count() == 0


def test_no_other_site_can_count(client):
    make_site()

    response = client.post("/count/", {"what": "view", "page": "/"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert (response.status_code, PageCount.objects.count()) == (403, 0)


def test_a_get_counts_nothing(client):
    assert client.get("/count/").status_code == 405


def test_an_unknown_column_is_an_error():
    with pytest.raises(ValueError, match="day"):
        counts.add("day", "/")


def test_a_form_is_counted_when_sent_and_when_confirmed(client):
    make_site()
    words = make_wordings()
    report = published_report()
    cta = make_cta("role_report", name="Card")
    data = {"email": "marta@quillstone.example", "consent_report": words["report"].sha256, "form": "card"}

    client.post(report.get_absolute_url(), data | {"page": "/roles/x/", "cta": str(cta.pk)})
    assert counted("submitted") == {("/roles/x/", "Card"): 1}
    assert counted("confirmed") == {}
    submission = Submission.objects.get()
    for _time in range(2):
        confirmation.confirm(submission)

    assert counted("confirmed") == {("/roles/x/", "Card"): 1}


def test_a_form_is_counted_after_the_ledger_is_written(client):
    """Else those of a page would wait for one another's turn at the ledger, one after the other (REL-11); and one that
    has the count could wait for one that has the ledger, and the other way round."""
    make_site()
    words = make_wordings()
    data = {"email": "marta@quillstone.example", "consent_report": words["report"].sha256, "form": "card"}
    report = published_report()

    with CaptureQueriesContext(connection) as sent:
        client.post(report.get_absolute_url(), data)
    with CaptureQueriesContext(connection) as confirmed:
        confirmation.confirm(Submission.objects.get())

    for queries in (sent, confirmed):
        written = [query["sql"] for query in queries if re.match("INSERT|SELECT pg_advisory", query["sql"])]
        counted = next(number for number, sql in enumerate(written) if "leads_pagecount" in sql)
        entered = [number for number, sql in enumerate(written) if "leads_consentevent" in sql or "advisory" in sql]
        assert entered
        assert counted > max(entered)


def test_a_refused_form_is_not_counted(client):
    make_site()
    make_wordings()

    client.post(published_report().get_absolute_url(), {"email": "nobody"})

    assert PageCount.objects.count() == 0


def test_a_download_is_counted_on_the_reports_page_once_for_all_its_parts(client):
    make_site()
    report = published_report()
    link = f"/d/{tokens.download_token(report.current_edition)}/"

    client.get(link, headers={"Sec-Fetch-Site": "same-origin"})
    client.head(link, headers={"Sec-Fetch-Site": "same-origin"})
    client.get(link, headers={"Sec-Fetch-Site": "same-origin", "Range": "bytes=10-"})

    assert counted("downloads") == {(report.get_absolute_url(), ""): 1}


def test_a_count_names_nobody():
    kept = {field.name for field in PageCount._meta.fields}

    assert kept == {"id", "day", "page", "cta", *counts.COLUMNS}


def test_a_view_costs_two_statements(client, django_assert_num_queries):
    role = published_role()

    with django_assert_num_queries(2):  # the page is live, and the count
        tell(client, role.get_absolute_url())


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_two():
    def add() -> None:
        for _time in range(20):
            counts.add("views", "/")
        connection.close()

    threads = [threading.Thread(target=add) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counted() == {("/", ""): 80}


def test_the_dashboard_shows_the_busiest_pages_of_two_weeks(client):
    today = timezone.localdate()
    rows = [(today, "/", 5), (today, "/roles/", 2), (today - timedelta(days=13), "/roles/", 9)]
    rows += [(today - timedelta(days=14), "/old/", 99)]
    for day, page, views in rows:
        PageCount.objects.create(day=day, page=page, views=views)

    busiest = [(row["page"], row["views"]) for row in counts.busiest(14, 8)]

    assert busiest == [("/roles/", 11), ("/", 5)]
    client.force_login(make_user(group="Editors"))
    page = client.get("/admin/").content.decode()
    assert "Most read, last 14 days" in page
    assert "/roles/" in page
    assert "/old/" not in page


def test_who_may_not_see_counts_sees_none(client):
    PageCount.objects.create(day=timezone.localdate(), page="/", views=5)
    client.force_login(make_user(group="Lead handlers"))

    assert "Most read" not in client.get("/admin/").content.decode()
    assert client.get("/admin/leads/pagecount/").status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_counts_never_costs_more_with_more_rows(client, django_assert_max_num_queries, number):
    for page in range(number):
        PageCount.objects.create(day=timezone.localdate(), page=f"/{page}/", views=5)
    client.force_login(make_user(group="Editors"))

    with django_assert_max_num_queries(15):
        assert f"/{number - 1}/" in client.get("/admin/leads/pagecount/").content.decode()

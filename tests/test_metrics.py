"""Counts for whoever watches the site: asked from inside alone, and saying nothing of persons (SEC-22, REL-4)."""

import re
import subprocess
import sys
import time
from datetime import timedelta
from ipaddress import ip_network

import pytest
import yaml
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from leads import outbox
from leads.models import OutgoingMail
from recruitcms import metrics, page_cache
from tests.factories import make_site, published_role
from tests.lead_factories import make_mail, make_submission, make_wordings, requested

pytestmark = pytest.mark.django_db


def ask() -> dict[tuple, float]:
    """Return what stands at /metrics, by name and labels."""
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests_of(view: str, method: str = "GET", status: str = "2xx") -> tuple:
    return ("recruitcms_request_seconds_count", ("method", method), ("status", status), ("view", view))


def form(kind: str, became: str) -> tuple:
    return ("recruitcms_forms_total", ("became", became), ("kind", kind))


def test_requests_are_counted_by_view_method_and_class_of_status(client):
    make_site()
    role = published_role()
    before = ask()

    client.get(role.get_absolute_url())
    client.get("/nothing/here/")
    client.head("/robots.txt")

    after = ask()
    gained = {key: value - before.get(key, 0) for key, value in after.items() if key[0].endswith("seconds_count")}
    del gained[requests_of("metrics")]
    assert {key: value for key, value in gained.items() if value} == {
        requests_of("role"): 1,
        requests_of("-", status="4xx"): 1,
        requests_of("robots", "HEAD"): 1,
    }


def test_a_flood_of_unknown_paths_and_methods_makes_no_new_series(client):
    """SEC-20: whatever a visitor makes up, memory does not grow with it."""
    make_site()

    def ask_for(number: int) -> None:
        client.get(f"/nothing-{number}/?q={number}")
        client.generic(f"VERB{number}", f"/roles/{number}/")

    ask()
    ask_for(0)
    before = (set(ask()), len(metrics._series))
    for number in range(1, 50):
        ask_for(number)

    assert (set(ask()), len(metrics._series)) == before


def test_pages_from_the_cache_are_counted_as_such(settings):
    settings.PAGE_CACHE_BYTES = 1 << 20
    make_site()
    client, before = Client(), ask()

    first, second = client.get("/people/"), client.get("/people/")
    third = client.get("/people/", headers={"If-None-Match": second["ETag"]})

    after = ask()
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 304)
    assert after[requests_of("kept page")] - before.get(requests_of("kept page"), 0) == 1
    assert after[requests_of("kept page", status="3xx")] - before.get(requests_of("kept page", status="3xx"), 0) == 1
    assert after[requests_of("people")] - before.get(requests_of("people"), 0) == 1
    assert page_cache.totals()[0] >= 1
    assert after[("recruitcms_kept_bytes",)] > 0


def test_all_pages_of_the_desk_are_one_view(admin_client):
    admin_client.get("/admin/")

    views = {dict(key[1:])["view"] for key in ask() if key[0] == "recruitcms_request_seconds_count"}

    assert "admin" in views
    assert [view for view in views if view.startswith("admin:")] == []


def test_forms_are_counted_by_kind_and_by_what_became_of_them(client):
    make_site()
    make_wordings()
    before = ask()

    client.post("/consultation/", {"email": "no address"})

    assert ask()[form("consultation", "refused")] - before.get(form("consultation", "refused"), 0) == 1


def test_what_is_owed_and_the_workers_heartbeat_are_there():
    """REL-4"""
    outbox.send_due()
    mail = make_mail(submission=requested(make_submission()))
    OutgoingMail.objects.filter(pk=mail.pk).update(created_at=timezone.now() - timedelta(minutes=90))

    found = ask()

    assert found[("recruitcms_mails", ("state", "pending"))] == 1
    assert found[("recruitcms_oldest_owed_mail_seconds",)] == pytest.approx(5400, abs=30)
    assert found[("recruitcms_worker_heartbeat_age_seconds",)] == pytest.approx(0, abs=30)
    assert found[("recruitcms_ledger_entries",)] == 1
    assert found[("recruitcms_database_up",)] == 1
    assert found[("recruitcms_disk_free_bytes",)] > 0
    assert ("recruitcms_release_info", ("release", "")) in found


AT_START = """
import django
django.setup()
from django.urls import get_resolver
from prometheus_client import generate_latest
from recruitcms import metrics
get_resolver().reverse_dict
print(generate_latest(metrics.registry).decode())
"""


def rules() -> list[str]:
    """Return what the alarms ask, without what they know to be absent at first."""
    groups = yaml.safe_load((settings.BASE_DIR / "deploy/prometheus/recruitcms.yml").read_text())["groups"]
    asked = [rule["expr"] for group in groups for rule in group["rules"]]
    may_be_absent = {name for expr in asked for name in re.findall(r"absent\((\w+)\)", expr)}
    return [re.sub("|".join(may_be_absent), "", expr) for expr in asked]


def test_each_series_that_an_alarm_asks_for_is_there_from_the_start():
    """SEC-18, REL-4: Prometheus sees no growth in the first count of a new series, and compares nothing with none."""
    done = subprocess.run(
        [sys.executable, "-c", AT_START], capture_output=True, check=True, text=True, cwd=settings.BASE_DIR
    )
    now = text_string_to_metric_families(Client().get("/metrics").text)
    looked_up = [family for family in now if family.type == "gauge"]
    there = [
        (sample.name, sample.labels)
        for family in [*text_string_to_metric_families(done.stdout), *looked_up]
        for sample in family.samples
    ]
    wanted = [
        (name, dict(re.findall(r'(\w+)="([^"]*)"', labels)))
        for expr in rules()
        for name, labels in re.findall(r"(recruitcms_\w+)(\{[^}]*\})?", expr)
    ]

    def is_there(name: str, labels: dict[str, str]) -> bool:
        return any(name == found and labels.items() <= its.items() for found, its in there)

    assert len(wanted) > 10
    assert [one for one in wanted if not is_there(*one)] == []


def test_a_database_that_hangs_is_away():
    """REL-4: one scrape waits for it; those after that say so at once."""
    with metrics.State._asking:
        found = ask()

    assert found[("recruitcms_database_up",)] == 0
    assert ("recruitcms_disk_free_bytes",) in found


def test_nobody_is_named(client):
    """SEC-22"""
    make_site()
    make_mail(submission=requested(make_submission(email="marta@quillstone.example")))
    client.get("/c/a-secret-token/?email=marta@quillstone.example")

    text = Client().get("/metrics").text

    assert [word for word in ("quillstone", "a-secret-token", "@", "?", "/c/") if word in text] == []


def test_without_its_database_the_rest_is_still_answered():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leads_outgoingmail RENAME TO away")
    before = transaction.savepoint()  # PostgreSQL takes nothing more after an error until it is taken back

    found = ask()

    transaction.savepoint_rollback(before)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE away RENAME TO leads_outgoingmail")
    assert found[("recruitcms_database_up",)] == 0
    assert ("recruitcms_disk_free_bytes",) in found
    assert ("recruitcms_mails", ("state", "pending")) not in found


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("10.1.2.3", {}, 404),
        ("", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),  # whatever a proxy passed on
    ],
)
def test_it_answers_inside_alone(peer, headers, status):
    make_site()

    assert Client(REMOTE_ADDR=peer).get("/metrics", headers=headers).status_code == status


def test_another_network_can_be_let_in(settings):
    settings.METRICS_NETWORKS = [ip_network("10.0.0.0/8")]

    assert Client(REMOTE_ADDR="10.1.2.3").get("/metrics").status_code == 200


def test_it_is_not_kept_nor_indexed_and_sets_no_cookie():
    answer = Client().get("/metrics")

    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.cookies == {}


def test_a_whole_scrape_asks_few_questions(django_assert_max_num_queries):
    outbox.send_due()

    with django_assert_max_num_queries(9):
        Client().get("/metrics")


def test_what_counting_costs_is_a_few_millionths_of_a_second(rf):
    """A page from the cache takes some 200 of them; the processor's time is measured, not the clock's."""
    answer = HttpResponse("page")
    answer.is_kept = True
    bare, request = (lambda request: answer), rf.get("/")
    measured = metrics.Measured(bare)

    def cost(call) -> float:
        began = time.process_time()
        for _number in range(20_000):
            call(request)
        return (time.process_time() - began) / 20_000 * 1e6

    extra = min(cost(measured) for _try in range(3)) - min(cost(bare) for _try in range(3))

    assert extra < 20, f"{extra:.1f} millionths of a second"


def test_names_follow_the_habits_of_prometheus():
    names = {family.name for family in text_string_to_metric_families(Client().get("/metrics").text)}

    assert [name for name in names if not re.fullmatch(r"(recruitcms|process)_[a-z_]+", name)] == []

"""What those are told who watch the site: alive, and well; never a word of a person (REL-4, REL-10)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from leads import outbox, pauses
from leads.models import OutboxState, OutgoingMail
from recruitcms import health
from tests.factories import make_site
from tests.lead_factories import make_mail


@pytest.fixture
def working(db) -> None:
    """A site whose worker has just been seen."""
    outbox.send_due()


def ask(address: str = "/readyz"):
    health._last.at = float("-inf")  # as after some seconds
    return Client().get(address)


def test_the_process_says_that_it_lives_without_the_database(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        response = ask("/healthz")

    assert (response.status_code, response.json()) == (200, {"alive": True})


def test_a_site_that_works_is_ready(working):
    response = ask()

    assert (response.status_code, response.json()) == (
        200,
        {
            "ready": True,
            "database": "ok",
            "disk": "ok",
            "mail": "ok",
            "worker": "ok",
            "queue": "ok",
            "oldest_mail_seconds": 0,
        },
    )


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_answers_are_not_cached_nor_indexed_and_set_no_cookie(working, address):
    response = ask(address)

    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("no-store", "noindex")
    assert response.cookies == {}
    assert "Vary" not in response


def test_old_mail_that_still_waits_is_an_alarm(working):
    mail = make_mail(due_at=timezone.now() + timedelta(hours=2), attempts=3)
    OutgoingMail.objects.filter(pk=mail.pk).update(created_at=timezone.now() - health.LATE - timedelta(seconds=1))

    response = ask()

    said = response.json()
    assert (response.status_code, said["ready"], said["mail"]) == (503, False, "late")
    assert said["oldest_mail_seconds"] == health.LATE.total_seconds() + 1
    assert "quillstone" not in response.text


def test_mail_that_a_limit_put_off_is_no_alarm_and_does_not_show(working):
    """EML-10: two forms for one address on a day neither wake anybody nor tell who had a mail today."""
    mail = make_mail(due_at=timezone.now() + timedelta(hours=22))
    OutgoingMail.objects.filter(pk=mail.pk).update(created_at=timezone.now() - timedelta(hours=2))

    response = ask()

    assert (response.status_code, response.json()["oldest_mail_seconds"]) == (200, 0)


def test_only_one_asks_while_the_others_get_the_last_answer(working):
    """REL-11: a database that is stuck takes one of the server's threads, not all"""
    ask()
    health._last.at = float("-inf")

    with health._asking:
        answers = [Client().get("/readyz") for _number in range(3)]

    assert [answer.json()["ready"] for answer in answers] == [True] * 3


@pytest.mark.parametrize(("beat", "word"), [(timedelta(minutes=11), "silent"), (timedelta(minutes=9), "ok")])
def test_a_worker_without_a_heartbeat_is_an_alarm(working, beat, word):
    OutboxState.objects.update(beat_at=timezone.now() - beat)

    assert ask().json()["worker"] == word


def test_a_worker_that_never_ran_is_an_alarm(db):
    response = ask()

    assert (response.status_code, response.json()["worker"]) == (503, "never seen")


def test_a_paused_queue_is_an_alarm_and_says_at_which_stage(working):
    """EML-14"""
    make_mail()
    pauses.pause(timezone.now(), "sign_in", "535 5.7.8 northbeam-account: wrong password")

    response = ask()

    assert (response.status_code, response.json()["queue"]) == (503, "paused: sign_in")
    assert "northbeam-account" not in response.text


def test_a_database_that_cannot_be_written_is_an_alarm(working):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leads_outboxstate RENAME TO away")

    response = ask()

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE away RENAME TO leads_outboxstate")
    assert (response.status_code, response.json()["database"]) == (503, "cannot be written")


def test_asking_writes_nothing(working):
    before = list(OutboxState.objects.values())

    ask()

    assert list(OutboxState.objects.values()) == before


def test_a_disk_that_is_nearly_full_is_an_alarm(working, monkeypatch):
    """REL-7"""
    monkeypatch.setattr(health, "DISK_LEAST", 1 << 60)

    assert (ask().status_code, ask().json()["disk"]) == (503, "nearly full")


def test_whoever_asks_all_the_time_costs_nothing(working, django_assert_num_queries):
    ask()

    with django_assert_num_queries(0):
        assert Client().get("/readyz").json()["ready"] is True


def test_both_are_reached_past_the_proxy_and_named_nowhere(working, settings):
    make_site()
    settings.SECURE_SSL_REDIRECT = True

    assert [ask(address).status_code for address in ("/healthz", "/readyz", "/")] == [200, 200, 301]
    settings.SECURE_SSL_REDIRECT = False

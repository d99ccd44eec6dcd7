"""The outbox against a real mail server: nothing lost, nothing sent twice, nothing sent to who withdrew."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.conf import settings as project
from django.core.mail import get_connection
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from leads import outbox
from leads.models import ConsentEvent, OutgoingMail
from leads.withdrawal import withdraw
from tests import postgres as postgresql
from tests.lead_factories import make_mail, make_submission, make_wordings, published_report, record, requested

State = OutgoingMail.State


@pytest.fixture
def mail(db):
    """A confirm mail that is owed."""
    make_wordings()
    return make_mail(submission=requested(make_submission(report=published_report())))


def now_is(mail: OutgoingMail) -> OutgoingMail:
    return OutgoingMail.objects.get(pk=mail.pk)


def test_a_due_mail_is_sent_once_with_its_fixed_message_id(mail, postbox):
    """EML-12"""
    assert outbox.send_due() == 1
    assert outbox.send_due() == 0

    [(to, message)] = postbox.messages
    sent = now_is(mail)
    assert to == ["marta@quillstone.example"]
    assert message["Message-ID"] == mail.message_id
    assert (sent.state, sent.attempts, sent.lease_until, sent.last_error) == ("sent", 1, None, "")
    assert sent.sent_at is not None


def test_mail_is_sent_in_the_order_of_its_dues(mail, postbox):
    earlier = make_mail("welcome", submission=mail.submission, due_at=timezone.now() - timedelta(hours=1))

    outbox.send_due()

    assert [message["Message-ID"] for _to, message in postbox.messages] == [earlier.message_id, mail.message_id]


def test_mail_of_a_later_day_waits(mail, postbox):
    OutgoingMail.objects.update(due_at=timezone.now() + timedelta(minutes=1))

    assert outbox.send_due() == 0
    assert postbox.messages == []


def test_no_more_than_the_limit_leaves_at_once(mail, postbox):
    make_mail(submission=mail.submission)

    assert outbox.send_due(limit=1) == 1
    assert OutgoingMail.objects.filter(state=State.PENDING).count() == 1


def test_waits_double_up_to_six_hours_and_add_up_to_about_two_days():
    waits = [outbox.wait_after(attempts) for attempts in range(1, outbox.MAX_ATTEMPTS)]

    assert all(
        timedelta(minutes=0.8) * 2**n <= wait <= timedelta(minutes=1.2) * 2**n for n, wait in enumerate(waits[:8])
    )
    assert max(waits) <= timedelta(hours=7.2)
    assert timedelta(hours=35) < sum(waits, timedelta()) < timedelta(hours=55)


def test_the_last_attempt_gives_up(mail, postbox):
    postbox.refusals["RCPT"] = "451 try later"
    OutgoingMail.objects.update(attempts=outbox.MAX_ATTEMPTS - 1)

    outbox.send_due()

    assert now_is(mail).state == "dead"


def test_a_mail_that_cannot_be_written_is_tried_again_and_said_without_an_address(mail, postbox, caplog):
    """SEC-22"""
    mail.submission.report.editions.all().delete()
    record(mail.submission, "report", ConsentEvent.State.GIVEN)
    OutgoingMail.objects.update(kind="report")

    outbox.send_due()

    assert now_is(mail).state == "pending"
    assert now_is(mail).last_error == "LookupError: The report has no edition to send."
    assert f"Mail {mail.pk} cannot be written: LookupError" in caplog.text
    assert "quillstone" not in caplog.text


@pytest.mark.parametrize("kind", ["confirm", "report", "welcome"])
def test_nothing_is_sent_to_somebody_who_withdrew_in_between(mail, postbox, kind):
    """§1.2"""
    withdraw(mail.submission.lead, "report", ConsentEvent.Method.ONE_CLICK)
    OutgoingMail.objects.update(kind=kind, state=State.PENDING)

    assert outbox.send_due() == 0

    assert now_is(mail).state == "cancelled"
    assert postbox.messages == []


def test_a_confirm_mail_is_pointless_after_the_button(mail, postbox):
    mail.submission.confirmed_at = timezone.now()
    mail.submission.save()

    outbox.send_due()

    assert (now_is(mail).state, postbox.messages) == ("cancelled", [])


# --- leases ---


def test_a_claimed_mail_is_nobody_elses(mail):
    claimed = outbox.claim(timezone.now())

    assert (claimed.pk, claimed.attempts, claimed.state) == (mail.pk, 1, "sending")
    assert outbox.claim(timezone.now()) is None


def test_a_mail_that_changed_since_it_was_read_is_not_taken(mail):
    read = now_is(mail)
    outbox.claim(timezone.now())

    assert outbox._take(read) is False
    assert now_is(mail).attempts == 1


def let_the_lease_end(**more) -> None:
    OutgoingMail.objects.filter(state=State.SENDING).update(lease_ticks=time.monotonic(), **more)


def test_the_lease_of_a_dead_worker_is_taken_again(mail):
    """EML-13, REL-5"""
    outbox.claim(timezone.now())
    assert outbox.claim(timezone.now()) is None

    let_the_lease_end()

    again = outbox.claim(timezone.now())
    assert (again.attempts, again.uncertain) == (2, 1)  # the dead one may have sent it


def test_a_lease_from_before_the_machine_started_anew_ends_by_the_databases_clock(mail):
    """REL-6: also that of a worker on another machine, whose ticks say nothing here."""
    outbox.claim(timezone.now())
    OutgoingMail.objects.update(lease_boot="another start")
    assert outbox.claim(timezone.now()) is None

    OutgoingMail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert outbox.claim(timezone.now()).attempts == 2


@pytest.mark.parametrize("jump", [timedelta(days=40), timedelta(days=-40)])
def test_a_clock_that_jumps_while_a_mail_is_sent_makes_nobody_send_it_again(mail, postbox, clock, jump):
    """REL-6: a second worker looks while the first has the mail in hand, and the clock is changed."""
    OutgoingMail.objects.update(due_at=timezone.now() - timedelta(days=80))
    in_hand = outbox.claim(timezone.now())

    clock.shift(jump)
    assert outbox.send_due() == 0

    assert outbox._deliver(in_hand, get_connection()) is True
    assert len(postbox.messages) == 1
    assert now_is(mail).state == "sent"


def test_what_a_wrong_clock_left_behind_is_not_waited_for(mail):
    """REL-6: the clock was forty days ahead when one mail was put off and another machine's worker died."""
    ahead = timezone.now() + timedelta(days=40)
    OutgoingMail.objects.filter(pk=mail.pk).update(due_at=ahead)
    left = make_mail(state="sending", lease_until=ahead, lease_boot="another machine", due_at=timezone.now())

    assert {outbox.claim(timezone.now()), outbox.claim(timezone.now())} == {mail, left}
    assert outbox.claim(timezone.now()) is None


def test_what_is_planned_for_tomorrow_and_a_clock_a_little_ahead_are_waited_for(mail):
    OutgoingMail.objects.filter(pk=mail.pk).update(due_at=timezone.now() + timedelta(hours=24))
    until = timezone.now() + outbox.LEASE * 1.5
    make_mail(state="sending", lease_until=until, lease_boot="another machine")

    assert outbox.claim(timezone.now()) is None


def test_a_worker_that_slept_past_its_lease_does_not_send(mail, postbox):
    """REL-6: stopped in mid-work and woken later, it cannot know whether another worker has sent the mail."""
    slow = outbox.claim(timezone.now())
    slow.lease_ticks = time.monotonic() - 1

    assert outbox._deliver(slow, get_connection()) is False
    assert postbox.messages == []
    assert now_is(mail).state == "sending"


def test_a_worker_whose_lease_ran_out_does_not_speak_for_the_next(mail):
    slow = outbox.claim(timezone.now())
    let_the_lease_end(lease_until=timezone.now() - timedelta(hours=1))
    quick = outbox.claim(timezone.now())

    outbox._end(slow, State.DEAD)

    assert now_is(mail).state == "sending"
    assert now_is(mail).lease_until == quick.lease_until


MANAGE = [sys.executable, str(project.BASE_DIR / "manage.py")]
OWE_TWELVE = """
import django; django.setup()
from tests.lead_factories import *
make_wordings()
report = published_report()
for number in range(12):
    submission = requested(make_submission(email=f"person{number}@quillstone.example", report=report))
    make_mail(submission=submission, message_id=f"<{number}@testserver>")
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory, request):
    """The environment of workers in processes of their own, with a database of their own of the kind that is tested."""
    folder = str(tmp_path_factory.mktemp("workers"))
    environment = os.environ | {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "recruitcms.settings"}
    environment |= {"PYTHONPATH": str(project.BASE_DIR), "SITE_URL": "http://testserver"}
    on_postgresql = connection.vendor == "postgresql"
    own = postgresql.database(request.getfixturevalue("postgres_server")) if on_postgresql else nullcontext("")
    with own as url:
        environment |= {"DATABASE_URL": url}
        subprocess.run([*MANAGE, "migrate", "-v0"], env=environment, check=True)
        yield environment


def test_workers_never_take_the_same_mail(environment, postbox, settings):
    """EML-12: several processes at once, each with its own connection"""
    subprocess.run([sys.executable, "-c", OWE_TWELVE], env=environment, check=True)
    environment |= {"MAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}"}

    workers = [
        subprocess.Popen([*MANAGE, "worker", "--once"], env=environment, stdout=subprocess.PIPE, text=True)
        for _number in range(4)
    ]
    counts = [int(worker.communicate(timeout=60)[0].split()[0]) for worker in workers]

    ids = [message["Message-ID"] for _to, message in postbox.messages]
    assert sorted(ids) == sorted(f"<{number}@testserver>" for number in range(12))
    assert sum(counts) == 12


# --- the loop ---


def until(fact, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not fact() and time.monotonic() < end:
        time.sleep(0.02)
    return fact()


def test_the_embedded_worker_sends_until_it_is_stopped(transactional_db, postbox, monkeypatch):
    monkeypatch.setattr(outbox, "PAUSE", 0.01)
    make_wordings()
    submission = requested(make_submission(report=published_report()))
    make_mail(submission=submission)
    make_mail("welcome", submission=submission, due_at=timezone.now() + timedelta(seconds=0.3))

    stop = outbox.start_thread()

    # The mail server is asked, not the tables: threads of a test share one database in memory.
    arrived = until(lambda: len(postbox.messages) == 2)
    stop.set()
    [thread] = [thread for thread in threading.enumerate() if thread.name == "outbox"]
    thread.join()
    assert arrived
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"sent"}


def test_the_loop_survives_a_fault_and_says_so_without_its_message(transactional_db, caplog, monkeypatch):
    """The table is away for a moment: the loop goes on, and sends when it is back."""
    monkeypatch.setattr(outbox, "PAUSE", 0.01)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leads_outgoingmail RENAME TO away")
    stop = threading.Event()
    thread = threading.Thread(target=outbox.run_forever, args=[stop])
    with caplog.at_level(logging.ERROR):
        thread.start()
        said = until(lambda: caplog.text.count("The outbox rests for a moment") > 1)
    stop.set()
    thread.join()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE away RENAME TO leads_outgoingmail")

    assert said
    assert "leads_outgoingmail" not in caplog.text


def test_the_worker_sends_what_is_due_and_says_how_many(mail, postbox, capsys):
    make_mail("welcome", submission=mail.submission)

    call_command("worker", "--once")

    assert capsys.readouterr().out == "2 mails sent.\n"


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_ends_cleanly_when_told_to(environment, name):
    """REL-10"""
    worker = subprocess.Popen([*MANAGE, "worker"], env=environment, stdout=subprocess.PIPE, text=True)
    assert worker.stdout.readline() == "Sending what is owed. Ctrl-C ends it.\n"

    worker.send_signal(name)

    out, _err = worker.communicate(timeout=20)
    assert (worker.returncode, out) == (0, "0 mails sent.\n")


def test_a_worker_in_this_process_obeys_the_same_signal(transactional_db, capsys, monkeypatch):
    monkeypatch.setattr(outbox, "PAUSE", 0.01)
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM]).start()

    try:
        call_command("worker")
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)

    assert capsys.readouterr().out.endswith("\n0 mails sent.\n")

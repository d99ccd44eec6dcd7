"""Retention runs: move the clock and count (CON-16, CON-17)."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models.signals import post_delete
from django.utils import timezone

from leads import anchors, confirmation, erasure, ledger_checks, mail_files, retention, tokens
from leads.models import ConsentEvent, ConsentPayload, Lead, OutgoingMail, Purpose, RetentionRun, Submission
from leads.withdrawal import withdraw
from tests.lead_factories import make_mail, make_submission, make_wordings, record, requested, states

State, Method = ConsentEvent.State, ConsentEvent.Method
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def words(db, settings, tmp_path):
    settings.LEDGER_ANCHOR_FILE = tmp_path / "anchors.jsonl"
    settings.ERASURE_JOURNAL_FILE = tmp_path / "erasures.jsonl"
    settings.MAIL_DIR = tmp_path / "mail"
    made = make_wordings()
    for key, months in (("report", 24), ("letter", 36), ("consultation", 12)):
        Purpose.objects.filter(key=key).update(keep_months=months)
    return made


def faults() -> list[str]:
    """Return what is wrong with the ledger, the missing anchors apart: these tests have no worker."""
    return [str(fault) for fault in ledger_checks.faults() if fault.invariant != "I11"]


def held() -> tuple[int, int]:
    return Lead.objects.count(), Submission.objects.count()


def subscriber(email: str = "marta@quillstone.example") -> Lead:
    submission = requested(make_submission(email=email), "letter")
    confirmation.confirm(submission)
    return submission.lead


def test_a_request_never_confirmed_goes_after_30_days(clock):
    lead = requested(make_submission(), "report", "letter").lead

    clock.shift(29 * DAY)
    retention.run(timezone.now())
    assert held() == (1, 1)

    clock.shift(2 * DAY)
    gone = retention.run(timezone.now())
    assert held() == (0, 0)
    assert gone == {"unconfirmed": 2, "submission": 1, "person": 1}
    assert ("letter", "expired") in states(lead)
    assert faults() == []


def test_an_enquiry_goes_12_months_after_the_last_contact(clock):
    enquiry = make_submission("consultation")
    record(enquiry, "consultation", State.GIVEN)
    clock.shift(100 * DAY)
    make_mail("enquiry", enquiry, "consultation", state="sent", sent_at=timezone.now())

    clock.shift(360 * DAY)
    OutgoingMail.objects.update(created_at=timezone.now())
    retention.run(timezone.now())
    assert held() == (1, 1)

    clock.shift(10 * DAY)
    retention.run(timezone.now())
    assert held() == (0, 0)


def test_a_subscriber_is_kept_36_months_and_then_goes(clock):
    subscriber()

    clock.shift(1090 * DAY)
    retention.run(timezone.now())
    assert held() == (1, 1)

    clock.shift(10 * DAY)
    retention.run(timezone.now())
    assert held() == (0, 0)


def test_somebody_withdrawn_goes_after_30_days_and_another_stays(clock):
    lead = subscriber()
    subscriber("other@x.example")
    withdraw(lead, "letter", Method.MAIL_BUTTON)

    clock.shift(31 * DAY)
    retention.run(timezone.now())

    assert list(Lead.objects.values_list("email", flat=True)) == ["other@x.example"]


def test_asking_again_does_not_make_what_is_given_expire(clock):
    lead = subscriber()
    requested(make_submission(lead=lead), "letter")

    clock.shift(40 * DAY)
    retention.run(timezone.now())

    assert states(lead)[-1] == ("letter", "requested")


def test_delivered_mail_goes_after_30_days_and_waiting_mail_stays(clock, settings):
    lead = subscriber()
    OutgoingMail.objects.all().delete()
    submission = lead.submissions.get()
    make_mail("welcome", submission, "letter", state="sent", sent_at=timezone.now())
    waiting = make_mail("welcome", submission, "letter")
    settings.MAIL_DIR.mkdir()
    (settings.MAIL_DIR / "1.eml").write_text("To: somebody")

    clock.shift(31 * DAY)
    gone = retention.run(timezone.now())

    assert list(OutgoingMail.objects.all()) == [waiting]
    assert (mail_files.names(), gone) == ([], {"mail": 1, "mail file": 1})


@pytest.mark.parametrize(
    ("ended", "until"),
    [(datetime(2026, 1, 2, 12), 2030), (datetime(2026, 12, 31, 12), 2030)],  # noqa: DTZ001
)
def test_proof_is_kept_three_years_to_the_end_of_the_year(ended, until):
    """CON-16"""
    kept = retention.proof_until(timezone.make_aware(ended), 3)

    assert timezone.localtime(kept).isoformat()[:16] == f"{until}-01-01T00:00"


def test_proof_goes_when_its_time_is_over_and_an_entry_names_it(clock):
    """CON-16, I5"""
    lead = subscriber()
    subscriber("other@x.example")
    Purpose.objects.update(keep_months=200)
    withdraw(lead, "letter", Method.MAIL_BUTTON)
    ref = tokens.subject_ref(lead.email_normal)

    clock.shift(31 * DAY)
    retention.run(timezone.now())
    assert ConsentPayload.objects.filter(subject_ref=ref).count() == 4

    clock.move_to(timezone.now().replace(year=timezone.now().year + 5))
    retention.run(timezone.now())

    assert ConsentPayload.objects.filter(subject_ref=ref).count() == 0
    assert ConsentEvent.objects.first().erases == [1, 2, 5, 6]
    assert ConsentPayload.objects.count() == 2
    assert faults() == []


def test_what_visitors_read_says_the_numbers_that_retention_acts_on():
    """CON-18: there is no second place in which the periods stand."""
    Purpose.objects.filter(key="letter").update(keep_months=36, unconfirmed_days=14, proof_years=5)

    said = {purpose.key: retention.in_words(purpose) for purpose in Purpose.objects.all()}

    assert said["letter"] == (
        "At most 36 months after the last contact. Deleted 30 days after a withdrawal. "
        "A request that nobody confirms is deleted after 14 days. Proof of consent, with a code in place of the "
        "address, is kept until the end of the calendar year 5 years later."
    )
    assert said["consultation"].startswith(
        "At most 12 months after the last contact. Deleted at once when consent is withdrawn. Proof of consent"
    )


def test_a_dry_run_lists_what_would_go_and_leaves_it(clock, capsys):
    requested(make_submission(), "letter")
    clock.shift(31 * DAY)

    call_command("retention", "--dry-run")

    assert capsys.readouterr().out == "unconfirmed: letter, entry 1\n"
    assert (held(), RetentionRun.objects.count()) == ((1, 1), 0)


def test_a_run_keeps_a_log_of_what_went(clock, capsys):
    requested(make_submission(), "letter")
    clock.shift(31 * DAY)

    call_command("retention")
    call_command("retention")

    assert [run.counts for run in RetentionRun.objects.order_by("pk")] == [
        {"unconfirmed": 1, "submission": 1, "person": 1}, {}
    ]  # fmt: skip
    assert capsys.readouterr().out == "person: 1, submission: 1, unconfirmed: 1\nNothing was due.\n"


def test_the_worker_runs_it_once_a_day(clock):
    for hours in (0, 1, 22, 1):
        clock.shift(timedelta(hours=hours))
        call_command("worker", "--once")

    assert RetentionRun.objects.count() == 2


def test_a_run_under_a_wrong_clock_puts_off_none(clock):
    """REL-6: the clock was forty days ahead, and is right again."""
    clock.shift(40 * DAY)
    call_command("worker", "--once")

    clock.shift(-40 * DAY)
    call_command("worker", "--once")
    call_command("worker", "--once")

    assert RetentionRun.objects.count() == 2


def test_a_consent_given_meanwhile_does_not_expire(clock):
    submission = requested(make_submission(), "letter")
    clock.shift(31 * DAY)
    lists = [list(retention.due(timezone.now())) for _worker in range(2)]
    record(submission, "letter", State.GIVEN)

    for one in [*lists[0], *lists[1]]:
        with transaction.atomic():
            one.go()

    assert states(submission.lead) == [("letter", "requested"), ("letter", "given")]


def test_a_submission_whose_person_agreed_anew_meanwhile_stays(clock):
    submission = requested(make_submission(), "letter")
    withdraw(submission.lead, "letter", Method.ONE_CLICK)
    clock.shift(31 * DAY)
    over = [one for one in retention.due(timezone.now()) if one.rule == "submission"]
    record(submission, "letter", State.GIVEN)

    with transaction.atomic():
        [one.go() for one in over]

    assert (len(over), Submission.objects.get()) == (1, submission)


def test_of_several_workers_one_runs():
    """CON-17: the others ask while it is at it."""
    make_mail(state="cancelled")
    OutgoingMail.objects.update(created_at=timezone.now() - 31 * DAY)
    others = []

    def ask(**_more):
        others.append(retention.run_daily(timezone.now()))

    post_delete.connect(ask, sender=OutgoingMail)
    ran = retention.run_daily(timezone.now())
    post_delete.disconnect(ask, sender=OutgoingMail)

    assert (ran, others) == ({"mail": 1}, [None])


def test_a_run_that_failed_is_tried_again(settings):
    settings.MAIL_DIR.mkdir()
    broken = settings.MAIL_DIR / "1.eml"
    broken.symlink_to("1.eml")
    with pytest.raises(OSError, match="symbolic links"):
        retention.run_daily(timezone.now())

    broken.unlink()

    assert retention.run_daily(timezone.now()) == {}


def test_people_whose_time_is_not_over_cost_no_query_each(django_assert_max_num_queries):
    """REL-5: the worker sends no mail meanwhile."""
    for number in range(30):
        requested(make_submission(email=f"v{number}@quillstone.example"), "letter")

    with django_assert_max_num_queries(30):
        assert list(retention.due(timezone.now())) == []


def test_spam_that_staff_released_meanwhile_stays(clock):
    spam = make_submission(state="spam", state_since=timezone.now())
    clock.shift(31 * DAY)
    [one] = [one for one in retention.due(timezone.now()) if one.rule == "spam"]
    Submission.objects.update(state="new")

    with transaction.atomic():
        one.go()

    assert Submission.objects.get() == spam


def test_a_mail_file_that_is_gone_holds_up_nobody(settings):
    settings.MAIL_DIR.mkdir()
    (settings.MAIL_DIR / "1.eml").symlink_to("nowhere")  # listed, and not there

    erasure._wipe_files({"marta@quillstone.example"})

    assert retention.run(timezone.now()) == {}


# --- many people, and somebody who writes meanwhile ---

# Of 600 people each fiftieth asked for the report and never confirmed; the others have a submission and no more.
MANY = """
import contextlib, sqlite3
from datetime import timedelta
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from leads import retention, suppression
from leads.models import Lead, Submission
from tests.lead_factories import make_wordings, requested

make_wordings()
address = "person{}@quillstone.example".format
with transaction.atomic():
    Lead.objects.bulk_create(
        Lead(email=address(n), email_normal=address(n), language="en", suppression_hmac="") for n in range(600)
    )
    Submission.objects.bulk_create(Submission(kind="report", lead=lead, language="en") for lead in Lead.objects.all())
    for submission in Submission.objects.order_by("pk")[::50]:
        requested(submission)

other = sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=0, isolation_level=None)
other.execute("PRAGMA synchronous=OFF")
other.execute("CREATE TABLE noise (number)")

def write_first(execute, *about):
    with contextlib.suppress(sqlite3.OperationalError):  # it is the other's turn
        other.execute("INSERT INTO noise VALUES (1)")
    return execute(*about)

with connection.execute_wrapper(write_first):
    print(ACT)
print(Lead.objects.count(), Submission.objects.count())
"""


@pytest.fixture(scope="module")
def act_on_many(tmp_path_factory):
    """Run an act on a real SQLite file with many people; another connection commits before each query.

    Return what it says.
    """

    def run(act: str) -> str:
        data = tmp_path_factory.mktemp("many")
        variables = dict(os.environ) | {"DATA_DIR": str(data), "DATABASE_URL": "", "EMBEDDED_WORKER": "0"}
        variables.pop("DJANGO_SETTINGS_MODULE", None)
        for words in (["migrate", "--verbosity", "0"], ["shell", "--verbosity", "0", "-c", MANY.replace("ACT", act)]):
            done = subprocess.run(
                [sys.executable, "manage.py", *words],
                cwd=Path(__file__).parent.parent,
                env=variables,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_it_ends_with_many_people_while_others_write(act_on_many):
    """CON-17: an open cursor would hold SQLite's state of then, in which nobody can write."""
    said = act_on_many("sorted(retention.run(timezone.now() + timedelta(days=31)).items())")

    assert said == "[('person', 12), ('submission', 12), ('unconfirmed', 12)]\n588 588\n"


@pytest.mark.slow
def test_another_key_reaches_many_people_while_others_write(act_on_many):
    """SEC-25"""
    assert act_on_many("suppression.renew_all(), suppression.renew_all()") == "600 0\n600 600\n"


def test_a_chore_that_fails_holds_up_none_behind_it(clock, settings, caplog):
    """CON-17, CON-19: here retention cannot read the file of a mail."""
    settings.MAIL_DIR.mkdir()
    (settings.MAIL_DIR / "1.eml").symlink_to("1.eml")  # a circle

    with pytest.raises(CommandError, match="Not done, the log says where: retention"):
        call_command("worker", "--once")

    assert len(anchors.read()) == 1
    assert "A chore failed, retention: OSError" in caplog.text

"""Mail that anybody could ask for in somebody's name: how often an address gets it (EML-9)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from leads import confirmation, outbox, withdrawal
from leads.models import ConsentEvent, OutgoingMail, Submission
from tests.factories import make_site
from tests.lead_factories import make_wordings, published_report

BROWSER = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def words(db):
    make_site()
    return make_wordings()


def ticket(client, clock):
    given = client.get("/forms/ticket/").json()
    clock.shift(given["wait"] / 1000)
    return given["ticket"]


@pytest.fixture
def report(words):
    return published_report(slug="salary-report")


def ask(words, number=0, letter=False, email="victim@quillstone.example", **more):
    """Ask for the report from one of many networks."""
    client = Client(headers=BROWSER, REMOTE_ADDR=f"203.0.{number // 250}.{number % 250}")
    data = {"name": f"Name {number}", "email": email, "consent_report": words["report"].sha256}
    data |= {"consent_letter": words["letter"].sha256} if letter else {}
    return client.post(f"/reports/{more.pop('slug', 'salary-report')}/", data | more)


def test_two_hundred_sign_ups_for_one_victim_are_one_mail(words, report, clock, settings, mailoutbox):
    """From two hundred networks: each form is kept and answered alike, and the mailbox has one mail."""
    settings.FORMS_IN_ALL = 1000
    for number in range(200):
        ask(words, number, ticket=ticket(Client(), clock))

    outbox.send_due(limit=500)

    assert [mail.to for mail in mailoutbox].count(["victim@quillstone.example"]) == 1
    assert Submission.objects.count() == 200


def test_the_answer_is_the_same_however_often_an_address_is_named(words, report, clock):
    """EML-10"""
    answers = []
    for number in range(4):
        clock.shift(1300)
        response = ask(words, number)
        answers.append((response.status_code, response["Location"], response.content))

    assert answers == answers[:1] * 4


def test_an_address_is_asked_to_confirm_once_a_day(words, report, clock, mailoutbox):
    for _day in range(2):
        ask(words)
        outbox.send_due()
        clock.shift(timedelta(hours=25))

    assert len(mailoutbox) == 2


def test_an_address_is_asked_three_times_in_30_days(words, report, clock, mailoutbox):
    for _day in range(10):
        ask(words)
        outbox.send_due()
        clock.shift(timedelta(days=2))

    assert len(mailoutbox) == 3


def test_who_adds_the_letter_on_the_same_day_is_asked_the_day_after(words, report, clock, mailoutbox):
    """Nothing that a person asked for is lost: it waits."""
    ask(words)
    outbox.send_due()
    clock.shift(timedelta(minutes=30))
    ask(words, letter=True)
    outbox.send_due()
    assert len(mailoutbox) == 1

    clock.shift(timedelta(hours=24))
    outbox.send_due()

    assert len(mailoutbox) == 2


def test_who_asks_for_a_second_report_on_the_same_day_is_asked_the_day_after(words, report, clock, mailoutbox):
    published_report(slug="hiring-report")
    ask(words)
    ask(words, slug="hiring-report")
    outbox.send_due()
    assert len(mailoutbox) == 1

    clock.shift(timedelta(hours=25))
    outbox.send_due()

    assert len(mailoutbox) == 2


def test_a_mailbox_with_many_names_is_one_mailbox(words, report, mailoutbox):
    for number in range(5):
        ask(words, number, email=f"victim+{number}@quillstone.example")
    outbox.send_due()

    assert len(mailoutbox) == 1


def test_a_question_whose_reason_was_withdrawn_is_not_asked(words, report, clock, mailoutbox):
    """§1.2: put off since it asked for the letter too, it asks for nothing new once that is withdrawn"""
    ask(words)
    outbox.send_due()
    clock.shift(timedelta(minutes=30))
    ask(words, letter=True)
    outbox.send_due()

    withdrawal.withdraw(Submission.objects.first().lead, "letter", ConsentEvent.Method.MAIL_BUTTON)
    clock.shift(timedelta(hours=23))
    outbox.send_due()

    assert len(mailoutbox) == 1


def test_answers_to_enquiries_are_limited_by_the_hour_too(words, settings, mailoutbox):
    settings.FORM_MAILS_AN_HOUR = 3
    form = {"name": "Marta", "topic": "one", "consent_consultation": words["consultation"].sha256}
    for number in range(5):
        client = Client(headers=BROWSER, REMOTE_ADDR=f"203.0.113.{number}")
        client.post("/consultation/", form | {"email": f"bomb{number}@quillstone.example", "message": "A tester."})

    outbox.send_due()

    assert len([mail for mail in mailoutbox if "bomb" in mail.to[0]]) == 3


def test_a_mail_of_the_future_limits_nothing_and_makes_nobody_wait_for_days(words, report, mailoutbox):
    """REL-6: the clock was wrong when it was sent"""
    ask(words)
    outbox.send_due()
    OutgoingMail.objects.update(sent_at=timezone.now() + timedelta(days=10))
    ask(words, 1, letter=True)

    outbox.send_due()

    assert len(mailoutbox) == 2


def test_a_dropped_mail_says_why(words, report, clock):
    for _time in range(2):
        ask(words)
        clock.shift(timedelta(minutes=30))
    outbox.send_due()

    dropped = OutgoingMail.objects.get(state="cancelled")
    assert dropped.last_error == "A mail of the same day asks the same."


def test_a_confirmed_address_gets_the_report_three_times_a_day_at_most(words, report, clock, mailoutbox):
    ask(words)
    confirmation.confirm(Submission.objects.get())
    for _hour in range(6):
        clock.shift(timedelta(minutes=30))
        ask(words)
    outbox.send_due()

    assert len(mailoutbox) == 3


def test_past_the_hourly_cap_questions_to_confirm_wait_and_an_error_is_logged(
    words, report, clock, settings, mailoutbox, caplog
):
    settings.FORM_MAILS_AN_HOUR = 2
    for number in range(4):
        ask(words, number, email=f"person{number}@quillstone.example")

    outbox.send_due()
    assert len(mailoutbox) == 2
    assert [record.message for record in caplog.records if "within an hour" in record.message] == [
        "2 mails that anybody can ask for left within an hour: the others wait."
    ]

    clock.shift(timedelta(minutes=95))
    outbox.send_due()
    assert len(mailoutbox) == 4

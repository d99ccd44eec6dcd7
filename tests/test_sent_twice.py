"""Double click, back and sent again, a retry after a lost answer: one submission, the same answer (REL-3)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from leads import outbox
from leads.models import ConsentEvent, OutgoingMail, Submission
from tests.factories import make_site
from tests.lead_factories import make_wordings, published_report

BROWSER = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def words(db):
    make_site()
    return make_wordings()


def enquiry(words, **more):
    data = {"name": "Marta Zielik", "email": "marta@quillstone.example", "topic": "team"}
    return data | {"message": "Two data engineers.", "consent_consultation": words["consultation"].sha256} | more


def ticket(client, clock):
    given = client.get("/forms/ticket/").json()
    clock.shift(given["wait"] / 1000)
    return given["ticket"]


def counts():
    return Submission.objects.count(), ConsentEvent.objects.count(), OutgoingMail.objects.count()


def test_the_same_form_again_is_kept_once_and_answered_alike(client, words, clock):
    data = enquiry(words, ticket=ticket(client, clock))

    answers = [client.post("/consultation/", data) for _press in range(3)]

    assert [(one.status_code, one["Location"]) for one in answers] == [(303, "/consultation/thanks/")] * 3
    assert counts() == (1, 1, 2)


def test_without_script_the_address_names_the_form(client, words):
    for _press in range(2):
        client.post("/consultation/", enquiry(words))

    assert counts() == (1, 1, 2)


def test_without_script_the_turn_of_ten_minutes_makes_no_second_one(client, words, time_machine):
    time_machine.move_to("2026-11-02 09:59:59Z")
    client.post("/consultation/", enquiry(words))

    time_machine.move_to("2026-11-02 10:00:01Z")
    client.post("/consultation/", enquiry(words))

    assert Submission.objects.count() == 1


def test_without_script_nobody_learns_who_else_has_just_written(client, words):
    """EML-10: from another network the same address is another form"""
    client.post("/consultation/", enquiry(words))

    stranger = Client(headers=BROWSER, REMOTE_ADDR="203.0.113.9")
    response = stranger.post("/consultation/", enquiry(words, message="Anybody there?"))

    assert response["Location"] == "/consultation/thanks/"


def test_the_same_answers_some_time_later_are_another_form(client, words, clock):
    client.post("/consultation/", enquiry(words))

    clock.shift(timedelta(minutes=21))
    client.post("/consultation/", enquiry(words))

    assert Submission.objects.count() == 2


def test_back_and_sent_again_from_a_page_loaded_anew_is_one_form(client, words, clock):
    """A browser that forgot the page has fetched another ticket."""
    client.post("/consultation/", enquiry(words, ticket=ticket(client, clock)))

    client.post("/consultation/", enquiry(words, ticket=ticket(client, clock)))

    assert Submission.objects.count() == 1


def test_other_answers_under_the_same_ticket_are_for_their_sender_to_decide(client, words, clock):
    token = ticket(client, clock)
    client.post("/consultation/", enquiry(words, ticket=token))

    response = client.post("/consultation/", enquiry(words, ticket=token, message="Three, in fact."))

    page = response.content.decode()
    assert response.status_code == 409
    assert "You have sent this form before" in page
    assert "Three, in fact." in page
    assert Submission.objects.get().message == "Two data engineers."


def test_sent_once_more_after_that_question_it_is_kept(client, words, clock):
    client.post("/consultation/", enquiry(words))
    asked = client.post("/consultation/", enquiry(words, message="Three, in fact."))
    token = asked.content.decode().partition('name="ticket" value="')[2].partition('"')[0]
    clock.shift(5)

    client.post("/consultation/", enquiry(words, ticket=token, message="Three, in fact."))

    assert list(Submission.objects.order_by("pk").values_list("message", flat=True)) == [
        "Two data engineers.",
        "Three, in fact.",
    ]


def test_a_refused_form_has_a_ticket_of_its_own(client, words, clock):
    """Without script a form is recognised from its second try on."""
    page = client.post("/consultation/", enquiry(words, email="nonsense")).content.decode()

    assert 'name="ticket" value="W' in page


def test_a_report_and_an_enquiry_are_two_forms(client, words):
    published_report(slug="salary-report")
    request = {"name": "Marta", "email": "marta@quillstone.example", "consent_report": words["report"].sha256}

    client.post("/reports/salary-report/", request)
    client.post("/consultation/", enquiry(words))

    assert sorted(Submission.objects.values_list("kind", flat=True)) == ["consultation", "report"]


def test_reports_are_asked_for_one_by_one(client, words):
    request = {"name": "Marta", "email": "marta@quillstone.example", "consent_report": words["report"].sha256}
    for slug in ("salary-report", "hiring-report"):
        published_report(slug=slug)
        client.post(f"/reports/{slug}/", request)

    assert Submission.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="threads of a test share one SQLite database in memory")
def test_two_at_the_same_moment_are_one():
    make_site()
    data = enquiry(make_wordings())
    client = Client(headers=BROWSER)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _press: client.post("/consultation/", data).status_code, range(8)))

    assert answers == [303] * 8
    assert Submission.objects.count() == 1


# --- mail that anybody could ask for in somebody's name (EML-9) ---


@pytest.fixture
def report(words):
    return published_report(slug="salary-report")


def ask(words, number=0, letter=False, email="victim@quillstone.example", **more):
    """Ask for the report from one of many networks."""
    client = Client(headers=BROWSER, REMOTE_ADDR=f"203.0.{number // 250}.{number % 250}")
    data = {"name": f"Name {number}", "email": email, "consent_report": words["report"].sha256}
    data |= {"consent_letter": words["letter"].sha256} if letter else {}
    return client.post("/reports/salary-report/", data | more)


def test_two_hundred_sign_ups_for_one_victim_are_one_mail(words, report, clock, settings, mailoutbox):
    """The first few are answered, the others held for a person to look at: none is dropped (SEC-26)."""
    settings.FORMS_IN_ALL = 1000
    for number in range(200):
        ask(words, number, ticket=ticket(Client(), clock))

    outbox.send_due(limit=500)

    assert [mail.to for mail in mailoutbox].count(["victim@quillstone.example"]) == 1
    assert Submission.objects.filter(state="held").count() >= 190
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


def test_a_confirmed_address_gets_the_report_three_times_a_day_at_most(words, report, clock, mailoutbox):
    from leads import confirmation

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
    settings.CONFIRMATIONS_AN_HOUR = 2
    for number in range(4):
        ask(words, number, email=f"person{number}@quillstone.example")

    outbox.send_due()
    assert len(mailoutbox) == 2
    assert [record.message for record in caplog.records if "within an hour" in record.message] == [
        "2 mails that ask to confirm left within an hour: the others wait."
    ]

    clock.shift(timedelta(minutes=61))
    outbox.send_due()
    assert len(mailoutbox) == 4

"""Double click, back and sent again, a retry after a lost answer: one submission, the same answer (REL-3)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from leads import confirmation, outbox, tickets, withdrawal
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


def test_a_retry_from_another_network_is_the_same_form(client, words, clock):
    """A phone that loses its wireless network sends again by another."""
    data = enquiry(words, ticket=ticket(client, clock))
    client.post("/consultation/", data)

    response = client.post("/consultation/", data, REMOTE_ADDR="203.0.113.9")

    assert (response.status_code, response["Location"]) == (303, "/consultation/thanks/")
    assert Submission.objects.count() == 1


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


def card(client, words, **more):
    form = {"form": "card", "email": "marta@quillstone.example", "consent_report": words["report"].sha256}
    return client.post("/reports/salary-report/", form | more)


def test_a_stranger_cannot_make_somebodys_form_disappear(client, words):
    """The same answers from another network are another form, whatever became of the first (REL-1, EML-10)."""
    published_report(slug="salary-report")
    card(Client(REMOTE_ADDR="203.0.113.9"), words, website="x")

    response = card(client, words)

    assert response["Location"] == "/reports/salary-report/sent/?alone=1"
    assert sorted(Submission.objects.values_list("state", flat=True)) == ["held", "new"]


def test_what_staff_called_spam_swallows_nothing(client, words):
    published_report(slug="salary-report")
    card(client, words)
    Submission.objects.update(state="spam")

    card(client, words)

    assert sorted(Submission.objects.values_list("state", flat=True)) == ["new", "spam"]


@pytest.mark.parametrize("with_script", [True, False])
def test_who_withdrew_and_asks_again_at_once_is_heard(client, words, clock, with_script, mailoutbox):
    """CON-15: a fresh request, a fresh question in the mail"""
    published_report(slug="salary-report")

    def ask():
        letter = {"consent_letter": words["letter"].sha256}
        card(client, words, **letter, **({"ticket": ticket(client, clock)} if with_script else {}))

    ask()
    outbox.send_due()
    first = Submission.objects.get()
    confirmation.confirm(first)
    withdrawal.withdraw_all(first.lead, ConsentEvent.Method.MAIL_BUTTON)
    ask()
    outbox.send_due()

    assert Submission.objects.count() == 2
    assert [mail.subject for mail in mailoutbox].count(mailoutbox[0].subject) == 2


def test_a_row_from_a_wrong_clock_swallows_nothing(client, words):
    """REL-6"""
    published_report(slug="salary-report")
    card(client, words)
    Submission.objects.update(created_at=timezone.now() + timedelta(days=200), idem_key=None)

    card(client, words)

    assert Submission.objects.count() == 2


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
    assert "You sent this form a moment ago" in page
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


@pytest.mark.skipif(connection.vendor == "sqlite", reason="threads of a test share one SQLite database in memory")
@pytest.mark.parametrize("with_script", [True, False])
def test_two_at_the_same_moment_are_one(transactional_db, with_script):
    make_site()
    data = enquiry(make_wordings(), ticket=tickets.issue() if with_script else "")
    client = Client(headers=BROWSER)

    def press(_number):
        try:
            return client.post("/consultation/", data).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(press, range(8)))

    assert answers == [303] * 8
    assert Submission.objects.count() == 1

"""What a sent form leaves behind, in one transaction, whoever sends it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads import capture, confirmation, tokens
from leads.models import ConsentEvent, Lead, OutgoingMail, Submission
from leads.withdrawal import forget_if_nothing_is_held, withdraw
from recruitcms.site_content import site_content
from tests.factories import make_cta
from tests.lead_factories import make_lead, make_submission, make_wordings, published_report, states

EMAIL = "marta@quillstone.example"
LATER = timedelta(minutes=21)  # when the same form again is another one


@pytest.fixture
def words(db):
    return make_wordings()


@pytest.fixture
def report(words):
    return published_report(slug="salary-report")


def ask(client, words, letter=False, headers=None, **changes):
    """Send the report page's form."""
    data = {"name": "Marta", "email": EMAIL, "consent_report": words["report"].sha256} | changes
    if letter:
        data["consent_letter"] = words["letter"].sha256
    return client.post("/reports/salary-report/", data, headers=headers or {})


def enquire(client, words, letter=False, headers=None, **changes):
    """Send the consultation form."""
    data = {"name": "Marta Zielik", "email": EMAIL, "topic": "team", "message": "Two data engineers."}
    data |= {"consent_consultation": words["consultation"].sha256} | changes
    if letter:
        data["consent_letter"] = words["letter"].sha256
    return client.post("/consultation/", data, headers=headers or {})


def owed():
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", "purpose__key", "state"))


def test_a_report_request_is_kept_whole(client, words, report):
    response = ask(client, words, letter=True, job="hr", page="/reports/salary-report/")

    submission = Submission.objects.get()
    assert (response.status_code, response["Location"]) == (303, "/reports/salary-report/sent/")
    assert (submission.kind, submission.report, submission.language) == ("report", report, "en")
    assert (submission.name, submission.job, submission.page) == ("Marta", "hr", "/reports/salary-report/")
    assert (submission.lead.email, submission.lead.email_normal, submission.lead.name) == (EMAIL, EMAIL, "Marta")
    assert states(submission.lead) == [("report", "requested"), ("letter", "requested")]
    assert owed() == [("confirm", "report", "pending")]
    assert submission.confirm_hash == tokens.confirm_hash(tokens.confirm_token(submission))


def test_consent_events_point_to_the_words_the_page_and_the_form(client, words, report):
    """CON-1"""
    ask(client, words, page="/roles/x/")

    event = ConsentEvent.objects.get()
    assert (event.text, event.purpose.key, event.method) == (words["report"], "report", "web_form")
    assert (event.payload.page, event.gate_mode) == ("/roles/x/", "email_only")
    assert event.payload.form == Submission.objects.get().public_id


def test_an_enquiry_is_kept_whole(client, words):
    response = enquire(client, words, company="Quillstone", phone="+48 123 456 789")

    submission = Submission.objects.get()
    assert (response.status_code, response["Location"]) == (303, "/consultation/thanks/")
    assert (submission.kind, submission.topic, submission.state) == ("consultation", "team", "new")
    assert (submission.company, submission.phone) == ("Quillstone", "+48 123 456 789")
    assert submission.message == "Two data engineers."
    assert states(submission.lead) == [("consultation", "given")]
    assert owed() == [("enquiry", "consultation", "pending"), ("team", "consultation", "pending")]
    assert submission.confirm_hash == ""


def test_an_enquiry_enrols_into_nothing_else(client, words):
    """CON-4"""
    enquire(client, words)

    assert not ConsentEvent.objects.exclude(purpose__key="consultation").exists()


def test_the_letter_asked_for_with_an_enquiry_is_confirmed_apart(client, words):
    """CON-8"""
    enquire(client, words, letter=True)

    assert states(Lead.objects.get()) == [("consultation", "given"), ("letter", "requested")]
    assert owed()[2:] == [("confirm", "letter", "pending")]


def test_somebody_confirmed_gets_the_next_report_without_a_dead_end(client, words, report, clock):
    ask(client, words)
    confirmation.confirm(Submission.objects.get())
    OutgoingMail.objects.all().delete()
    clock.shift(LATER)

    ask(client, words)

    assert owed() == [("report", "report", "pending")]
    assert states(Lead.objects.get()) == [("report", "requested"), ("report", "given"), ("report", "requested")]


def test_somebody_confirmed_who_adds_the_letter_confirms_the_letter_alone(client, words, report, clock):
    ask(client, words)
    confirmation.confirm(Submission.objects.get())
    clock.shift(LATER)

    ask(client, words, letter=True)

    assert states(Lead.objects.get())[2:] == [("report", "requested"), ("letter", "requested")]
    assert owed()[-1] == ("confirm", "report", "pending")


def test_a_subscriber_who_enquires_is_not_asked_to_confirm_the_letter_again(client, words, report):
    ask(client, words, letter=True)
    confirmation.confirm(Submission.objects.get())

    enquire(client, words, letter=True)

    assert [kind for kind, _purpose, _state in owed()] == ["confirm", "report", "enquiry", "team"]


def test_the_answer_is_the_same_for_new_known_confirmed_and_withdrawn_addresses(client, words, report, clock):
    """EML-10"""
    answers, costs = [], []
    for step in ("new", "known", "confirmed", "withdrawn"):
        if step == "confirmed":
            confirmation.confirm(Submission.objects.latest("pk"))
        if step == "withdrawn":
            withdraw(Lead.objects.get(), "report", ConsentEvent.Method.MAIL_BUTTON)
        clock.shift(LATER)
        client.get("/reports/salary-report/")  # what all pages share is read once an hour, whoever comes first
        with CaptureQueriesContext(connection) as queries:
            response = ask(client, words)
        answers.append((response.status_code, response["Location"], response.content))
        costs.append(len(queries))

    assert answers == answers[:1] * 4
    assert Submission.objects.count() == 4
    assert OutgoingMail.objects.filter(kind__in=["confirm", "report"]).count() == 5
    assert costs == costs[:1] * 4


def test_somebody_withdrawn_is_asked_to_confirm_again(client, words, report, clock):
    """CON-15"""
    ask(client, words)
    confirmation.confirm(Submission.objects.get())
    withdraw(Lead.objects.get(), "report", ConsentEvent.Method.MAIL_BUTTON)
    clock.shift(LATER)

    ask(client, words)

    assert states(Lead.objects.get())[-1] == ("report", "requested")
    assert owed()[-1] == ("confirm", "report", "pending")


def test_one_person_is_one_lead_however_they_write_their_address(client, words, report, clock):
    ask(client, words)
    clock.shift(LATER)

    ask(client, words, email="MARTA@Quillstone.EXAMPLE")

    assert Lead.objects.get().submissions.count() == 2


def test_a_known_name_is_not_replaced_by_an_empty_or_an_unconfirmed_one(client, words, report):
    make_lead(EMAIL, name="Marta Zielik")

    ask(client, words, name="Somebody Else")
    ask(client, words, form="card")

    assert Lead.objects.get().name == "Marta Zielik"


def test_a_name_is_learnt_where_none_was_known(client, words, report, clock):
    ask(client, words, form="card", name="")
    clock.shift(LATER)

    ask(client, words)

    assert Lead.objects.get().name == "Marta"


def test_a_refused_form_leaves_nothing(client, words, report):
    response = ask(client, words, email="nonsense")

    assert response.status_code == 422
    assert (Lead.objects.count(), Submission.objects.count(), ConsentEvent.objects.count()) == (0, 0, 0)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the fault is made by a trigger of SQLite")
def test_all_is_kept_or_nothing(client, words, report):
    """REL-1, I9: the transaction is one. The fault comes last, when all else is written."""
    with connection.cursor() as cursor:
        refuse = "CREATE TRIGGER refuse BEFORE INSERT ON leads_outgoingmail BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        cursor.execute(refuse)

    with pytest.raises(IntegrityError):
        ask(client, words)

    assert (Lead.objects.count(), Submission.objects.count(), ConsentEvent.objects.count()) == (0, 0, 0)


def test_nothing_is_sent_inside_the_request(client, words, report, mailoutbox):
    ask(client, words)
    enquire(client, words)

    assert mailoutbox == []


# --- where they came from ---

SITE = "http://testserver"


def came(client, words, referer="", **fields):
    enquire(client, words, headers={"Referer": referer} if referer else {}, **fields)
    return Submission.objects.get()


def test_the_hidden_fields_say_where_the_form_stood(client, words):
    cta = make_cta("booking")

    submission = came(client, words, f"{SITE}/roles/y/", page="/roles/x/", cta=str(cta.pk), referrer="News.Example")

    assert (submission.page, submission.cta, submission.referrer_host) == ("/roles/x/", cta, "news.example")


def test_the_page_on_which_they_decided_is_in_the_query_of_the_form_page(client, words):
    cta = make_cta("role_band")

    submission = came(client, words, f"{SITE}/consultation/?cta={cta.pk}&from=/roles/x/", page="/consultation/")

    assert (submission.page, submission.cta) == ("/roles/x/", cta)


def test_without_hidden_fields_the_referer_is_the_page(client, words):
    assert came(client, words, f"{SITE}/roles/x/").page == "/roles/x/"


def test_campaign_values_come_from_the_page_before(client, words):
    query = (
        "utm_source=letter&utm_medium=mail&utm_campaign=spring&utm_term=hiring&utm_content=top&fbclid=1&utm_source=two"
    )

    submission = came(client, words, f"{SITE}/consultation/?{query}")

    assert submission.utm == {
        "utm_source": "letter",
        "utm_medium": "mail",
        "utm_campaign": "spring",
        "utm_term": "hiring",
        "utm_content": "top",
    }


def test_campaign_values_are_cut_at_100_characters(client, words):
    assert came(client, words, f"{SITE}/?utm_source={'x' * 300}").utm == {"utm_source": "x" * 100}


@pytest.mark.parametrize(
    ("referer", "fields"),
    [
        ("https://evil.example/roles/x/?utm_source=evil&from=/roles/x/", {}),
        ("http://[", {}),
        ("", {"page": "//evil.example"}),
        ("", {"page": "/\\evil.example"}),
        ("", {"page": "https://evil.example/"}),
        ("", {"page": "/" + "x" * 300}),
        ("", {"page": "/roles/<script>/"}),
        (f"{SITE}/?from=//evil.example&utm_source=%00", {}),
        (f"{SITE}/?" + "&".join(f"a{n}=1" for n in range(60)) + "&utm_source=x", {}),
    ],
)
def test_nothing_of_it_is_believed_unchecked(client, words, referer, fields):
    """SEC-14"""
    submission = came(client, words, referer, **fields)

    assert submission.page in {"", "/"}
    assert submission.utm == {}


@pytest.mark.parametrize("number", ["", "999", "x", "-1", "1" * 30, "1 OR 1=1"])
def test_an_unknown_call_to_action_is_none(client, words, number):
    make_cta("booking", pk=5, is_active=False)

    assert came(client, words, cta=number).cta is None


def test_a_call_to_action_that_is_not_shown_does_not_count(client, words):
    assert came(client, words, cta=str(make_cta("booking", is_active=False).pk)).cta is None


@pytest.mark.parametrize("host", ["testserver", "not a host", "x", "a" * 130 + ".example", "<b>.example", "-.example"])
def test_our_own_or_an_impossible_host_is_no_referrer(client, words, host):
    assert came(client, words, referrer=host).referrer_host == ""


def test_a_refused_form_keeps_where_the_visitor_came_from(client, words):
    """The answer's address has lost the query, so the form takes it along."""
    cta = make_cta("role_band")
    referer = f"{SITE}/consultation/?utm_source=letter&cta={cta.pk}&from=/roles/x/"
    refused = enquire(client, words, headers={"Referer": referer}, name="")
    action = refused.content.decode().split('method="post"')[0].rsplit('action="', 1)[1].split('"')[0]

    data = {"name": "Marta", "email": EMAIL, "topic": "one", "message": "One."}
    data |= {"consent_consultation": words["consultation"].sha256, "page": "/consultation/"}
    client.post(action.replace("&amp;", "&"), data, headers={"Referer": f"{SITE}/consultation/"})

    submission = Submission.objects.get()
    assert (submission.page, submission.cta, submission.utm) == ("/roles/x/", cta, {"utm_source": "letter"})


def test_the_language_is_that_of_the_page(client, db):
    words = make_wordings("pl")
    site_content("pl")

    client.post(
        "/pl/consultation/",
        {"name": "Marta", "email": EMAIL, "topic": "one", "message": "Jedna osoba."}
        | {"consent_consultation": words["consultation"].sha256},
    )

    assert Submission.objects.get().language == "pl"
    assert Lead.objects.get().language == "pl"
    assert reverse("consultation") == "/consultation/"


def _somebody_waits() -> bool:
    """Tell whether anybody waits for a lock. Ends after ten seconds, in which somebody should have."""
    until = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return True
    return False


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_a_form_that_comes_while_its_person_is_forgotten_is_kept(transactional_db):
    """REL-1"""
    make_wordings()
    lead = make_lead(EMAIL)

    def forget():
        try:
            forget_if_nothing_is_held(lead)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            known = capture._lead(EMAIL, "Marta", "en")
            forgetting = pool.submit(forget)
            assert _somebody_waits()
            sent = make_submission(lead=known)
        forgetting.result()

    assert list(Submission.objects.all()) == [sent]

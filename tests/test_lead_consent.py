"""Ledger, confirmation and withdrawal: what a person decided, and what follows from it."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from leads import confirmation, ledger, tokens
from leads.models import ConsentEvent, ConsentText, Lead, OutgoingMail, Purpose, Submission
from leads.withdrawal import withdraw
from tests.lead_factories import (
    make_lead,
    make_mail,
    make_purpose,
    make_report,
    make_submission,
    make_wording,
    make_wordings,
    published_report,
    record,
    requested,
    states,
)

State, Method = ConsentEvent.State, ConsentEvent.Method


@pytest.fixture(autouse=True)
def words(db):
    return make_wordings()


def owed():
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", "purpose__key", "state"))


def state_of(submission: Submission, key: str) -> str | None:
    return ledger.current_state(tokens.subject_ref(submission.lead.email_normal), Purpose.objects.get(key=key))


# --- ledger ---


def test_the_state_is_the_last_event():
    """I7"""
    submission = make_submission()
    assert state_of(submission, "report") is None

    for state in (State.REQUESTED, State.GIVEN, State.WITHDRAWN, State.GIVEN):
        record(submission, "report", state)
        assert state_of(submission, "report") == state


def test_purposes_and_people_are_apart():
    one, other = make_submission(email="a@x.example"), make_submission(email="b@x.example")
    record(one, "report", State.GIVEN)

    assert (state_of(one, "letter"), state_of(other, "report")) == (None, None)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a small table is read whole on PostgreSQL")
def test_a_persons_entries_are_found_without_reading_those_of_others(words):
    """SQLite chose the index of the purposes, and read the whole ledger each time."""
    entries = ConsentEvent.objects.of_person("a" * 64).filter(purpose=words["report"].purpose).order_by("-seq")

    assert "(subject_ref=?)" in entries[:1].explain()
    assert "(subject_ref=?)" in Submission.objects.contactable().explain()


def test_an_entry_is_never_changed_or_deleted():
    """I8"""
    event = record(make_submission(), "report", State.GIVEN)

    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        event.save()
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        ConsentEvent.objects.all()._raw_delete("default")


def test_the_ledger_holds_no_address():
    event = record(make_submission(email="marta@quillstone.example"), "report", State.GIVEN)

    assert "quillstone" not in " ".join(str(value) for value in [*vars(event).values(), *vars(event.payload).values()])


# --- wordings and people ---


def test_a_published_wording_is_never_changed_and_a_draft_may_go(words):
    """CON-3"""
    draft = make_wording("report", published=False)

    draft.delete()

    assert list(ConsentText.objects.filter(purpose__key="report")) == [words["report"]]
    words["report"].body = "Forged"
    with pytest.raises(ValidationError):
        words["report"].save()


def test_a_lead_is_named_without_the_address():
    """CON-13: Django's admin log keeps this text after an erasure."""
    lead = make_lead()

    assert str(lead) == f"Lead {lead.public_id[:8]}"


def test_a_report_is_found_in_its_own_language():
    report = make_report(language="pl", slug="raport")

    assert report.get_absolute_url() == "/pl/reports/raport/"


def test_a_report_without_a_point_is_not_published():
    with pytest.raises(ValidationError) as refused:
        make_report(points=" ").publish()

    assert refused.value.message_dict == {"points": ["Write at least one point: what does the reader get?"]}


# --- confirmation ---


def test_pressing_the_button_gives_what_was_asked_for_and_owes_the_report(words):
    submission = requested(make_submission(report=published_report()), "report", "letter")

    confirmation.confirm(submission)

    assert states(submission.lead) == [
        ("report", "requested"), ("letter", "requested"), ("report", "given"), ("letter", "given")
    ]  # fmt: skip
    given = ConsentEvent.objects.get(state=State.GIVEN, purpose__key="report")
    assert (given.text, given.method, given.payload.form) == (words["report"], Method.MAIL_BUTTON, submission.public_id)
    assert owed() == [("report", "report", "pending")]
    assert Submission.objects.get().confirmed_at == submission.confirmed_at is not None


def test_a_second_press_changes_nothing():
    """EML-6"""
    submission = requested(make_submission())
    confirmation.confirm(submission)
    first = Submission.objects.get().confirmed_at

    confirmation.confirm(Submission.objects.get())

    assert states(submission.lead) == [("report", "requested"), ("report", "given")]
    assert (len(owed()), Submission.objects.get().confirmed_at) == (1, first)


def test_confirming_the_letter_alone_owes_a_welcome():
    submission = requested(make_submission("consultation"), "letter")

    confirmation.confirm(submission)

    assert owed() == [("welcome", "letter", "pending")]


def test_a_subscriber_is_welcomed_once():
    for submission in [requested(make_submission("consultation"), "letter") for _number in range(2)]:
        confirmation.confirm(submission)

    assert states(Lead.objects.get())[2:] == [("letter", "given")]
    assert owed() == [("welcome", "letter", "pending")]


def test_two_requests_confirmed_bring_two_reports_and_one_consent():
    for submission in [requested(make_submission()) for _number in range(2)]:
        confirmation.confirm(submission)

    assert states(Lead.objects.get())[2:] == [("report", "given")]
    assert owed() == [("report", "report", "pending")] * 2


def test_confirming_believes_the_name_that_was_typed_but_never_an_empty_one():
    lead = make_lead(name="Unknown")

    confirmation.confirm(requested(make_submission(lead=lead, name="Marta")))
    confirmation.confirm(requested(make_submission(lead=lead, name="")))

    assert Lead.objects.get().name == "Marta"


def test_what_was_withdrawn_before_the_button_is_not_given():
    submission = requested(make_submission(), "report", "letter")
    withdraw(submission.lead, "letter", Method.MAIL_BUTTON)

    confirmation.confirm(submission)

    assert (state_of(submission, "report"), state_of(submission, "letter")) == ("given", "withdrawn")


def test_a_letter_confirmed_after_the_report_was_withdrawn_brings_a_welcome():
    submission = requested(make_submission(), "report", "letter")
    withdraw(submission.lead, "report", Method.MAIL_BUTTON)

    confirmation.confirm(submission)

    assert owed() == [("welcome", "letter", "pending")]


def test_a_confirm_link_works_for_seven_days(clock):
    """EML-7"""
    submission = requested(make_submission())
    token = tokens.confirm_token(submission)

    clock.shift(timedelta(days=7) - timedelta(seconds=1))
    assert confirmation.find(token) == submission

    clock.shift(timedelta(seconds=2))
    assert confirmation.find(token) is None


# --- withdrawal ---


@pytest.mark.parametrize("before", [State.REQUESTED, State.GIVEN])
def test_withdrawing_is_one_event_with_the_words_that_were_agreed_to(words, before):
    submission = make_submission()
    record(submission, "report", before)

    withdraw(submission.lead, "report", Method.ONE_CLICK)

    last = ConsentEvent.objects.first()
    assert states(submission.lead) == [("report", before), ("report", "withdrawn")]
    assert (last.text, last.method) == (words["report"], Method.ONE_CLICK)


def test_withdrawing_twice_or_without_consent_writes_nothing():
    submission = make_submission()
    withdraw(submission.lead, "letter", Method.MAIL_BUTTON)
    record(submission, "report", State.GIVEN)

    withdraw(submission.lead, "report", Method.MAIL_BUTTON)
    withdraw(submission.lead, "report", Method.MAIL_BUTTON)

    assert states(submission.lead) == [("report", "given"), ("report", "withdrawn")]


def test_the_ledger_keeps_the_receipt_of_the_mail_that_asked(mailoutbox):
    """CON-9: the form, the mail with its server's answer, the button."""
    submission = requested(make_submission())
    mail = make_mail(submission=submission, state=OutgoingMail.State.SENT, smtp_reply="250 2.0.0 queued as 4FxZ")

    confirmation.confirm(submission)

    payload = ConsentEvent.objects.order_by("-seq").first().payload
    assert (payload.message_id, payload.smtp_reply) == (mail.message_id, "250 2.0.0 queued as 4FxZ")


def test_withdrawing_cancels_waiting_mail_of_that_purpose_and_person():
    mine, other = make_submission(), make_submission(email="other@x.example")
    waiting = make_mail(submission=mine)
    kept = [
        make_mail(submission=mine, purpose="letter"),
        make_mail(submission=other),
        make_mail(submission=mine, state=OutgoingMail.State.SENT),
    ]

    withdraw(mine.lead, "report", Method.MAIL_BUTTON)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.last_error) == ("cancelled", "Withdrawn.")
    assert [OutgoingMail.objects.get(pk=mail.pk).state for mail in kept] == ["pending", "pending", "sent"]


def test_withdrawing_an_enquiry_erases_it_and_the_person(words):
    """CON-13, §1.2: the wording promises it."""
    submission = make_submission("consultation", message="Two engineers")
    record(submission, "consultation", State.GIVEN)
    make_mail("enquiry", submission, "consultation")

    withdraw(submission.lead, "consultation", Method.MAIL_BUTTON)

    assert (Lead.objects.count(), Submission.objects.count(), OutgoingMail.objects.count()) == (0, 0, 0)
    assert states(submission.lead) == [
        ("consultation", "given"), ("consultation", "withdrawn"), ("consultation", "erased")
    ]  # fmt: skip


def test_a_person_who_also_asked_for_the_report_stays():
    enquiry = make_submission("consultation")
    record(enquiry, "consultation", State.GIVEN)
    report = make_submission(lead=enquiry.lead)

    withdraw(enquiry.lead, "consultation", Method.MAIL_BUTTON)

    assert list(Submission.objects.all()) == [report]


@pytest.mark.parametrize(("state", "people"), [(State.REQUESTED, 0), (State.GIVEN, 1)])
def test_a_person_who_takes_the_letter_stays_and_one_who_only_asked_goes(state, people):
    enquiry = make_submission("consultation")
    record(enquiry, "consultation", State.GIVEN)
    record(enquiry, "letter", state)

    withdraw(enquiry.lead, "consultation", Method.MAIL_BUTTON)

    assert (Lead.objects.count(), Submission.objects.count()) == (people, 0)


def test_a_purpose_that_promises_no_erasure_erases_nothing():
    submission = make_submission()
    record(submission, "report", State.GIVEN)

    withdraw(submission.lead, "report", Method.MAIL_BUTTON)

    assert Submission.objects.get() == submission


def test_withdrawing_for_somebody_erased_meanwhile_does_nothing():
    lead = make_lead()
    Lead.objects.all().delete()

    withdraw(Lead(pk=lead.pk or 1, email_normal=lead.email_normal), "report", Method.MAIL_BUTTON)

    assert ConsentEvent.objects.count() == 0


def test_an_unknown_purpose_cannot_be_withdrawn():
    make_purpose("report")

    with pytest.raises(Purpose.DoesNotExist):
        withdraw(make_lead(), "nonsense", Method.MAIL_BUTTON)

"""Lists, searches and exports leave out people who must not be written to (CON-14), whatever else is held of them."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads import confirmation, erasure, suppression
from leads.models import ConsentEvent, Submission, Suppression
from leads.withdrawal import withdraw
from recruitcms import dashboard
from tests.factories import make_site, make_user
from tests.lead_factories import make_submission, make_wordings, record, requested

State, Method, Reason = ConsentEvent.State, ConsentEvent.Method, Suppression.Reason
LIST = reverse("admin:leads_submission_changelist")


@pytest.fixture(autouse=True)
def words(db, settings, tmp_path):
    settings.ERASURE_JOURNAL_FILE = tmp_path / "erasures.jsonl"
    make_site()
    return make_wordings()


def report_of(email: str) -> Submission:
    """Return a confirmed request for the report, with the letter."""
    submission = requested(make_submission(email=email, name=f"Name of {email}"), "report", "letter")
    confirmation.confirm(submission)
    return submission


def enquiry_of(email: str) -> Submission:
    enquiry = make_submission("consultation", email=email, message=f"Words of {email}")
    record(enquiry, "consultation", State.GIVEN)
    return enquiry


def nothing(submission: Submission) -> None:
    pass


def unsubscribe_from_the_letter(submission: Submission) -> None:
    withdraw(submission.lead, "letter", Method.ONE_CLICK)


def withdraw_from_the_report(submission: Submission) -> None:
    withdraw(submission.lead, "report", Method.MAIL_BUTTON)


def withdraw_and_ask_again(submission: Submission) -> None:
    withdraw_from_the_report(submission)
    requested(submission, "report")


def withdraw_and_confirm_again(submission: Submission) -> None:
    withdraw_from_the_report(submission)
    confirmation.confirm(requested(make_submission(lead=submission.lead, state="spam"), "report"))
    Submission.objects.filter(state="spam").delete()


def suppress(scope: str, reason: str):
    def act(submission: Submission) -> None:
        suppression.suppress(submission.lead.email_normal, scope, reason)

    return act


def expire(submission: Submission) -> None:
    record(submission, submission.kind, State.EXPIRED)


@pytest.mark.parametrize(
    ("make", "act", "stays"),
    [
        (report_of, nothing, True),
        (report_of, unsubscribe_from_the_letter, True),
        (report_of, withdraw_from_the_report, False),
        (report_of, withdraw_and_ask_again, False),
        (report_of, withdraw_and_confirm_again, True),
        (report_of, expire, False),
        (report_of, suppress("all", Reason.COMPLAINT), False),
        (report_of, suppress("all", Reason.ERASURE), False),
        (report_of, suppress("report", Reason.UNSUBSCRIBE), False),
        (report_of, suppress("letter", Reason.COMPLAINT), True),
        (report_of, suppress("all", Reason.BOUNCE), False),
        (enquiry_of, nothing, True),
        (enquiry_of, expire, False),
        (enquiry_of, suppress("letter", Reason.UNSUBSCRIBE), True),
        (enquiry_of, suppress("all", Reason.ERASURE), True),  # asked anew after an erasure: it wants an answer
        (enquiry_of, suppress("all", Reason.BOUNCE), True),  # there is a phone
        (enquiry_of, suppress("all", Reason.COMPLAINT), False),
        (enquiry_of, suppress("consultation", Reason.COMPLAINT), False),
    ],
)
def test_who_stays_in_lists_and_who_does_not(make, act, stays):
    submission, other = make("marta@quillstone.example"), make("other@x.example")

    act(submission)

    assert set(Submission.objects.contactable()) == ({submission, other} if stays else {other})
    assert set(Submission.objects.hidden()) == (set() if stays else {submission})


def test_a_request_not_confirmed_yet_stays():
    submission = requested(make_submission(), "report")

    assert list(Submission.objects.contactable()) == [submission]


def test_somebody_erased_has_no_rows():
    """CON-13"""
    submission = report_of("marta@quillstone.example")

    erasure.erase(submission.lead)

    assert (Submission.objects.contactable().count(), Submission.objects.hidden().count()) == (0, 0)


def test_a_block_met_under_an_old_key_still_hides(settings):
    """SEC-25: before `prepare` has brought everybody under the new key."""
    submission = report_of("marta@quillstone.example")
    suppression.suppress("marta@quillstone.example", "all", Reason.COMPLAINT)
    settings.SUPPRESSION_KEYS_OLD = [settings.SUPPRESSION_KEY]
    settings.SUPPRESSION_KEY = "another key of more than thirty-two letters"
    assert list(Submission.objects.hidden()) == [submission]

    suppression.blocks("marta@quillstone.example", "report")

    assert list(Submission.objects.hidden()) == [submission]


# --- where it is asked ---


@pytest.fixture
def hidden():
    """Somebody who withdrew from the report, somebody who complained, and somebody else who may be written to."""
    withdrawn = report_of("withdrawn@quillstone.example")
    withdraw_from_the_report(withdrawn)
    complained = enquiry_of("complained@quillstone.example")
    suppression.suppress(complained.lead.email_normal, "all", Reason.COMPLAINT)
    report_of("kept@quillstone.example")
    enquiry_of("kept@quillstone.example")
    return [withdrawn, complained]


def names_in(response) -> set[str]:
    text = response.content.decode()
    return {name for name in ("withdrawn", "complained", "kept") if name in text}


def export(client, rows, **query):
    data = {"action": "export_as_csv", "_selected_action": [row.pk for row in rows]}
    return client.post(LIST, data, query_params=query)


def test_a_lead_handler_finds_none_of_the_hidden(client, hidden):
    client.force_login(make_user(group="Lead handlers"))

    shown, found = client.get(LIST), client.get(LIST, {"q": "quillstone"})
    tricked = client.get(LIST, {"people": "hidden"})
    pages = [client.get(reverse("admin:leads_submission_change", args=[one.pk])).status_code for one in hidden]

    assert [names_in(response) for response in (shown, found, tricked)] == [{"kept"}] * 3
    assert client.get(LIST, {"q": "withdrawn@"}).context["cl"].result_count == 0
    assert pages == [302, 302]  # to the first page, with "perhaps it was deleted?"


def test_a_privacy_officer_finds_them_under_a_filter(client, hidden):
    client.force_login(make_user(group="Privacy officers"))

    assert names_in(client.get(LIST, {"people": "hidden"})) == {"withdrawn", "complained"}
    assert names_in(client.get(LIST)) == {"kept"}
    assert client.get(reverse("admin:leads_submission_change", args=[hidden[0].pk])).status_code == 200


def exported(response) -> list[str]:
    return [row["e-mail"] for row in csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")))]


@pytest.mark.parametrize("group", ["Lead handlers", "Privacy officers"])
def test_an_export_holds_none_of_the_hidden_whoever_makes_it(client, hidden, group):
    client.force_login(make_user(group=group))

    assert set(exported(export(client, Submission.objects.all()))) == {"kept@quillstone.example"}


def test_an_export_of_the_hidden_alone_is_empty(client, hidden):
    client.force_login(make_user(group="Privacy officers"))

    assert exported(export(client, hidden, people="hidden")) == []


def test_the_first_page_shows_none_of_the_hidden(client, hidden):
    client.force_login(make_user(group="Lead handlers"))

    response = client.get(reverse("admin:index"))

    assert names_in(response) == {"kept"}
    assert [enquiry.lead.email for enquiry in dashboard.inbox(hidden[0].created_at)] == ["kept@quillstone.example"]


def test_the_list_costs_the_same_however_many_there_are(client):
    client.force_login(make_user(group="Lead handlers"))
    client.get(LIST)  # what is asked once in a process is asked now
    costs = []
    for number in (1, 3):
        for one in range(number):
            enquiry_of(f"person{number}{one}@x.example")
        with CaptureQueriesContext(connection) as counted:
            client.get(LIST)
        costs.append(len(counted))

    assert costs[0] == costs[1]


def test_a_form_sent_from_a_blocked_address_is_hidden(client, words):
    """capture.py writes the hash that ties a person to the blocks of the address."""
    suppression.suppress("marta@quillstone.example", "all", Reason.COMPLAINT)

    for email in ("Marta@Quillstone.example", "other@x.example"):
        data = {"name": "Marta", "email": email, "topic": "team", "message": "Two engineers."}
        client.post("/consultation/", data | {"consent_consultation": words["consultation"].sha256})

    assert [one.lead.email for one in Submission.objects.contactable()] == ["other@x.example"]
    assert [one.lead.email for one in Submission.objects.hidden()] == ["Marta@quillstone.example"]

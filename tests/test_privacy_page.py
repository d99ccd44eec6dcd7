"""A person's own page, behind a link in every mail: see, withdraw, take a copy, erase (CON-6, CON-12)."""

import json
import re

import pytest
from django.urls import reverse

from leads import confirmation, mails, tokens
from leads.models import ConsentEvent, Lead, OutgoingMail, Purpose, Submission
from tests.factories import make_site
from tests.iso_27560 import RECORD, violations
from tests.lead_factories import (
    make_mail,
    make_submission,
    make_wording,
    make_wordings,
    published_report,
    record,
    requested,
    states,
)

State = ConsentEvent.State


@pytest.fixture(autouse=True)
def words(db):
    make_site()
    return make_wordings()


@pytest.fixture
def marta(words) -> Lead:
    """Somebody who takes the report and the letter, confirmed, and enquired."""
    submission = requested(make_submission(report=published_report(), page="/roles/x/"), "report", "letter")
    confirmation.confirm(submission)
    enquiry = make_submission("consultation", lead=submission.lead, message="Two engineers", notes="Called back")
    record(enquiry, "consultation", State.GIVEN)
    return submission.lead


def url(lead: Lead, name: str = "privacy") -> str:
    return reverse(name, args=[tokens.privacy_token(lead)])


def shown(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def test_every_purpose_stands_with_the_original_words(client, marta, words):
    make_wording("letter", body="Newer words that Marta never saw")

    page = shown(client.get(url(marta)))

    assert [words[key].body in page for key in ("report", "letter", "consultation")] == [True] * 3
    assert "Newer words" not in page
    assert page.count('<span class="tag tag--ok">') == 3
    assert page.count("Confirmed by e-mail.") == 2
    assert "m…@q….example" in page
    assert "quillstone" not in page


def test_the_page_is_kept_out_of_caches_and_sets_no_cookie(client, marta):
    response = client.get(url(marta))

    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("private, no-store", "noindex")
    assert (response["Referrer-Policy"], response.cookies) == ("same-origin", {})


def test_looking_changes_nothing(client, marta):
    """EML-5"""
    before = states(marta)

    for method in (client.get, client.head):
        method(url(marta))
    refused = [client.get(url(marta, name)).status_code for name in ("privacy-withdraw", "privacy-copy")]

    assert (states(marta), refused) == (before, [405, 405])


def test_one_press_withdraws_one_consent_and_cancels_its_mail(client, marta):
    """CON-6"""
    waiting = make_mail("welcome", marta.submissions.first(), "letter")

    response = client.post(url(marta, "privacy-withdraw"), {"purpose": "letter"})

    assert "Your consent is withdrawn" in shown(response)
    assert states(marta)[-1] == ("letter", "withdrawn")
    assert OutgoingMail.objects.get(pk=waiting.pk).state == "cancelled"
    assert shown(response).count('<span class="tag tag--ok">') == 2


def test_one_press_withdraws_all(client, marta):
    client.post(url(marta, "privacy-withdraw"))

    ended = [purpose for purpose, state in states(marta) if state == "withdrawn"]
    assert sorted(ended) == ["consultation", "letter", "report"]
    assert not Submission.objects.filter(kind="consultation").exists()


def test_withdrawing_the_last_that_is_held_says_that_nothing_is_left(client):
    """CON-13: the consultation's wording promises removal."""
    enquiry = make_submission("consultation")
    record(enquiry, "consultation", State.GIVEN)

    response = client.post(url(enquiry.lead, "privacy-withdraw"), {"purpose": "consultation"})

    assert "We hold nothing about you" in shown(response)
    assert (Lead.objects.count(), client.get(url(enquiry.lead)).status_code) == (0, 200)


def test_asking_again_for_what_is_given_shows_it_as_given(client, marta, words):
    record(marta.submissions.first(), "report", State.REQUESTED)

    assert shown(client.get(url(marta))).count('<span class="tag tag--ok">') == 3


def test_what_is_asked_for_and_not_confirmed_says_so(client):
    lead = requested(make_submission(), "letter").lead

    assert "Not confirmed yet" in shown(client.get(url(lead)))


@pytest.mark.parametrize("name", ["privacy", "privacy-withdraw", "privacy-copy"])
def test_a_link_of_another_kind_opens_nothing(client, marta, name):
    """EML-7: one token never works as another."""
    token = tokens.withdraw_token(marta, "letter")
    send = client.get if name == "privacy" else client.post

    response = send(reverse(name, args=[token]))

    assert response.status_code == 404
    assert states(marta)[-1] == ("consultation", "given")


def test_a_purpose_that_is_none_is_not_withdrawn(client, marta):
    assert client.post(url(marta, "privacy-withdraw"), {"purpose": "nonsense"}).status_code == 404


@pytest.mark.parametrize("name", ["privacy-withdraw", "privacy-copy"])
def test_another_site_cannot_press_the_buttons(client, marta, name):
    """§4.1"""
    before = states(marta)

    refused = client.post(url(marta, name), headers={"Sec-Fetch-Site": "cross-site"})

    assert (refused.status_code, states(marta)) == (403, before)


def test_the_copy_holds_every_event_and_nothing_of_another_person(client, marta):
    """CON-12, with the names of CON-2"""
    Purpose.objects.update(storage_location="Servers in the EEA", recipients="Hosting provider, mail provider")
    other = make_submission("consultation", email="other@x.example", message="Somebody else's words")
    record(other, "consultation", State.GIVEN)

    response = client.post(url(marta, "privacy-copy"))

    held = json.loads(response.content)
    assert [fault for one in held["consent_records"] for fault in violations(one, RECORD)] == []
    events = [event for one in held["consent_records"] for event in one["events"]]
    assert len(events) == len(states(marta)) == 5
    assert held["person"]["email"] == "marta@quillstone.example"
    assert [one["message"] for one in held["submissions"]] == ["", "Two engineers"]
    assert held["submissions"][1]["our_notes"] == "Called back"
    assert [one["kind"] for one in held["mails"]] == ["report"]
    assert "other@x.example" not in response.content.decode()
    assert "Somebody else" not in response.content.decode()
    assert response["Content-Disposition"].startswith('attachment; filename="my-data-')


def test_every_mail_to_a_visitor_leads_to_the_page(marta):
    submission = marta.submissions.get(kind="report")
    for kind, purpose in (
        ("confirm", "report"),
        ("report", "report"),
        ("welcome", "letter"),
        ("enquiry", "consultation"),
    ):
        message = mails.compose(make_mail(kind, submission, purpose))

        assert url(marta) in message.body
        assert url(marta) in message.alternatives[0][0]

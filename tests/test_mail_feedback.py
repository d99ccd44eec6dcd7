"""Bounces and complaints coming in: signed, acted upon once, never a word of whom in a log (EML-15)."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.conf import settings as project
from django.test import Client
from django.utils import timezone

from leads import chores, confirmation, erasure, feedback, feedback_views, ledger, outbox, suppression, tokens
from leads.feedback import Feedback, What
from leads.models import ConsentEvent, Lead, OutgoingMail, SoftBounces, Suppression, TakenFeedback
from tests.factories import make_site
from tests.lead_factories import make_lead, make_mail, make_submission, make_wordings, record, requested, states

pytestmark = pytest.mark.django_db
EMAIL, STRANGER = "marta@quillstone.example", "stranger@x.example"
KEY = "a key of thirty-two characters, or more"


@pytest.fixture(autouse=True)
def site(settings, tmp_path):
    settings.ERASURE_JOURNAL_FILE = tmp_path / "erasures.jsonl"
    settings.LEDGER_ANCHOR_FILE = tmp_path / "anchors.jsonl"
    settings.MAIL_EVENTS_KEY = KEY
    make_site()
    make_wordings()


@pytest.fixture
def marta() -> Lead:
    submission = requested(make_submission(email=EMAIL), "report", "letter")
    confirmation.confirm(submission)
    return submission.lead


def told(*reports, client=None, seconds=0, **changed):
    """Post reports as a provider does that signs our way."""
    body = json.dumps(reports).encode()
    moment = str(int(time.time()) + seconds)
    headers = {"Mail-Events-Time": moment, "Mail-Events-Signature": feedback_views.sign(moment, body)} | changed
    return (client or Client()).post("/mail-events/", body, content_type="application/json", headers=headers)


def blocked(email: str = EMAIL) -> set[str]:
    return suppression.blocks(email, "letter")


# --- the signature ---


def test_signed_is_the_time_a_full_stop_and_the_body():
    signature = hmac.new(KEY.encode(), b'1764030000.[{"event":"bounced"}]', hashlib.sha256).hexdigest()

    assert feedback_views.sign("1764030000", b'[{"event":"bounced"}]') == signature


@pytest.mark.parametrize(
    "changed",
    [
        {"Mail-Events-Signature": "0" * 64},
        {"Mail-Events-Signature": ""},
        {"Mail-Events-Signature": "ą"},
        {"Mail-Events-Time": ""},
        {"Mail-Events-Time": "1e9"},
        {"Mail-Events-Time": "99999999999"},
    ],
)
def test_a_report_that_is_not_signed_changes_nothing(marta, changed):
    response = told({"event": "complained", "recipient": EMAIL}, **changed)

    assert (response.status_code, response.content) == (401, b"")
    assert blocked() == set()


@pytest.mark.parametrize(("seconds", "status"), [(-290, 200), (-310, 401), (290, 200), (310, 401)])
def test_a_signature_is_good_for_five_minutes_either_way(seconds, status):
    assert told({"event": "bounced", "recipient": EMAIL}, seconds=seconds).status_code == status


def test_another_body_under_the_same_signature_is_refused():
    moment = str(int(time.time()))
    signature = feedback_views.sign(moment, b"[]")

    response = told(
        {"event": "bounced", "recipient": EMAIL},
        **{"Mail-Events-Time": moment, "Mail-Events-Signature": signature},
    )

    assert response.status_code == 401


def test_a_request_that_is_replayed_changes_nothing(marta):
    """The replay is answered as the first was, since its sender may not have heard that."""
    headers = {"Mail-Events-Time": str(int(time.time()))}
    body = json.dumps([{"event": "bounced", "recipient": EMAIL, "id": "1"}]).encode()
    headers["Mail-Events-Signature"] = feedback_views.sign(headers["Mail-Events-Time"], body)

    first = Client().post("/mail-events/", body, content_type="application/json", headers=headers)
    suppression.lift_bounce(EMAIL)
    again = Client().post("/mail-events/", body, content_type="application/json", headers=headers)

    assert (first.json(), again.json()) == ({"taken": 1}, {"taken": 0})
    assert blocked() == set()


def test_without_a_key_there_is_no_such_address(settings):
    settings.MAIL_EVENTS_KEY = ""

    assert told({"event": "bounced", "recipient": EMAIL}).status_code == 404


def test_reports_come_from_other_machines_and_by_post_alone():
    """§4.1: the signature is the authority, whatever a browser would say."""
    away = told({"event": "bounced", "recipient": EMAIL}, **{"Sec-Fetch-Site": "cross-site"})

    assert away.status_code == 200
    assert Client().get("/mail-events/").status_code == 405


@pytest.mark.parametrize("size", [200_000, 2_000_000])
def test_a_long_list_is_taken_and_an_endless_one_refused(size):
    response = told({"event": "bounced", "recipient": EMAIL, "id": "x" * size})

    assert response.status_code == (200 if size < feedback_views.MAX_BYTES else 413)


@pytest.mark.parametrize(
    "reports",
    [
        [{"event": "sneezed", "recipient": EMAIL}],
        [{"recipient": EMAIL}],
        [{"event": "bounced"}],
        [{"event": "bounced", "recipient": 7}],
        ["bounced"],
        [{"event": "bounced", "recipient": EMAIL}, {"event": "bounced"}],
        [{"event": "bounced", "recipient": EMAIL}] * 501,
    ],
)
def test_what_is_no_list_of_reports_is_refused_whole(reports):
    assert told(*reports).status_code == 400
    assert blocked() == set()


# --- complaints ---


def test_a_complaint_withdraws_all_consent_and_blocks_the_address_at_once(marta, mailoutbox):
    told({"event": "complained", "recipient": EMAIL})

    last = ledger.last_event(tokens.subject_ref(EMAIL), ConsentEvent.objects.get(seq=1).purpose)
    assert set(dict(states(marta)).items()) == {("report", "withdrawn"), ("letter", "withdrawn")}
    assert (last.method, last.actor, last.payload.controls["control"]) == ("complaint", "system", "spam report")
    assert "complaint" in blocked()
    assert outbox.send_due() == 0
    assert mailoutbox == []


def test_a_complaint_deletes_the_enquiry_where_the_wording_promises_it():
    enquiry = make_submission("consultation", email=EMAIL)
    record(enquiry, "consultation", ConsentEvent.State.GIVEN)

    told({"event": "complained", "recipient": EMAIL})

    assert not Lead.objects.exists()
    assert blocked() == {"complaint"}


def test_a_complaint_of_somebody_we_do_not_know_blocks_the_address_all_the_same():
    told({"event": "complained", "recipient": "Stranger@X.example"})

    assert blocked(STRANGER) == {"complaint"}
    assert list(erasure.places(STRANGER)) == []


def test_a_complaint_outlives_a_restored_backup(marta):
    """CON-21"""
    told({"event": "complained", "recipient": EMAIL})
    Suppression.objects.all().delete()

    erasure.replay()

    assert "complaint" in blocked()


def test_a_complaint_is_found_by_the_message_id_before_the_address(marta):
    mail = OutgoingMail.objects.get()

    told({"event": "complained", "message_id": mail.message_id.strip("<>"), "recipient": STRANGER})

    assert "complaint" in blocked()
    assert blocked(STRANGER) == set()


def test_what_is_told_of_a_mail_to_the_team_is_not_the_visitors_doing(marta, settings):
    team = make_mail("team", marta.submissions.get(), "consultation", state="sent")

    told(
        {"event": "complained", "message_id": team.message_id},
        {"event": "bounced", "recipient": settings.TEAM_MAIL.split("<")[1].strip(">"), "id": "2"},
    )

    assert Suppression.objects.count() == 0
    assert states(marta)[-1][1] == "given"


# --- bounces ---


def test_a_bounce_blocks_the_address_and_shows_the_mail_as_undelivered(marta, caplog):
    OutgoingMail.objects.update(state="sent", sent_at=timezone.now())
    mail = OutgoingMail.objects.get()

    response = told({"event": "bounced", "message_id": mail.message_id})

    mail.refresh_from_db()
    assert response.json() == {"taken": 1}
    assert blocked() == {"bounce"}
    assert (mail.state, mail.last_error) == ("dead", "Sent, and came back, as the mail provider says.")
    assert states(marta)[-1][1] == "given"  # nobody has withdrawn anything
    assert "quillstone" not in caplog.text


def test_the_same_report_in_another_request_is_not_counted_again():
    for seconds in (0, 1):
        told({"event": "soft_bounced", "recipient": EMAIL, "id": "abc"}, seconds=seconds)

    assert SoftBounces.objects.get().times == 1


@pytest.mark.parametrize(
    ("days", "is_blocked"),
    [([0, 3, 7], True), ([0, 3, 6], False), ([0, 8], False), ([0, 1, 2, 3, 8], True), ([0, 100, 107], False)],
)
def test_passing_bounces_block_after_three_over_a_week(clock, days, is_blocked):
    begun = timezone.now()
    for number, day in enumerate(days):
        clock.move_to(begun + timedelta(days=day, seconds=number))
        told({"event": "soft_bounced", "recipient": EMAIL, "id": str(number)})

    assert (blocked() == {"bounce"}) is is_blocked


def test_a_mail_that_arrives_ends_the_row_of_passing_bounces():
    told({"event": "soft_bounced", "recipient": EMAIL})
    told({"event": "delivered", "recipient": EMAIL})

    assert not SoftBounces.objects.exists()


def test_a_confirmed_address_is_no_longer_taken_for_a_dead_one():
    """The link came in a mail, so the address works."""
    submission = requested(make_submission(email=EMAIL), "letter")
    told({"event": "bounced", "recipient": EMAIL}, {"event": "soft_bounced", "recipient": EMAIL})

    confirmation.confirm(submission)

    assert (blocked(), SoftBounces.objects.count()) == (set(), 0)


def test_reports_are_forgotten_when_nobody_tells_them_again(clock):
    """CON-17"""
    told({"event": "soft_bounced", "recipient": EMAIL})
    clock.shift(timedelta(days=31))
    chores.run(timezone.now())
    assert (TakenFeedback.objects.count(), SoftBounces.objects.count()) == (0, 1)

    clock.shift(timedelta(days=60))
    chores.run(timezone.now())

    assert SoftBounces.objects.count() == 0


def test_a_report_without_a_believable_address_is_passed_over():
    assert feedback.take(Feedback(What.BOUNCED, recipient="nobody at all", key="1")) is True
    assert Suppression.objects.count() == 0


# --- providers, through Anymail ---


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(password.encode()).decode()}


@pytest.fixture
def postmark(settings):
    settings.MAIL_EVENTS, settings.ANYMAIL = "postmark", {"WEBHOOK_SECRET": "postmark:a long password"}


def postmark_tells(record_type: str, kind: str, headers=None, **more):
    event = {"RecordType": record_type, "Type": kind, "ID": 42, "Email": EMAIL, "MessageID": "its-own-id"} | more
    event |= {"BouncedAt": "2026-11-25T10:00:00Z"}
    headers = basic("postmark:a long password") if headers is None else headers
    return Client().post("/mail-events/postmark/", json.dumps(event), content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("record_type", "kind", "reason"),
    [
        ("Bounce", "HardBounce", {"bounce"}),
        ("Bounce", "BadEmailAddress", {"bounce"}),
        ("Bounce", "SoftBounce", set()),
        ("Bounce", "Transient", set()),
        ("Delivery", "", set()),
        ("Open", "", set()),
    ],
)
def test_postmarks_bounces_are_understood(marta, postmark, record_type, kind, reason):
    assert postmark_tells(record_type, kind).status_code == 200
    assert blocked() == reason
    assert SoftBounces.objects.count() == (kind == "SoftBounce")


def test_postmarks_complaint_withdraws_everything_once(marta, postmark):
    for _time in range(2):
        assert postmark_tells("SpamComplaint", "SpamComplaint").status_code == 200

    assert [state for _purpose, state in states(marta)].count("withdrawn") == 2
    assert "complaint" in blocked()


@pytest.mark.parametrize("headers", [{}, basic("postmark:wrong"), basic("a long password")])
def test_a_provider_without_its_password_is_refused(marta, postmark, headers, caplog):
    response = postmark_tells("Bounce", "HardBounce", headers=headers)

    assert response.status_code == 401
    assert blocked() == set()
    assert caplog.messages == ["A report to /mail-events/ was not signed by postmark."]


@pytest.mark.parametrize("provider", ["", "mailgun"])
def test_only_the_provider_that_is_set_is_heard(postmark, settings, provider):
    settings.MAIL_EVENTS = provider

    assert postmark_tells("Bounce", "HardBounce").status_code == 404


@pytest.mark.parametrize(("key", "status"), [("mailguns own signing key", 200), ("another", 401)])
def test_mailguns_own_signature_is_checked_and_the_person_found_by_our_message_id(marta, settings, key, status):
    settings.MAIL_EVENTS = "mailgun"
    settings.ANYMAIL = {"MAILGUN_WEBHOOK_SIGNING_KEY": "mailguns own signing key"}
    mail = OutgoingMail.objects.get()
    signature = hmac.new(key.encode(), b"1764030000token", hashlib.sha256).hexdigest()
    event = {
        "signature": {"timestamp": "1764030000", "token": "token", "signature": signature},
        "event-data": {
            "event": "failed",
            "severity": "permanent",
            "reason": "bounce",
            "timestamp": 1764030000.5,
            "recipient": "forwarded@elsewhere.example",
            "message": {"headers": {"message-id": mail.message_id.strip("<>")}},
        },
    }

    response = Client().post("/mail-events/mailgun/", json.dumps(event), content_type="application/json")

    assert response.status_code == status
    assert blocked() == ({"bounce"} if status == 200 else set())


@pytest.mark.parametrize("body", ["[]", "null", '{"signature": 5}', "[" * 50_000, "", "\xff"])
def test_what_a_stranger_sends_to_a_providers_address_is_refused_in_a_line(settings, caplog, body):
    settings.MAIL_EVENTS, settings.ANYMAIL = "mailgun", {"MAILGUN_WEBHOOK_SIGNING_KEY": "mailguns own signing key"}

    response = Client().post("/mail-events/mailgun/", body, content_type="application/json")

    assert response.status_code in {400, 401}
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("recipient", ["\ud800@x.example", "[" * 3])
def test_a_signed_body_that_cannot_be_read_is_refused(recipient):
    assert told({"event": "bounced", "recipient": recipient}).status_code in {200, 400}
    assert Suppression.objects.count() == 0


def test_a_complaint_under_the_id_of_a_delivery_is_heard(marta):
    told({"event": "delivered", "recipient": EMAIL, "id": "msg-1"})

    told({"event": "complained", "recipient": EMAIL, "id": "msg-1"})

    assert "complaint" in blocked()


def test_passing_bounces_without_an_id_are_counted_one_by_one(clock):
    for _week in range(3):
        clock.shift(timedelta(days=4))
        told({"event": "soft_bounced", "recipient": EMAIL})

    assert blocked() == {"bounce"}


def test_a_complaint_that_staff_lifted_stays_lifted_at_the_next_start():
    """CON-15"""
    told({"event": "complained", "recipient": EMAIL})
    suppression.lift_rows(Suppression.objects.all())

    erasure.replay()

    assert blocked() == set()


def test_a_complaint_after_that_blocks_again_at_the_next_start(clock):
    told({"event": "complained", "recipient": EMAIL})
    suppression.lift_rows(Suppression.objects.all())
    clock.shift(60)
    told({"event": "complained", "recipient": EMAIL, "id": "second"})
    Suppression.objects.all().delete()  # a backup of before

    erasure.replay()

    assert blocked() == {"complaint"}


def test_lifting_a_bounce_counts_passing_ones_anew(clock):
    for _week in range(3):
        clock.shift(timedelta(days=4))
        told({"event": "soft_bounced", "recipient": EMAIL})
    suppression.lift_bounce(EMAIL)

    told({"event": "soft_bounced", "recipient": EMAIL})

    assert blocked() == set()


def test_an_erasure_forgets_passing_bounces(marta):
    """CON-13"""
    told({"event": "soft_bounced", "recipient": EMAIL})

    erasure.erase(marta)

    assert SoftBounces.objects.count() == 0


BREVO, MAILJET = {"event": "hard_bounce", "email": EMAIL}, {"event": "bounce", "email": EMAIL, "time": 1764030000}


@pytest.mark.parametrize(
    ("provider", "event", "reason", "soft"),
    [
        ("brevo", BREVO, {"bounce"}, 0),
        ("brevo", BREVO | {"event": "soft_bounce"}, set(), 1),
        ("brevo", BREVO | {"event": "spam"}, {"complaint"}, 0),
        ("mailjet", MAILJET | {"hard_bounce": True, "error": "user unknown"}, {"bounce"}, 0),
        ("mailjet", MAILJET | {"hard_bounce": False, "error": "mailbox inactive"}, set(), 1),
    ],
)
def test_hard_and_soft_are_told_apart_by_the_providers_own_words(settings, provider, event, reason, soft):
    settings.MAIL_EVENTS, settings.ANYMAIL = provider, {"WEBHOOK_SECRET": "user:a long password"}
    make_lead(EMAIL)

    response = Client().post(
        f"/mail-events/{provider}/",
        json.dumps(event),
        content_type="application/json",
        headers=basic("user:a long password"),
    )

    assert response.status_code == 200
    assert (blocked(), SoftBounces.objects.count()) == (reason, soft)


def test_every_provider_of_the_settings_has_its_view():
    assert set(feedback_views.VIEWS) == set(project.MAIL_EVENT_PROVIDERS)

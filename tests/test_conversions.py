"""Word of a sent form for Meta: owed with consent alone, asked again when sent, once for pixel and server (COO-13)."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from leads import confirmation, conversions, cookies
from leads.models import ConsentEvent, OwedEvent, Submission
from leads.withdrawal import withdraw
from recruitcms.models import SiteSettings
from tests.factories import make_site
from tests.lead_factories import make_wordings, published_report
from tests.receiver import Receiver

pytestmark = pytest.mark.django_db
ID = "0123456789abcdef" * 2
EVENT = "fedcba9876543210" * 2
PIXEL = "123456789012345"
BROWSER = "Mozilla/5.0 (X11) Firefox/145.0"


@pytest.fixture
def site(settings):
    make_site()
    settings.META_CAPI_TOKEN = "meta-secret"
    SiteSettings.objects.update(meta_pixel=PIXEL, content_version=9)
    return SiteSettings.get()


@pytest.fixture
def receiver(settings):
    with Receiver(settings) as running:
        yield running


@pytest.fixture
def agreed(client, site):
    """A visitor who pressed Accept: the record on the server, and the cookie in the browser."""
    answer(client, site, "marketing")
    return client


def answer(client, site, categories, **headers):
    words = {"id": ID, "text": cookies.notice(site).sha256, "categories": categories}
    assert client.post("/consent/cookies/", words, headers=headers).status_code == 200
    now = int(timezone.now().timestamp())
    client.cookies["cc"] = f"{cookies.version(site)}.{categories}.{now}.{ID}"


def ask_for_report(client, event_id=EVENT, **headers):
    words, report = make_wordings(), published_report()
    data = {"email": " Marta@Quillstone.Example ", "consent_report": words["report"].sha256, "page": "/roles/x/"}
    data |= {"form": "card"}
    headers = {"User-Agent": BROWSER} | headers
    response = client.post(report.get_absolute_url(), data | {"event_id": event_id}, headers=headers)
    assert response.status_code == 303
    return Submission.objects.get()


def states():
    return list(OwedEvent.objects.values_list("state", flat=True))


def test_a_confirmed_form_is_told_with_the_pixels_event_id_and_a_hash(agreed, receiver):
    submission = ask_for_report(agreed)
    confirmation.confirm(submission)

    assert conversions.send_due() == 1

    [(path, content)] = receiver.got
    event = OwedEvent.objects.get()
    assert path == f"/{PIXEL}/events"
    assert content == {
        "data": [
            {
                "event_name": "Lead",
                "event_id": EVENT,
                "event_time": int(event.created_at.timestamp()),
                "action_source": "website",
                "event_source_url": "http://testserver/roles/x/",
                "user_data": {
                    "em": [hashlib.sha256(b"marta@quillstone.example").hexdigest()],
                    "client_user_agent": BROWSER,
                },
            }
        ],
        "access_token": "meta-secret",
    }
    assert (event.state, event.user_agent) == ("sent", "")
    assert conversions.send_due() == 0


def test_an_enquiry_tells_none_of_its_words(agreed, receiver):
    words = make_wordings()
    data = {"name": "Marta Zielik", "email": "marta@quillstone.example", "topic": "team", "phone": "+48 123 456 789"}
    data |= {"company": "Quillstone", "message": "Two engineers.", "consent_consultation": words["consultation"].sha256}
    agreed.post("/consultation/", data | {"event_id": EVENT}, headers={"User-Agent": BROWSER})

    assert conversions.send_due() == 1

    told = json.dumps(receiver.got)
    for secret in ("Marta", "Zielik", "Quillstone", "quillstone.example", "123 456 789", "Two engineers"):
        assert secret not in told


def test_an_address_that_nobody_confirmed_waits(agreed, receiver, clock):
    submission = ask_for_report(agreed)

    assert conversions.send_due() == 0
    assert (receiver.got, states()) == ([], ["pending"])
    confirmation.confirm(submission)
    clock.shift(timedelta(minutes=31))

    assert conversions.send_due() == 1


def test_after_seven_days_it_is_too_late(agreed, receiver, clock):
    """A batch with an older event would be refused whole."""
    submission = ask_for_report(agreed)
    conversions.send_due()
    clock.shift(timedelta(days=7, minutes=1))
    confirmation.confirm(submission)

    assert conversions.send_due() == 0
    assert (receiver.got, states()) == ([], ["cancelled"])


@pytest.mark.parametrize("change", ["no record", "refused", "gpc", "no cookie", "no event", "odd event", "no token"])
def test_without_a_recorded_yes_nothing_is_owed(client, site, settings, change):
    if change != "no record":
        answer(client, site, "" if change == "refused" else "marketing")
    else:
        client.cookies["cc"] = f"{cookies.version(site)}.marketing.{int(timezone.now().timestamp())}.{ID}"
    if change == "no cookie":
        client.cookies.clear()
    if change == "no token":
        settings.META_CAPI_TOKEN = ""
    event = {"no event": "", "odd event": "x" * 32}.get(change, EVENT)

    ask_for_report(client, event, **({"Sec-GPC": "1"} if change == "gpc" else {}))

    assert OwedEvent.objects.count() == 0


def test_consent_is_asked_again_when_it_is_sent(agreed, site, receiver):
    confirmation.confirm(ask_for_report(agreed))
    answer(agreed, site, "")

    assert conversions.send_due() == 0
    assert (receiver.got, states()) == ([], ["cancelled"])
    assert OwedEvent.objects.get().user_agent == ""


def test_a_browser_that_turned_global_privacy_control_on_is_told_of_no_more(agreed, site, receiver):
    """COO-5"""
    confirmation.confirm(ask_for_report(agreed))
    answer(agreed, site, "marketing", **{"Sec-GPC": "1"})

    assert conversions.send_due() == 0
    assert receiver.got == []


def test_who_withdrew_from_the_report_is_told_of_no_more(agreed, receiver):
    submission = ask_for_report(agreed)
    confirmation.confirm(submission)
    withdraw(submission.lead, "report", ConsentEvent.Method.MAIL_BUTTON)

    assert conversions.send_due() == 0
    assert (receiver.got, states()) == ([], ["cancelled"])


def test_what_is_owed_goes_with_an_erased_submission(agreed):
    """CON-13"""
    ask_for_report(agreed).delete()

    assert OwedEvent.objects.count() == 0


def test_without_a_pixel_any_more_nothing_is_sent(agreed, receiver):
    confirmation.confirm(ask_for_report(agreed))
    SiteSettings.objects.update(meta_pixel="")

    assert conversions.send_due() == 0
    assert (receiver.got, states()) == ([], ["cancelled"])


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_tried_again_later(agreed, receiver, clock, status):
    confirmation.confirm(ask_for_report(agreed))
    receiver.answers = [(status, {}, b"")]

    assert conversions.send_due() == 0
    event = OwedEvent.objects.get()
    assert (event.state, event.attempts, event.last_error) == ("pending", 1, f"HTTP {status}")
    assert conversions.send_due() == 0
    clock.shift(timedelta(minutes=2))

    assert conversions.send_due() == 1
    assert [content["data"][0]["event_id"] for _path, content in receiver.got] == [EVENT, EVENT]


@pytest.mark.parametrize("status", [400, 302, 403])
def test_a_refusal_ends_it_except_a_redirect_which_is_tried_again(agreed, receiver, status):
    confirmation.confirm(ask_for_report(agreed))
    receiver.answers = [(status, {"Location": "http://127.0.0.1:1/"}, b"")]

    conversions.send_due()

    event = OwedEvent.objects.get()
    assert (event.state, event.last_error) == ("pending" if status == 302 else "dead", f"HTTP {status}")
    assert len(receiver.got) == 1


def test_a_host_in_our_own_network_is_never_called(agreed, receiver, settings):
    """SEC-16"""
    settings.OUTGOING_LOCAL = False
    confirmation.confirm(ask_for_report(agreed))

    assert conversions.send_due() == 0
    assert (receiver.got, states()) == ([], ["dead"])


def test_a_server_that_is_not_there_is_tried_again(agreed, receiver, settings):
    settings.META_CAPI_URL = "http://127.0.0.1:9"
    confirmation.confirm(ask_for_report(agreed))

    assert conversions.send_due() == 0
    assert (states(), OwedEvent.objects.get().last_error) == (["pending"], "ConnectionRefusedError")


def test_a_worker_that_died_leaves_it_to_the_next_one(agreed, receiver, clock):
    confirmation.confirm(ask_for_report(agreed))
    assert conversions.claim(timezone.now()) is not None
    assert conversions.claim(timezone.now()) is None

    clock.shift(conversions.LEASE)

    assert conversions.send_due() == 1


@pytest.mark.parametrize("field", ["due_at", "lease_until"])
def test_a_time_of_a_wrong_clock_is_not_waited_for(agreed, receiver, field):
    """REL-6"""
    confirmation.confirm(ask_for_report(agreed))
    OwedEvent.objects.update(**{field: timezone.now() + timedelta(days=40)})

    assert conversions.send_due() == 1
    assert OwedEvent.objects.get().user_agent == ""


def test_the_worker_command_sends_what_is_owed(agreed, receiver):
    from django.core.management import call_command

    confirmation.confirm(ask_for_report(agreed))

    call_command("worker", "--once", verbosity=0)

    assert states() == ["sent"]

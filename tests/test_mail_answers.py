"""What the mail server may answer, against a real one: whose fault it was, and what becomes of the mail (EML-14)."""

import logging
import socket
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from leads import outbox, pauses, suppression
from leads.models import OutboxState, OutgoingMail, Suppression
from tests.lead_factories import make_mail, make_submission, make_wordings, published_report, requested
from tests.postbox import free_port, use_server

pytestmark = pytest.mark.django_db
EMAIL = "marta@quillstone.example"


@pytest.fixture
def mail():
    """A confirm mail that is owed."""
    make_wordings()
    return make_mail(submission=requested(make_submission(report=published_report())))


def now_is(mail: OutgoingMail) -> OutgoingMail:
    return OutgoingMail.objects.get(pk=mail.pk)


def go_on() -> None:
    """Let the time of a planned attempt, or of a pause, come."""
    OutgoingMail.objects.filter(state="pending").update(due_at=timezone.now())
    OutboxState.objects.update(paused_until=timezone.now())


# --- passing: try again later ---


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("RCPT", "451 4.7.1 try later"),
        ("RCPT", "421 4.3.2 closing"),
        ("DATA", "452 4.3.1 full"),
        ("MAIL", "451 later"),
        ("EHLO", "421 busy"),
    ],
)
def test_a_passing_refusal_is_tried_again_later(mail, postbox, where, answer):
    postbox.refusals[where] = answer

    assert outbox.send_due() == 0

    waiting = now_is(mail)
    assert (waiting.state, waiting.attempts, waiting.lease_until, waiting.uncertain) == ("pending", 1, None, 0)
    assert timedelta(seconds=40) < waiting.due_at - timezone.now() < timedelta(seconds=80)
    assert waiting.last_error.startswith(answer[:3])
    assert OutboxState.get().pauses == 0


def test_an_unreachable_server_loses_nothing_and_the_queue_drains_when_it_is_back(mail, settings, request):
    """REL-4"""
    use_server(settings, free_port())
    other = make_mail("welcome", submission=mail.submission)
    outbox.send_due()
    assert (now_is(mail).state, now_is(mail).last_error[:22]) == ("pending", "ConnectionRefusedError")
    assert now_is(other).attempts == 0  # one knock at the door is enough for a round

    request.getfixturevalue("postbox")
    go_on()

    assert outbox.send_due() == 2
    assert now_is(mail).state == now_is(other).state == "sent"


def test_a_server_that_never_answers_is_left_after_a_while(mail, settings):
    """REL-11: no call waits for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_server(settings, silent.getsockname()[1])
        settings.EMAIL_TIMEOUT = 0.3

        outbox.send_due()

    assert (now_is(mail).state, now_is(mail).uncertain) == ("pending", 0)


# --- the address: a hard bounce ---


def test_a_mailbox_that_does_not_exist_ends_the_mail_and_blocks_the_address(mail, postbox, caplog):
    postbox.refusals["RCPT"] = f"550 5.1.1 <{EMAIL}> unknown"

    outbox.send_due()

    dead = now_is(mail)
    assert (dead.state, dead.attempts, dead.last_error) == ("dead", 1, "550 5.1.1 <…@…> unknown")
    assert suppression.blocks(EMAIL, "letter") == {"bounce"}
    assert "quillstone" not in dead.last_error + caplog.text


@pytest.mark.parametrize("kind", ["confirm", "report", "welcome", "enquiry"])
def test_nothing_more_goes_to_an_address_that_bounced(mail, postbox, kind):
    suppression.suppress(EMAIL, suppression.ALL, Suppression.Reason.BOUNCE)
    OutgoingMail.objects.update(kind=kind)

    outbox.send_due()

    assert (now_is(mail).state, now_is(mail).last_error) == ("cancelled", "The address is blocked: bounce.")
    assert postbox.messages == []


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.7.1 Relay access denied",
        "552 5.2.2 mailbox full",
        "550 5.1.8 bad sender",
        "550 Blocked: your IP is on a list",
        "554 Relay access denied",
    ],
)
def test_a_refusal_that_does_not_say_there_is_no_mailbox_blocks_nobody(mail, postbox, answer):
    postbox.refusals["RCPT"] = answer

    outbox.send_due()

    assert now_is(mail).state == "dead"
    assert suppression.blocks(EMAIL, "letter") == set()


def test_a_bounced_mail_to_the_team_says_nothing_of_the_visitor(postbox):
    enquiry = make_submission("consultation")
    team = make_mail("team", enquiry, "consultation")
    postbox.refusals["RCPT"] = "550 5.1.1 unknown"

    outbox.send_due()

    assert now_is(team).state == "dead"
    assert suppression.blocks(EMAIL, "consultation") == set()


@pytest.mark.parametrize(("days", "leaves"), [(29, 0), (31, 1)])
def test_who_asks_again_long_after_a_bounce_is_written_to_once_more(mail, postbox, clock, days, leaves):
    suppression.suppress(EMAIL, suppression.ALL, Suppression.Reason.BOUNCE)
    clock.shift(timedelta(days=days))
    again = make_mail(submission=requested(make_submission()))

    assert outbox.send_due() == leaves

    assert now_is(mail).state == "cancelled"  # asked for before the bounce
    assert now_is(again).state == ("sent" if leaves else "cancelled")


def test_a_second_bounce_blocks_for_as_long_again(mail, postbox, clock):
    suppression.suppress(EMAIL, suppression.ALL, Suppression.Reason.BOUNCE)
    clock.shift(timedelta(days=31))
    make_mail(submission=requested(make_submission()))
    postbox.refusals["RCPT"] = "550 5.1.1 still unknown"
    outbox.send_due()
    del postbox.refusals["RCPT"]

    clock.shift(timedelta(days=29))
    make_mail(submission=requested(make_submission()))

    assert outbox.send_due() == 0
    assert Suppression.objects.get().reason == "bounce"


# --- the mail: a dead letter ---


@pytest.mark.parametrize(
    ("where", "answer"), [("DATA", "554 5.6.0 looks like spam"), ("MAIL", "552 5.3.4 message too big")]
)
def test_a_mail_that_the_server_does_not_want_is_given_up_and_blocks_nobody(mail, postbox, where, answer):
    postbox.refusals[where] = answer

    outbox.send_due()

    dead = now_is(mail)
    assert (dead.state, dead.attempts, dead.last_error) == ("dead", 1, answer)
    assert suppression.blocks(EMAIL, "letter") == set()
    assert OutboxState.get().pauses == 0


def test_the_last_attempt_gives_up(mail, postbox):
    postbox.refusals["RCPT"] = "451 try later"
    OutgoingMail.objects.update(attempts=outbox.MAX_ATTEMPTS - 1)

    outbox.send_due()

    assert now_is(mail).state == "dead"


# --- ours: the queue is paused ---


@pytest.fixture
def signed_in(settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "northbeam", "secret"


@pytest.mark.parametrize(
    ("where", "answer", "stage"),
    [
        ("AUTH", "535 5.7.8 wrong password", "sign_in"),
        ("EHLO", "550 go away", "hello"),
        ("MAIL", "550 5.7.1 <hello@northbeam.example> may not send", "sender"),
        ("RCPT", "530 5.7.0 sign in first", "recipient"),
    ],
)
def test_a_refusal_of_us_pauses_all_mail_and_is_nobodys_bounce(mail, postbox, signed_in, caplog, where, answer, stage):
    other = make_mail("welcome", submission=mail.submission)
    postbox.refusals[where] = answer

    assert outbox.send_due() == 0

    state = OutboxState.get()
    assert (state.paused_at, state.paused_for[:3], state.pauses) == (stage, answer[:3], 1)
    assert timedelta(seconds=40) < state.paused_until - timezone.now() < timedelta(seconds=80)
    for one in (mail, other):
        assert (now_is(one).state, now_is(one).attempts, now_is(one).lease_until) == ("pending", 0, None)
    assert Suppression.objects.count() == 0
    assert "All mail waits" in caplog.text
    assert "northbeam.example" not in caplog.text + state.paused_for


def test_a_greeting_that_refuses_pauses_all_mail(mail, settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        use_server(settings, server.getsockname()[1])

        def refuse():
            talk, _address = server.accept()
            with talk:
                talk.sendall(b"554 5.3.2 no service here\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        outbox.send_due()
        thread.join()

    assert (OutboxState.get().paused_at, OutboxState.get().paused_for) == ("connect", "554 5.3.2 no service here")


def test_a_server_without_the_encryption_that_was_asked_for_pauses_all_mail(mail, postbox, settings):
    settings.EMAIL_USE_TLS = True

    outbox.send_due()

    assert OutboxState.get().paused_at == "hello"
    assert postbox.messages == []


def test_no_server_is_asked_during_a_pause(mail, postbox):
    pauses.pause(timezone.now(), "sign_in", "535 no")

    assert outbox.send_due() == 0
    assert postbox.sessions == set()


def test_a_pause_ends_by_itself_and_all_mail_leaves(mail, postbox, caplog):
    other = make_mail("welcome", submission=mail.submission)
    postbox.refusals["MAIL"] = "550 not for you"
    outbox.send_due()

    postbox.refusals.clear()
    go_on()

    assert outbox.send_due() == 2
    assert [now_is(one).attempts for one in (mail, other)] == [1, 1]
    assert (OutboxState.get().pauses, OutboxState.get().paused_for) == (0, "")
    assert "Mail leaves again." in caplog.text


def test_each_pause_in_a_row_is_longer_up_to_half_an_hour(mail, postbox):
    postbox.refusals["MAIL"] = "550 not for you"
    lengths = []

    for _time in range(8):
        outbox.send_due()
        lengths.append(OutboxState.get().paused_until - timezone.now())
        go_on()

    assert lengths[2] > timedelta(minutes=3)
    assert timedelta(minutes=23) < lengths[7] <= timedelta(minutes=36)


def test_a_pause_that_was_begun_by_a_wrong_clock_does_not_last(mail, postbox, clock):
    """REL-6"""
    clock.shift(timedelta(days=40))
    pauses.pause(timezone.now(), "sign_in", "535 no")
    clock.shift(timedelta(days=-40))

    assert outbox.send_due() == 1


# --- uncertain: perhaps it arrived ---


def test_a_connection_that_breaks_after_the_final_dot_is_counted_and_tried_again_with_the_same_id(
    mail, postbox, caplog
):
    postbox.hangs_up = True
    with caplog.at_level(logging.WARNING):
        assert outbox.send_due() == 0

    unsure = now_is(mail)
    assert (unsure.state, unsure.uncertain, unsure.attempts) == ("pending", 1, 1)
    assert f"Mail {mail.pk} (confirm) may have been sent" in caplog.text

    postbox.hangs_up = False
    go_on()
    outbox.send_due()

    assert [message["Message-ID"] for _to, message in postbox.messages] == [mail.message_id] * 2
    assert (now_is(mail).state, now_is(mail).uncertain) == ("sent", 1)


def test_a_server_that_says_nothing_after_the_final_dot_may_have_the_mail(mail, settings):
    answers = [b"220 hi", b"250 hello", b"250 ok", b"250 ok", b"354 go on"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        use_server(settings, server.getsockname()[1])
        settings.EMAIL_TIMEOUT = 0.5

        def fall_silent():
            talk, _address = server.accept()
            with talk, talk.makefile("rb") as lines:
                for answer in answers:
                    talk.sendall(answer + b"\r\n")
                    lines.readline()
                while lines.readline():
                    pass

        thread = threading.Thread(target=fall_silent)
        thread.start()
        outbox.send_due()
        thread.join()

    assert (now_is(mail).state, now_is(mail).uncertain) == ("pending", 1)


# --- the receipt, the connection, the heartbeat ---


def test_the_servers_receipt_is_kept_without_an_address(mail, postbox):
    """CON-9"""
    postbox.receipt = f"250 2.0.0 Ok: queued as 4FxZ for {EMAIL}"

    outbox.send_due()

    assert now_is(mail).smtp_reply == "250 2.0.0 Ok: queued as 4FxZ for …@…"


def test_mails_of_one_round_share_a_connection(mail, postbox):
    for _number in range(4):
        make_mail("welcome", submission=mail.submission)

    assert outbox.send_due() == 5
    assert len(postbox.sessions) == 1


def test_after_a_refusal_the_rest_leaves_over_a_new_connection(mail, postbox):
    refused = make_mail(submission=requested(make_submission(email="nobody@x.example")))
    OutgoingMail.objects.filter(pk=refused.pk).update(due_at=mail.due_at - timedelta(hours=1))
    postbox.refuse_one = "nobody@x.example"

    assert outbox.send_due() == 1
    assert (now_is(refused).state, now_is(mail).state) == ("dead", "sent")


def test_a_worker_leaves_a_heartbeat_also_when_nothing_is_due(clock):
    outbox.send_due()
    first = OutboxState.get().beat_at
    clock.shift(pauses.BEAT + timedelta(seconds=1))
    outbox.send_due()

    assert OutboxState.get().beat_at - first > pauses.BEAT

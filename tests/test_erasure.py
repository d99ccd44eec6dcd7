"""Erasing a person: every copy goes, a command proves it, a restored backup is cleansed (CON-13 to 15, CON-21)."""

import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from leads import confirmation, erasure, ledger_checks, mail_files, outbox, suppression, tokens
from leads.models import ConsentEvent, Lead, OutgoingMail, Submission, Suppression
from leads.withdrawal import withdraw
from recruitcms import review
from recruitcms.models import OpenForm, ReviewEntry, StaffSession
from recruitcms.signin.sessions import SessionStore
from tests.factories import make_role, make_site, make_user
from tests.lead_factories import make_lead, make_mail, make_submission, make_wordings, record, requested, states

ROOT = Path(__file__).parent.parent
State, Method, Reason = ConsentEvent.State, ConsentEvent.Method, Suppression.Reason
EMAIL = "marta@quillstone.example"


@pytest.fixture(autouse=True)
def words(db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.MAIL_DIR = tmp_path / "mail"
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    settings.LEDGER_ANCHOR_FILE = tmp_path / "anchors.jsonl"
    settings.ERASURE_JOURNAL_FILE = tmp_path / "erasures.jsonl"
    make_site()
    return make_wordings()


@pytest.fixture
def marta() -> Lead:
    submission = requested(make_submission(email=EMAIL, name="Marta"), "report", "letter")
    confirmation.confirm(submission)
    return submission.lead


def mail_file(settings, to: str) -> str:
    settings.MAIL_DIR.mkdir(exist_ok=True)
    name = f"{len(mail_files.names())}.eml"
    (settings.MAIL_DIR / name).write_text(f"To: {to}\nSubject: Hello\n\nHello\n")
    return name


def test_everything_of_a_person_goes_and_another_person_stays(marta, settings, django_capture_on_commit_callbacks):
    """CON-13"""
    other = make_submission("consultation", email="other@x.example")
    kept = mail_file(settings, "other@x.example")
    mail_file(settings, EMAIL.upper())

    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(marta)

    assert list(Submission.objects.all()) == [other]
    assert list(Lead.objects.all()) == [other.lead]
    assert OutgoingMail.objects.count() == 0
    assert mail_files.names() == [kept]
    assert list(erasure.places(EMAIL)) == []


def test_the_ledger_says_erased_and_stays_whole(marta):
    erasure.erase(marta)

    assert states(marta)[-2:] == [("letter", "erased"), ("report", "erased")] or states(marta)[-2:] == [
        ("report", "erased"), ("letter", "erased")
    ]  # fmt: skip
    assert list(ledger_checks.faults()) == []


def test_erasing_twice_changes_nothing(marta):
    erasure.erase(marta)
    before = ConsentEvent.objects.count()

    erasure.erase(marta)

    assert (ConsentEvent.objects.count(), len(suppression.journal())) == (before, 1)


def test_the_admin_log_forgets_what_was_done_about_whom(marta):
    """CON-13: that something was done, and by whom, stays."""
    staff, submission = make_user(), marta.submissions.get()
    LogEntry.objects.log_actions(staff.pk, [submission], CHANGE, change_message="Wrote to them")
    LogEntry.objects.log_actions(staff.pk, [staff], CHANGE, change_message=f"Searched for {EMAIL}")

    erasure.erase(marta)

    left = list(LogEntry.objects.values_list("user", "object_repr", "change_message"))
    assert left == [(staff.pk, "[erased]", "")] * 2


def test_a_session_that_holds_the_address_ends(marta):
    for said in (EMAIL, "nothing"):
        session = SessionStore()
        session["filter"] = said
        session.save()

    erasure.erase(marta)

    assert [one.get_decoded() for one in StaffSession.objects.all()] == [{"filter": "nothing"}]


def test_a_block_stays_that_does_not_say_whose_it_is(marta):
    """CON-14: a keyed hash, not a plain one."""
    import hashlib

    erasure.erase(marta)

    block = Suppression.objects.get()
    assert (block.scope, block.reason) == ("all", "erasure")
    assert block.hmac not in {hashlib.sha256(EMAIL.encode()).hexdigest(), tokens.subject_ref(EMAIL)}
    assert EMAIL not in (Path(suppression.settings.ERASURE_JOURNAL_FILE)).read_text()


# --- suppression ---


def test_a_withdrawal_blocks_its_purpose_and_a_fresh_double_opt_in_lifts_it(marta):
    """CON-15"""
    withdraw(marta, "letter", Method.ONE_CLICK)
    assert suppression.blocks(EMAIL, "letter") == {"unsubscribe"}
    assert suppression.blocks(EMAIL, "report") == set()

    confirmation.confirm(requested(make_submission(lead=marta), "letter"))

    assert suppression.blocks(EMAIL, "letter") == set()


def test_an_erasure_is_lifted_by_a_fresh_double_opt_in(marta):
    erasure.erase(marta)
    again = requested(make_submission(email=EMAIL), "report")

    confirmation.confirm(again)

    assert suppression.blocks(EMAIL, "report") == set()
    assert states(again.lead)[-1] == ("report", "given")


def test_a_complaint_is_never_lifted_nor_weakened(marta, mailoutbox):
    suppression.suppress(EMAIL, suppression.ALL, Reason.COMPLAINT)
    suppression.suppress(EMAIL, suppression.ALL, Reason.ERASURE)
    OutgoingMail.objects.all().delete()

    confirmation.confirm(requested(make_submission(lead=marta), "letter"))
    make_mail("confirm", marta.submissions.first())
    outbox.send_due()

    assert suppression.blocks(EMAIL, "letter") == {"complaint", "erasure"}
    assert mailoutbox == []


def test_the_sender_asks_before_each_mail(marta, mailoutbox):
    """CON-14: blocked between owing and sending."""
    OutgoingMail.objects.all().delete()
    mail = make_mail("welcome", marta.submissions.first(), "letter")
    suppression.suppress(EMAIL, "letter", Reason.UNSUBSCRIBE)

    outbox.send_due()

    assert (OutgoingMail.objects.get(pk=mail.pk).state, mailoutbox) == ("cancelled", [])


def test_a_new_enquiry_after_an_erasure_is_answered(mailoutbox):
    """CON-15: who asks us something again wants an answer."""
    suppression.suppress(EMAIL, suppression.ALL, Reason.ERASURE)
    enquiry = make_submission("consultation", email=EMAIL)
    record(enquiry, "consultation", State.GIVEN)
    make_mail("enquiry", enquiry, "consultation")

    outbox.send_due()

    assert [mail.to for mail in mailoutbox] == [[EMAIL]]


# --- a change of its key (SEC-25, CON-14) ---


@pytest.fixture
def change_key(settings):
    def change() -> None:
        settings.SUPPRESSION_KEYS_OLD = [settings.SUPPRESSION_KEY, *settings.SUPPRESSION_KEYS_OLD]
        settings.SUPPRESSION_KEY = f"key number {len(settings.SUPPRESSION_KEYS_OLD)} of more than thirty-two letters"

    return change


def test_a_block_under_an_old_key_holds_and_is_written_anew_when_met(change_key):
    suppression.suppress(EMAIL, "letter", Reason.UNSUBSCRIBE)
    since = Suppression.objects.get().created_at

    for _time in range(2):
        change_key()

    assert suppression.blocks(EMAIL, "letter") == {"unsubscribe"}
    block = Suppression.objects.get()
    assert (block.hmac, block.key_id, block.created_at) == (
        suppression.address_hash(EMAIL), suppression.key_id(), since
    )  # fmt: skip


def test_a_complaint_under_an_old_key_is_not_weakened_by_a_block_under_the_new_one(change_key):
    suppression.suppress(EMAIL, suppression.ALL, Reason.COMPLAINT)
    old = Suppression.objects.get()
    change_key()
    suppression.suppress_hash(
        suppression.address_hash(EMAIL), suppression.key_id(), suppression.ALL, Reason.ERASURE
    )  # as two servers may write at once

    suppression.lift(EMAIL, "letter")

    assert list(Suppression.objects.values_list("reason", flat=True)) == ["complaint"]
    assert Suppression.objects.get().hmac != old.hmac


def test_a_fresh_double_opt_in_lifts_a_block_under_an_old_key(marta, change_key):
    withdraw(marta, "letter", Method.ONE_CLICK)
    change_key()

    confirmation.confirm(requested(make_submission(lead=marta), "letter"))

    assert (suppression.blocks(EMAIL, "letter"), Suppression.objects.count()) == (set(), 0)


def test_preparing_brings_all_whom_we_know_under_the_new_key(marta, change_key, settings):
    suppression.suppress(EMAIL, "letter", Reason.UNSUBSCRIBE)
    suppression.suppress("unknown@x.example", "all", Reason.ERASURE)
    change_key()

    assert (suppression.renew_all(), suppression.renew_all()) == (1, 0)

    settings.SUPPRESSION_KEYS_OLD = []
    marta.refresh_from_db()
    assert marta.suppression_hmac == suppression.address_hash(EMAIL)
    assert suppression.blocks(EMAIL, "letter") == {"unsubscribe"}
    assert suppression.blocks("unknown@x.example", "letter") == set()  # its key must be kept


def test_the_journal_is_replayed_across_keys(clock, change_key):
    """CON-21"""
    for email in ("erased@x.example", "withdrawn@x.example"):
        confirmation.confirm(requested(make_submission(email=email), "letter"))
    clock.shift(timedelta(days=1))
    suppression.note("erased@x.example", "erased", suppression.ALL)
    suppression.note("withdrawn@x.example", "withdrawn", "letter")
    suppression.note("never-here@x.example", "erased", suppression.ALL)
    change_key()

    assert (erasure.replay(), erasure.replay()) == (2, 0)

    assert list(Lead.objects.values_list("email", flat=True)) == ["withdrawn@x.example"]
    assert suppression.blocks("withdrawn@x.example", "letter") == {"unsubscribe"}
    assert suppression.blocks("erased@x.example", "letter") == {"erasure"}
    assert suppression.blocks("never-here@x.example", "letter") == {"erasure"}


# --- the page ---


def test_the_page_erases_once_the_box_is_ticked(client, marta):
    url = reverse("privacy-erase", args=[tokens.privacy_token(marta)])

    refused = client.post(url)
    assert "Tick the box first" in refused.content.decode()
    assert Lead.objects.count() == 1

    done = client.post(url, {"understood": "1"})
    assert "Your data is erased." in done.content.decode()
    assert Lead.objects.count() == 0


# --- the command ---


def test_verify_prints_every_place_and_ends_with_1(marta, settings, capsys):
    staff = make_user()
    LogEntry.objects.log_actions(staff.pk, [staff], CHANGE, change_message=f"Searched for {EMAIL}")
    name = mail_file(settings, EMAIL)

    with pytest.raises(SystemExit) as ended:
        call_command("erasure", "verify", EMAIL.upper())

    said = capsys.readouterr().out.splitlines()
    entry = LogEntry.objects.get()
    assert ended.value.code == 1
    assert sorted(said) == sorted(
        [
            f"leads_lead.email, row {marta.pk}",
            f"leads_lead.email_normal, row {marta.pk}",
            f"django_admin_log.change_message, row {entry.pk}",
            f"mail/{name}",
            "4 places.",
        ]
    )


def test_verify_looks_into_forms_as_they_are_sent_and_into_archives(settings):
    """CON-13"""
    role = make_role()
    kind = ContentType.objects.get_for_model(role)
    form = OpenForm.objects.create(
        user=make_user(), content_type=kind, object_id=role.pk, typed=urlencode({"review_note": f"Ask {EMAIL}"})
    )
    with zipfile.ZipFile(settings.DATA_DIR / "upload.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.xml", f"<wp:author_email>{EMAIL.upper()}</wp:author_email>" + "x" * 2000)

    assert sorted(erasure.places(EMAIL)) == [f"recruitcms_openform.typed, row {form.pk}", "upload.zip"]


def test_an_erasure_reaches_what_was_written_beside_the_pages(marta):
    """CON-13"""
    role = make_role()
    link = review.make_link(role, make_user(), f"Marta, {EMAIL}")
    ReviewEntry.objects.create(review=link.review, kind="comment", link=link, is_guest=True, name=link.name, text=EMAIL)
    kind = ContentType.objects.get_for_model(role)
    typed = urlencode({"title": "New", "review_note": f"Ask {EMAIL}."})
    OpenForm.objects.create(user=make_user(), content_type=kind, object_id=role.pk, typed=typed)

    erasure.erase(marta)

    assert list(erasure.places(EMAIL)) == []
    assert OpenForm.objects.get().data.dict() == {"title": "New", "review_note": f"Ask {erasure.ERASED}."}


def test_verify_of_somebody_erased_says_zero(marta, capsys):
    erasure.erase(marta)

    call_command("erasure", "verify", EMAIL)

    assert capsys.readouterr().out == "0 places.\n"


def test_verify_of_no_address_says_so():
    with pytest.raises(CommandError, match="Enter an e-mail address"):
        call_command("erasure", "verify", "nobody")


ERASE = """
from leads import erasure
from leads.models import Lead, Submission
lead = Lead.objects.create(email="Marta@Quillstone.example", email_normal="marta@quillstone.example", language="en")
for number in range(200):
    Submission.objects.create(kind="consultation", lead=lead, language="en", message=f"zanzibar{number} " * 50)
Submission.objects.filter(pk__gt=100).delete()
erasure.erase(lead)
"""


def test_nothing_is_left_in_the_raw_database_file(tmp_path):
    """CON-13: neither in freed pages nor in the write-ahead log."""
    variables = dict(os.environ) | {"DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": "", "EMBEDDED_WORKER": "0"}
    variables.pop("DJANGO_SETTINGS_MODULE", None)

    for words in (["migrate", "-v0"], ["shell", "-v0", "-c", ERASE]):
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=variables, check=True, capture_output=True)

    left = b"".join(path.read_bytes().lower() for path in (tmp_path / "var").rglob("*") if path.is_file())
    assert [word for word in (b"quillstone", b"zanzibar") if word in left] == []


# --- after a restore ---


def test_a_restored_backup_is_cleansed(clock, capsys):
    """CON-21: erased people stay erased, withdrawn consent stays withdrawn; what came later is left alone."""
    erased, withdrawn = "erased@x.example", "withdrawn@x.example"
    for email in (erased, withdrawn):
        confirmation.confirm(requested(make_submission(email=email), "letter"))
    clock.shift(timedelta(days=1))
    suppression.note(erased, "erased", suppression.ALL)  # done after the backup was made, and lost with the restore
    suppression.note(withdrawn, "withdrawn", "letter")
    clock.shift(timedelta(days=1))
    later = make_lead("later@x.example")

    call_command("erasure", "replay")
    call_command("erasure", "replay")

    assert sorted(Lead.objects.values_list("email", flat=True)) == ["later@x.example", withdrawn]
    assert states(Lead.objects.get(email=withdrawn))[-1] == ("letter", "withdrawn")
    assert capsys.readouterr().out.splitlines() == [
        "2 erasures and withdrawals repeated.",
        "0 erasures and withdrawals repeated.",
    ]
    assert later.created_at <= timezone.now()


def test_a_backup_from_before_a_person_came_gets_the_block_again():
    suppression.note(EMAIL, "erased", suppression.ALL)

    erasure.replay()

    assert suppression.blocks(EMAIL, "letter") == {"erasure"}


def test_who_came_back_after_an_erasure_is_not_erased_by_a_replay(marta, clock):
    erasure.erase(marta)
    clock.shift(timedelta(days=1))
    make_submission(email=EMAIL)

    assert (erasure.replay(), Lead.objects.count()) == (0, 1)

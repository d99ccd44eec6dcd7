"""Rules that no single module keeps: what must never be anywhere (CON-7, CON-11, CON-20, COO-9, COO-15, EML-3)."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from leads import confirmation, ledger, mails, outbox, records, tokens
from leads.forms import ConsultationForm, ReportCardForm, ReportForm
from leads.models import ConsentEvent, OutgoingMail, Purpose, Submission
from recruitcms.site_content import site_content
from tests.factories import make_site
from tests.lead_factories import make_mail, make_submission, make_wordings, published_report, record, requested

State = ConsentEvent.State


@pytest.fixture
def words(db):
    make_site()
    return make_wordings()


def letter_is_given(submission: Submission) -> bool:
    return ledger.is_given(tokens.subject_ref(submission.lead.email_normal), Purpose.objects.get(key="letter"))


@pytest.mark.parametrize("gate", ["email_only", "subscribe"])
def test_asking_for_the_report_alone_never_makes_a_reader_of_the_letter(client, words, gate):
    """CON-11: no soft opt-in, not even for who took the gift and confirmed the address"""
    published_report(slug="salary-report", gate_mode=gate)
    form = {"name": "Marta", "email": "marta@quillstone.example", "consent_report": words["report"].sha256}

    client.post("/reports/salary-report/", form | {"alone": "1"})
    submission = Submission.objects.get()
    confirmation.confirm(submission)

    assert letter_is_given(submission) is False
    assert not OutgoingMail.objects.filter(purpose__key="letter").exists()


def test_an_enquiry_never_makes_a_reader_of_the_letter(client, words):
    """CON-11, CON-4"""
    form = {"name": "Marta", "email": "marta@quillstone.example", "topic": "one", "message": "A tester."}

    client.post("/consultation/", form | {"consent_consultation": words["consultation"].sha256})

    assert letter_is_given(Submission.objects.get()) is False


@pytest.mark.parametrize("form_class", [ReportForm, ReportCardForm, ConsultationForm])
def test_no_form_asks_for_an_age(words, form_class):
    """CON-20: what is not needed is not asked for"""
    about = {} if form_class is ConsultationForm else {"report": published_report().live_revision}

    names = set(form_class(site_content("en"), **about).fields)

    known = {
        "page",
        "cta",
        "referrer",
        "ticket",
        "work",
        "gate",
        "form",
        "name",
        "email",
        "job",
        "company",
        "phone",
        "topic",
    }
    assert names <= known | {"message", "consent_report", "consent_letter", "consent_consultation"}


@pytest.mark.parametrize("kind", [kind for kind in OutgoingMail.Kind if kind not in OutgoingMail.TO_TEAM])
def test_mails_load_nothing_and_lead_only_to_pages_that_do_something(words, kind):
    """COO-15: no pixel, and no link by way of a counter: each leads straight to what its words say."""
    consultation = kind == "enquiry"
    submission = make_submission("consultation" if consultation else "report", report=published_report())
    purpose = "consultation" if consultation else "letter" if kind == "welcome" else "report"
    if kind == "confirm":
        requested(submission, "report", "letter")
    else:
        record(submission, purpose, State.GIVEN)

    message = mails.compose(make_mail(kind, submission, purpose, due_at=timezone.now()))

    html = message.alternatives[0][0]
    links = re.findall(r'href="(http[^"]+)"', html) + re.findall(r"http\S+", message.body)
    assert not re.search(r"<img|url\(|background=|src=", html)
    assert {urlsplit(link).netloc for link in links} == {"testserver"}
    assert {urlsplit(link).path.split("/")[1] for link in links} <= {"c", "d", "u", "p"}
    assert all(not urlsplit(link).query for link in links)


def test_the_register_names_the_channel_of_each_purpose(words):
    """CON-7: who agreed to e-mail has not agreed to be called."""
    words["consultation"].purpose.channel = "e-mail, phone"
    words["consultation"].purpose.save()

    channels = [dict(facts)["Ways we use"] for _title, facts in records.register("en")]

    assert sorted(channels) == ["e-mail", "e-mail", "e-mail, phone"]


def test_no_script_of_ours_needs_more_than_the_strict_policy():
    """COO-9, SEC-1: nothing is made into code, and nothing into HTML or style, from text"""
    scripts = [settings.BASE_DIR / "static" / "js" / name for name in ("site.js", "consent.js", "work.js", "saved.js")]

    forbidden = re.compile(r"\beval\(|new Function|(inner|outer)HTML\s*=|document\.write|\.style\.|insertAdjacentHTML")
    found = {path.name for path in scripts if forbidden.search(path.read_text())}

    assert found == set()


def test_one_press_in_the_mail_program_stops_what_is_owed_at_once(client, words, mailoutbox):
    """EML-3, CON-22: no 48 hours, no ten days: the next look into the outbox finds nothing to send."""
    submission = make_submission()
    record(submission, "letter", State.GIVEN)
    make_mail("welcome", submission, "letter")

    client.post(f"/u/{tokens.withdraw_token(submission.lead, 'letter')}/", {"List-Unsubscribe": "One-Click"})
    outbox.send_due()

    assert mailoutbox == []
    assert letter_is_given(submission) is False


@pytest.mark.skipif(connection.vendor != "sqlite", reason="these are settings of SQLite")
def test_sqlite_waits_for_the_disk_and_overwrites_what_is_erased(db):
    """REL-1, REL-2, CON-13"""
    with connection.cursor() as cursor:
        found = {}
        for name in ("synchronous", "foreign_keys", "secure_delete"):
            cursor.execute(f"PRAGMA {name}")
            found[name] = cursor.fetchone()[0]

    assert found == {"synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in connection.settings_dict["OPTIONS"]["init_command"]

"""The mails as they arrive: words, links, headers, and what must not be in them."""

import email
import re
from datetime import timedelta
from email.policy import default

import pytest
from django.core import mail as django_mail
from django.utils import timezone

from leads import mail_files, mails, tokens
from leads.models import ConsentEvent, OutgoingMail
from recruitcms.publishing import touch_content
from recruitcms.site_content import site_content
from tests.factories import make_person, make_site
from tests.lead_factories import (
    make_edition,
    make_mail,
    make_report,
    make_submission,
    make_wordings,
    published_report,
    record,
    requested,
)

GIVEN = ConsentEvent.State.GIVEN
KINDS = list(OutgoingMail.Kind)


@pytest.fixture(autouse=True)
def site(db):
    make_wordings()
    make_wordings("pl")
    settings = make_site(address="ul. Przykładowa 1, 00-000 Warsaw")
    settings.legal_name = "Northbeam Talent sp. z o.o."
    settings.save()
    site_content("en")
    return settings


def owed(kind: str, **more) -> OutgoingMail:
    """Return an owed mail of a kind, about a submission in the state that such a mail has."""
    enquiry = kind in {"enquiry", "team"}
    letter = kind == "welcome"
    report = None if enquiry or letter else more.pop("report", None) or published_report()
    submission = make_submission("consultation" if enquiry or letter else "report", report=report, **more)
    purpose = "consultation" if enquiry else "letter" if letter else "report"
    if kind == "confirm":
        requested(submission, "report", "letter")
    else:
        record(submission, purpose, GIVEN)
    return make_mail(kind, submission, purpose)


def parts(owed_mail: OutgoingMail) -> tuple[str, str]:
    """Return the plain text and the HTML of a mail as they are sent."""
    message = mails.compose(owed_mail)
    return message.body, message.alternatives[0][0]


def links(text: str) -> list[str]:
    return re.findall(r"http://testserver(/\S+)", text)


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_says_who_sends_it_and_that_a_program_does(kind):
    """CON-22, EML-12, EML-16"""
    mail = owed(kind)

    message = mails.compose(mail)

    text, page = message.body, message.alternatives[0][0]
    assert message.extra_headers["Message-ID"] == mail.message_id
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert "Northbeam Talent sp. z o.o., ul. Przykładowa 1, 00-000 Warsaw" in text
    assert "Northbeam Talent sp. z o.o., ul. Przykładowa 1, 00-000 Warsaw" in page
    assert len(message.to) == 1
    assert (message.cc, message.bcc) == ([], [])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OutgoingMail.TO_TEAM])
def test_every_mail_to_a_visitor_has_a_way_out(kind):
    """EML-1, CON-6: RFC 8058 headers, and a link of one press in both parts"""
    mail = owed(kind)
    token = tokens.withdraw_token(mail.submission.lead, mail.purpose.key)

    message = mails.compose(mail)

    assert message.extra_headers["List-Unsubscribe"] == f"<http://testserver/u/{token}/>"
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"http://testserver/u/{token}/" in message.body
    assert f'href="http://testserver/u/{token}/"' in message.alternatives[0][0]


def test_the_button_of_mail_programs_leads_to_our_own_https_address(settings):
    """EML-1, RFC 8058: whatever host a request came by."""
    settings.SITE_URL = "https://www.northbeam.example"

    header = mails.compose(owed("welcome")).extra_headers["List-Unsubscribe"]

    assert header.startswith("<https://www.northbeam.example/u/")


@pytest.mark.parametrize("kind", KINDS)
def test_mail_of_the_letter_is_marked_as_a_lists_and_no_other(kind):
    """EML-16"""
    headers = mails.compose(owed(kind)).extra_headers

    marks = (headers.get("List-Id"), headers.get("Precedence"))
    assert marks == (("<letter.testserver>", "list") if kind == "welcome" else (None, None))


@pytest.mark.parametrize("kind", KINDS)
def test_the_button_is_inlined_and_its_address_stands_below(kind):
    mail = owed(kind)
    page = parts(mail)[1]

    assert "<style>" in page
    assert "prefers-color-scheme:dark" in page.replace(" ", "")
    if kind in {"confirm", "report", "team"}:
        button = re.search(r'<a [^>]*class="b"[^>]*>', page).group()
        url = re.search(r'href="([^"]+)"', button).group(1)
        assert re.search(r"background: ?#14262b", button)
        assert page.count(url) == 3
    assert not re.search(r"<(?:script|img|link)\b", page)


def test_the_confirm_mail_holds_one_link_to_confirm_and_none_of_the_visitors_words():
    """CON-8, EML-9"""
    mail = owed("confirm", name="Buywatches", company="Acme")

    text, page = parts(mail)

    path = f"/c/{tokens.confirm_token(mail.submission)}/"
    assert links(text)[0] == path
    assert (text.count(path), page.count(path)) == (1, 3)
    assert "Buywatches" not in text + page
    assert "IT Salary Report 2026" in text
    assert "7 days" in text
    assert mails.compose(mail).subject == "Confirm your e-mail to get the report"


def test_the_confirm_mail_of_the_letter_alone_says_so():
    submission = requested(make_submission("consultation"), "letter")

    message = mails.compose(make_mail("confirm", submission, "letter"))

    assert message.subject == "Confirm your e-mail for the hiring letter"
    assert "report" not in message.body


def test_the_report_mail_brings_a_link_that_lasts_a_week(clock):
    clock.move_to("2026-11-23T10:00:00+01:00")
    sender = make_person(name="Orla Tindvik", job_title="Client partner")
    mail = owed("report", name="Marta", report=published_report(sender=sender))
    record(mail.submission, "letter", GIVEN)

    text, page = parts(mail)

    [path] = [path for path in links(text) if path.startswith("/d/")]
    assert tokens.read_download_token(path.split("/")[2]) == mail.submission.report.current_edition.pk
    assert "until 30 November 2026" in text
    assert "Hello Marta," in text
    assert "“IT Salary Report 2026”, 12 pages" in text
    assert "Start with page 9." in text
    assert "Orla Tindvik\nClient partner, Northbeam" in text
    assert "on 23 November 2026 and agreed to our hiring letter" in page
    assert f"/u/{tokens.withdraw_token(mail.submission.lead, 'letter')}/" in text


def test_the_report_mail_does_not_speak_of_a_letter_that_was_not_asked_for():
    text, _page = parts(owed("report"))

    assert "letter" not in text


def test_the_report_mail_brings_the_edition_whose_day_has_come():
    report = published_report()
    current = make_edition(report, date=timezone.localdate(), pages=40)
    make_edition(report, date=timezone.localdate() + timedelta(days=30), pages=50)

    text, _page = parts(owed("report", report=report))

    assert "40 pages" in text
    assert report.current_edition == current


def test_a_report_without_an_edition_cannot_be_mailed():
    report = make_report()
    report.editions.all().delete()

    with pytest.raises(LookupError):
        mails.compose(owed("report", report=report))


def test_a_report_that_is_not_live_any_more_is_named_by_its_title():
    report = make_report(title="Last year’s report")

    assert "Last year’s report" in parts(owed("report", report=report))[0]


def test_the_mail_about_an_enquiry_says_who_answers_by_when_and_repeats_nothing(site):
    make_person(name="Orla Tindvik", email="orla@northbeam.example", answers_enquiries=True)
    site.answers_within_days = 2
    site.save()
    touch_content()
    mail = owed("enquiry", name="Marta Zielik", message="Secret plans", company="Quillstone")

    message = mails.compose(mail)

    assert message.subject == f"We have your message ({mail.submission.reference})"
    assert "Orla Tindvik (Recruiter) has your message and gets back to you within 2 business days" in message.body
    assert "Hello Marta," in message.body
    assert message.reply_to == ["orla@northbeam.example"]
    assert "Secret plans" not in message.body + message.alternatives[0][0]


def test_without_anybody_who_answers_the_promise_holds():
    message = mails.compose(owed("enquiry"))

    assert "We get back to you within 1 business day" in message.body
    assert message.reply_to == ["hello@northbeam.example"]


def test_the_team_mail_says_nothing_about_the_person(settings):
    """EML-16"""
    settings.TEAM_MAIL = "desk@northbeam.example"
    mail = owed("team", name="Marta Zielik", company="Acme", message="Secret plans", phone="12345", language="pl")

    message = mails.compose(mail)

    whole = message.subject + message.body + message.alternatives[0][0]
    assert message.to == ["desk@northbeam.example"]
    assert message.subject == f"New enquiry {mail.submission.reference}"
    assert links(message.body) == [f"/admin/leads/submission/{mail.submission.pk}/change/"]
    assert not any(word in whole for word in ("Marta", "Zielik", "Acme", "quillstone", "Secret", "12345"))


def test_mails_link_into_the_language_of_the_form():
    mail = owed("confirm", language="pl", report=published_report(language="pl"))

    text, page = parts(mail)

    assert {path.split("/")[1] for path in links(text)} == {"pl"}
    assert '<html lang="pl"' in page


def test_german_mails_go_on_in_lower_case_after_the_greeting():
    """And a program that shows them hears German: <html lang>."""
    make_wordings("de")
    report = published_report(language="de", slug="gehalt", title="Gehaltsreport", mail_tip="Seite 3.")
    mails_sent = [owed("report", language="de", name="Marta", report=report), owed("enquiry", language="de", name="")]

    (report_text, report_page), (enquiry_text, _page) = map(parts, mails_sent)

    assert "Guten Tag Marta,\n\nhier ist „Gehaltsreport“, 12\u00a0Seiten:" in report_text
    assert "Guten Tag,\n\nvielen Dank. " in enquiry_text
    assert {path.split("/")[1] for path in links(report_text + enquiry_text)} == {"de"}
    assert '<html lang="de"' in report_page


def test_links_start_with_the_configured_address_never_with_the_requests(settings):
    """EML-17"""
    settings.SITE_URL = "https://www.northbeam.example"

    text, page = parts(owed("confirm"))

    addresses = set(re.findall(r"https?://[^/\s\"<]+", text + page))
    assert addresses == {"https://www.northbeam.example"}


@pytest.mark.parametrize(
    ("typed", "greeted"),
    [
        ("Marta Zielik", "Marta"),
        ("Anne-Marie", "Anne-Marie"),
        ("D’Arcy", "D’Arcy"),
        ("Łucja", "Łucja"),
        ("", ""),
        ("W1N now", ""),
        ("shop.example", ""),
        ("<b>Marta</b>", ""),
        ("M" * 31, ""),
    ],
)
def test_people_are_greeted_by_what_is_plainly_a_name(typed, greeted):
    """EML-9"""
    assert mails.first_name(make_submission(name=typed)) == greeted


def test_markup_in_our_own_words_is_escaped_in_the_html_and_plain_in_the_text():
    report = published_report(title="Pay & <b>benefits</b>")

    text, page = parts(owed("confirm", report=report))

    assert "“Pay & <b>benefits</b>”" in text
    assert "“Pay &amp; &lt;b&gt;benefits&lt;/b&gt;”" in page


def test_a_purpose_of_the_sites_own_has_a_way_out_too():
    from tests.lead_factories import make_purpose

    submission = make_submission()
    mail = OutgoingMail.objects.create(
        kind="welcome", submission=submission, purpose=make_purpose("webinar"), message_id="<w@testserver>"
    )

    assert "Withdraw my consent:" in parts(mail)[0]


# --- mails as files ---


@pytest.fixture
def folder(settings, tmp_path):
    settings.EMAIL_BACKEND = "leads.mail_files.MailFilesBackend"
    settings.MAIL_DIR = tmp_path / "mail"
    return settings.MAIL_DIR


def test_a_mail_becomes_a_file_that_reads_as_it_was_written(folder):
    mails.compose(owed("confirm")).send()

    [path] = folder.iterdir()
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert path.suffix == ".eml"
    assert message["Subject"] == "Confirm your e-mail to get the report"
    assert message["To"] == "marta@quillstone.example"
    assert message.get_body(("plain",)).get_content().startswith("Hello,")
    assert message.get_body(("html",)).get_content().startswith("<!DOCTYPE html>")


def test_names_sort_by_time_and_only_whole_mails_are_listed(folder):
    for number in range(3):
        django_mail.send_mail(f"Mail {number}", "Text", None, ["a@x.example"])
    (folder / ".half.tmp").write_text("half")

    subjects = [mail_files.read(name)["Subject"] for name in mail_files.names()]

    assert subjects == ["Mail 2", "Mail 1", "Mail 0"]


@pytest.mark.parametrize("name", ["missing.eml", "../secret.eml", "..%2Fsecret.eml", "secret.txt", ".eml/../x.eml"])
def test_nothing_but_the_mails_of_the_folder_is_read(folder, name):
    folder.mkdir()
    (folder.parent / "secret.eml").write_text("Subject: secret")
    (folder / "secret.txt").write_text("Subject: secret")

    assert mail_files.read(name) is None

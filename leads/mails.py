"""The mails, one function for each. The words are in templates/leads/mails: `.txt` (subject on line 1) and `.html`.

A mail is written when it is sent, in the language of the form, and every link in it starts with SITE_URL (EML-17).
"""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads import ledger, tokens
from leads.models import OutgoingMail, Purpose, Report, Submission
from recruitcms.mailing import written
from recruitcms.site_content import site_content
from recruitcms.translated import localized_url

# A first word that is plainly a name. Others are not greeted by name: anybody can type anything into a form (EML-9).
NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
WAYS_OUT = {
    "report": gettext_lazy("No more mail about the report"),
    "letter": gettext_lazy("Unsubscribe from the hiring letter"),
    "consultation": gettext_lazy("Withdraw, and have my enquiry deleted"),
}


def compose(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Return an owed mail ready to send, in the visitor's language (to the team: in the site's own)."""
    write = {
        OutgoingMail.Kind.CONFIRM: confirm,
        OutgoingMail.Kind.REPORT: report,
        OutgoingMail.Kind.WELCOME: welcome,
        OutgoingMail.Kind.ENQUIRY: enquiry,
        OutgoingMail.Kind.TEAM: team,
        OutgoingMail.Kind.HELD: held,
    }[OutgoingMail.Kind(mail.kind)]
    language = settings.LANGUAGE_CODE if mail.kind in OutgoingMail.TO_TEAM else mail.submission.language
    with translation.override(language):
        return write(mail)


def confirm(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Ask to confirm the address: no promotion and none of the visitor's own words, not even the name (CON-8)."""
    submission = mail.submission
    return _to_visitor(
        mail,
        "confirm",
        [mail.purpose],  # one way out is enough as long as nothing has begun
        report=report_title(submission.report),
        url=_absolute(localized_url(submission.language, "confirm", tokens.confirm_token(submission))),
        days=tokens.CONFIRM_DAYS,
    )


def report(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Bring the report: a link that works for a week, more than once. Raises LookupError where there is no edition."""
    submission = mail.submission
    wanted = submission.report
    edition = wanted.current_edition if wanted else None
    if wanted is None or edition is None:
        raise LookupError("The report has no edition to send.")
    ref = tokens.subject_ref(submission.lead.email_normal)
    given = [
        purpose for purpose in Purpose.objects.filter(key__in=["report", "letter"]) if ledger.is_given(ref, purpose)
    ]
    return _to_visitor(
        mail,
        "report",
        given,
        name=first_name(submission),
        report=report_title(wanted),
        edition=edition,
        tip=wanted.mail_tip,
        sender=wanted.sender,
        url=_absolute(localized_url(submission.language, "download", tokens.download_token(edition))),
        until=timezone.localdate() + timedelta(days=tokens.DOWNLOAD_DAYS),
        asked_on=timezone.localdate(submission.created_at),
        with_letter=any(purpose.key == "letter" for purpose in given),
    )


def welcome(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Say that the letter will come, to somebody who asked for that alone."""
    return _to_visitor(mail, "welcome", [mail.purpose], name=first_name(mail.submission))


def enquiry(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Say who answers an enquiry, and by when. The message is not repeated: the address is not confirmed (EML-9)."""
    submission = mail.submission
    answering = site_content(submission.language).answering
    person = answering[0] if answering else None
    message = _to_visitor(mail, "enquiry", [mail.purpose], name=first_name(submission), person=person)
    if person and person.email:
        message.reply_to = [person.email]
    return message


def team(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Tell the team of a new enquiry: a link to it, and nothing about the person (EML-16)."""
    url = _absolute(reverse("admin:leads_submission_change", args=[mail.submission.pk]))
    return _message(mail, "team", settings.TEAM_MAIL, {}, url=url)


def held(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Tell the team that forms wait for somebody to look at them: a link to the list, and nothing about anybody."""
    url = _absolute(reverse("admin:leads_submission_changelist") + "?state__exact=held")
    return _message(mail, "held", settings.TEAM_MAIL, {}, url=url)


def report_title(asked_for: Report | None) -> str:
    """Return the title under which visitors know a report; "" for none."""
    live = asked_for.live_revision if asked_for else None
    return live.title if live else str(asked_for or "")


def first_name(submission: Submission) -> str:
    """Return the name to greet somebody by, or "" where what was typed may be no name."""
    words = (submission.name or submission.lead.name).split()
    return words[0] if words and len(words[0]) <= 30 and NAME.fullmatch(words[0]) else ""


def withdraw_url(submission: Submission, purpose_key: str) -> str:
    """Return the full address of the page on which a person withdraws from a purpose."""
    token = tokens.withdraw_token(submission.lead, purpose_key)
    return _absolute(localized_url(submission.language, "withdraw", token))


def privacy_url(submission: Submission) -> str:
    """Return the full address of a person's own page, which every mail has."""
    return _absolute(localized_url(submission.language, "privacy", tokens.privacy_token(submission.lead)))


def _to_visitor(mail: OutgoingMail, template: str, purposes: list[Any], **context: Any) -> EmailMultiAlternatives:
    """Return a mail with a way out for each purpose, in words and for the mail program's own button (EML-1)."""
    submission = mail.submission
    ways_out = [(WAYS_OUT.get(p.key) or _("Withdraw my consent"), withdraw_url(submission, p.key)) for p in purposes]
    headers = {
        "List-Unsubscribe": f"<{withdraw_url(submission, (mail.purpose or purposes[0]).key)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    } | _list_headers(mail)
    message = _message(
        mail,
        template,
        submission.lead.email,
        headers,
        ways_out=ways_out,
        privacy_url=privacy_url(submission),
        **context,
    )
    message.reply_to = [site_content(submission.language).settings.email]
    return message


def _list_headers(mail: OutgoingMail) -> dict[str, str]:
    """Return what marks mail of the letter as a list's, so that no absence note answers it (EML-16, RFC 2919).

    The mail that asks to confirm is not: nobody is on the list yet.
    """
    if mail.kind == OutgoingMail.Kind.CONFIRM or not mail.purpose or mail.purpose.key != "letter":
        return {}
    return {"List-Id": f"<letter.{urlsplit(settings.SITE_URL).hostname}>", "Precedence": "list"}


def _message(
    mail: OutgoingMail, template: str, to: str, headers: dict[str, str], **context: Any
) -> EmailMultiAlternatives:
    context["submission"] = mail.submission
    return written(f"leads/mails/{template}", to, mail.message_id, headers, context)


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"

"""Submissions as a file for a spreadsheet, safe to open in one (SEC-15)."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from leads.models import Submission
from recruitcms.sheets import neutral

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def submissions_csv(submissions: Iterable[Submission]) -> str:
    """Return RFC 4180 text with a heading row. Excel needs the byte-order mark to know UTF-8."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_("reference"), _("received"), _("wants"), _("topic"), _("name"), _("e-mail"), _("company"),
                     _("phone"), _("their role"), _("message"), _("page"), _("call to action"), _("came to us from"),
                     *UTM, _("language"), _("state"), _("owner"), _("confirmed"), _("notes")])  # fmt: skip
    for submission in submissions:
        writer.writerow([neutral(value) for value in _row(submission)])
    return out.getvalue()


def _row(submission: Submission) -> list[str]:
    return [
        submission.reference,
        _moment(submission.created_at),
        submission.get_kind_display(),
        submission.get_topic_display(),
        submission.name,
        submission.lead.email,
        submission.company,
        submission.phone,
        submission.get_job_display(),
        submission.message,
        submission.page,
        submission.cta.name if submission.cta else "",
        submission.referrer_host,
        *(submission.utm.get(name, "") for name in UTM),
        submission.language,
        submission.get_state_display(),
        submission.owner.get_username() if submission.owner else "",
        _moment(submission.confirmed_at),
        submission.notes,
    ]


def _moment(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""

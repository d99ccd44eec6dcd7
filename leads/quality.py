"""What the checklist reads of a report."""

from leads.models import Report
from recruitcms.quality import Subject, subject_of

SEARCH = ("search_title", "search_description")


class ReportSubject(Subject):
    fields = ("title", "summary", "points", "form_note", "inside", "chart_title", "chart_note", "mail_tip", *SEARCH)
    markdown_fields = ("method",)
    anchors = frozenset({"main", "get", "method"})


@subject_of.register
def _of_report(report: Report) -> Subject:
    return ReportSubject(report)

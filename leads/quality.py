"""What the checklist reads of a report."""

from leads.models import Report
from recruitcms.quality import Subject, subject_of


class ReportSubject(Subject):
    unread = frozenset({"chart", "chart_source"})  # figures, and the name of a survey
    anchors = frozenset({"main", "get", "method"})


@subject_of.register
def _of_report(report: Report) -> Subject:
    return ReportSubject(report)

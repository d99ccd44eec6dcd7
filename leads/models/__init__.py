"""The tables of leads, by what they are about. Import them from here."""

from leads.models.consents import (
    ConsentEvent,
    ConsentEventQuerySet,
    ConsentPayload,
    RetentionRun,
    Suppression,
    random_id,
)
from leads.models.mail import (
    OutboxState,
    OutgoingMail,
    OwedEvent,
    SoftBounces,
    TakenFeedback,
)
from leads.models.people import (
    Lead,
    Submission,
    SubmissionQuerySet,
)
from leads.models.purposes import (
    ConsentText,
    Purpose,
    PurposeQuerySet,
    PurposeText,
    PurposeWords,
    live_policy,
    policy_version,
)
from leads.models.reports import (
    Edition,
    Report,
    ReportRevision,
    private_storage,
)
from leads.models.visits import (
    CookieChoice,
    CookieWording,
    PageCount,
)

__all__ = [
    "ConsentEvent",
    "ConsentEventQuerySet",
    "ConsentPayload",
    "ConsentText",
    "CookieChoice",
    "CookieWording",
    "Edition",
    "Lead",
    "OutboxState",
    "OutgoingMail",
    "OwedEvent",
    "PageCount",
    "Purpose",
    "PurposeQuerySet",
    "PurposeText",
    "PurposeWords",
    "Report",
    "ReportRevision",
    "RetentionRun",
    "SoftBounces",
    "Submission",
    "SubmissionQuerySet",
    "Suppression",
    "TakenFeedback",
    "live_policy",
    "policy_version",
    "private_storage",
    "random_id",
]

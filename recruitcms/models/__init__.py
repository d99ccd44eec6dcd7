"""What the whole site shares. Other apps import from here."""

from recruitcms.models.addresses import MissingAddress, Redirect
from recruitcms.models.bulk import BulkChange
from recruitcms.models.content import (
    CallToAction,
    ClientLogo,
    Page,
    PageRevision,
    Person,
    Picture,
    Testimonial,
)
from recruitcms.models.editing import OpenForm
from recruitcms.models.feeds import CalendarFeed
from recruitcms.models.fill_ins import FillInWord
from recruitcms.models.mail import OwedMail
from recruitcms.models.quality import WavedThrough, WordingException
from recruitcms.models.review import Review, ReviewEntry, ReviewLink, StaffMail
from recruitcms.models.sessions import StaffSession
from recruitcms.models.site import SiteSettings, SiteText

__all__ = [
    "BulkChange",
    "CalendarFeed",
    "CallToAction",
    "ClientLogo",
    "FillInWord",
    "MissingAddress",
    "OpenForm",
    "OwedMail",
    "Page",
    "PageRevision",
    "Person",
    "Picture",
    "Redirect",
    "Review",
    "ReviewEntry",
    "ReviewLink",
    "SiteSettings",
    "SiteText",
    "StaffMail",
    "StaffSession",
    "Testimonial",
    "WavedThrough",
    "WordingException",
]

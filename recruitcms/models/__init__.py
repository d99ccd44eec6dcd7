"""What the whole site shares. Other apps import from here."""

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
from recruitcms.models.site import SiteSettings, SiteText

__all__ = [
    "BulkChange",
    "CallToAction",
    "ClientLogo",
    "Page",
    "PageRevision",
    "Person",
    "Picture",
    "SiteSettings",
    "SiteText",
    "Testimonial",
]

"""What the whole site shares. Other apps import from here."""

from recruitcms.models.addresses import MissingAddress, Redirect
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
    "CallToAction",
    "ClientLogo",
    "MissingAddress",
    "Page",
    "PageRevision",
    "Person",
    "Picture",
    "Redirect",
    "SiteSettings",
    "SiteText",
    "Testimonial",
]

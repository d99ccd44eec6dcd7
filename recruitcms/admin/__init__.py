"""The editor's desk. Importing it registers the site's own content; roles and leads register theirs."""

from recruitcms.admin.addresses import MissingAddressAdmin, RedirectAdmin
from recruitcms.admin.content import PageAdmin
from recruitcms.admin.publishable import PublishableAdmin
from recruitcms.admin.shared import FORM_FIELDS, SharedContentAdmin, TranslatedAdmin
from recruitcms.admin.staff import StaffAdmin
from recruitcms.admin.staff_mail import StaffMailAdmin

__all__ = [
    "FORM_FIELDS",
    "MissingAddressAdmin",
    "PageAdmin",
    "PublishableAdmin",
    "RedirectAdmin",
    "SharedContentAdmin",
    "StaffAdmin",
    "StaffMailAdmin",
    "TranslatedAdmin",
]

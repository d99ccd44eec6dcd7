"""The admin of leads, by the work that is done there. Each module registers its pages."""

from leads.admin import inbox, mail, privacy, reports

__all__ = ["inbox", "mail", "privacy", "reports"]

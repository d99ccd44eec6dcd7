"""The levels that a role is hired at: of its variants, and of the rows of the salary table."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    """By seniority; of those who lead, also by how much. The value stands in addresses and files, so it stays."""

    JUNIOR = "junior", _("Junior")
    MID = "mid", _("Mid-level")
    SENIOR = "senior", _("Senior")
    LEAD = "lead", _("Lead")
    PRINCIPAL = "principal", _("Principal")
    ONE_TEAM = "one-team", _("One team")
    SEVERAL_TEAMS = "several-teams", _("Several teams")
    SMALL_COMPANY = "small-company", _("Company of up to 100 people")
    LARGE_COMPANY = "large-company", _("Company of over 100 people")


class LevelConverter:
    """A level in an address; another word there is no address of the site, so that old ones may forward."""

    regex = "|".join(Level.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value

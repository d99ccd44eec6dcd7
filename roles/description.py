"""The finished description: what a visitor takes away of a template, in whichever form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from recruitcms import markup
from roles import kit
from roles.fill_in import Values, fill_html, fill_markdown
from roles.models import RoleRevision


@dataclass(frozen=True)
class Part:
    """One section to take away: `html` is a fragment with headings from the third level on."""

    id: str
    heading: str
    html: str
    markdown: str


@dataclass(frozen=True)
class Description:
    """A template ready to be written to a file: its title, language, parts and where it came from."""

    title: str
    language: str
    source: str
    parts: list[Part] = field(default_factory=list)


class Extent(StrEnum):
    """How much of a template is taken away: the sections “in copy”, the hiring kit too, or all sections."""

    DESCRIPTION = ""
    KIT = "kit"
    ALL = "all"

    @classmethod
    def named(cls, name: str) -> "Extent":
        """Return the extent of a name; the description for one that is unknown."""
        return cls(name) if name in list(cls) else cls.DESCRIPTION

    def takes(self, section: Mapping[str, Any]) -> bool:
        """Tell whether a frozen section goes along."""
        return section["in_copy"] or self == Extent.ALL or (self == Extent.KIT and section["kind"] in kit.KINDS)


def extents(sections: Iterable[Mapping[str, Any]]) -> dict[Extent, str]:
    """Return the names of the extents that a template offers."""
    names = {
        Extent.DESCRIPTION: _("The description"),
        Extent.KIT: _("With the hiring kit"),
        Extent.ALL: _("All sections"),
    }
    if not any(section["kind"] in kit.KINDS for section in sections):
        del names[Extent.KIT]
    return names


def describe(revision: RoleRevision, values: Values, extent: Extent = Extent.DESCRIPTION) -> Description:
    """Return what a revision gives to take away, filled in."""
    wanted = [section for section in revision.content["sections"] if extent.takes(section) and section["body"].strip()]
    with override(revision.language):
        address = settings.SITE_URL + revision.get_absolute_url()
        source = _("Template: %(address)s") % {"address": address}
        parts = [_part(section, values, address) for section in wanted]
    return Description(revision.title, revision.language, source, parts)


def _part(section: Mapping[str, Any], values: Values, address: str) -> Part:
    # Challenges and questions are frozen as cards; a document has them under headings of their own.
    html = section["html"] or markup.render_markdown(section["body"])
    markdown = markup.with_whole_addresses(kit.markdown_body(section["kind"], section["body"]), html, address)
    return Part(section["id"], section["heading"], fill_html(html, values), fill_markdown(markdown, values))

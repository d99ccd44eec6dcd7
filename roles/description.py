"""The finished description: what a visitor takes away of a template, in whichever form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from recruitcms import markup
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


def describe(revision: RoleRevision, values: Values, everything: bool = False) -> Description:
    """Return what a revision gives to take away, filled in: the sections “in copy”, or all of them."""
    sections = revision.content["sections"]
    wanted = [section for section in sections if (everything or section["in_copy"]) and section["body"].strip()]
    with override(revision.language):
        source = _("Template: %(address)s") % {"address": settings.SITE_URL + revision.get_absolute_url()}
    return Description(revision.title, revision.language, source, [_part(section, values) for section in wanted])


def _part(section: Mapping[str, Any], values: Values) -> Part:
    # Challenges are frozen as cards; a document has them under headings of their own.
    html = section["html"] or markup.render_markdown(section["body"])
    return Part(section["id"], section["heading"], fill_html(html, values), fill_markdown(section["body"], values))

"""The standard headings of a role's sections, derived from its title, in the active language."""

import re

from django.utils.translation import gettext as _

# Letters whose spoken names begin with a vowel: "an SRE", "an ML engineer", but "a QA engineer".
VOWEL_NAMED = "AEFHILMNORSX"


def with_article(title: str) -> str:
    """Return an English title with its indefinite article: "an Engineering Manager", "a UX Researcher"."""
    word = title.split()[0] if title.split() else ""
    if re.fullmatch(r"[A-Z]{2,}", word):
        vowel = word[0] in VOWEL_NAMED
    else:
        vowel = bool(re.match(r"(?!uni|use|eu|one\b)[aeiou]", word, re.IGNORECASE))
    return f"{'an' if vowel else 'a'} {title}"


def heading_for(kind: str, title: str, plural: str = "") -> str:
    """Return the standard heading of a kind of section for a role's title; "" for a section of the editor's own."""
    headings = {
        "introduction": _("Introduction"),
        # xgettext:no-python-format
        "what": _("What does %(a_role)s do?"),
        "duties": _("Typical duties and responsibilities"),
        "required": _("Required skills and experience"),
        "nice": _("Nice to have, not required"),
        "challenges": _("Common challenges for %(roles)s") if plural else _("Common challenges in this role"),
        # xgettext:no-python-format
        "where": _("Where does %(a_role)s work?"),
        "good": _("How can I be a good %(role)s?"),
        "mistakes": _("Mistakes to avoid"),
        "pay": _("Pay"),
        "offer": _("What we offer"),
        "about": _("About us"),
        "resumes": _("Explore sample résumés"),
        "contact": _("Contact us"),
        "questions": _("Interview questions, and what good answers show"),
        "scorecard": _("Scorecard for the interviews"),
    }
    words = {"role": title, "roles": plural, "a_role": with_article(title)}
    return headings.get(kind, "") % words

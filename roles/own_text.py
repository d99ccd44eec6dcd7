"""A visitor's own job description under the editors' checks. Nothing of it is kept: no cache, log or row holds it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recruitcms.quality import Finding, Grade
from recruitcms.quality.checks import (
    ENOUGH_WORDS,
    LONG_SENTENCE,
    SHOWN,
    level_in_words,
    long_sentences,
    reading_ease,
    reading_level,
    wording,
    yielded,
)
from recruitcms.quality.reading import Readability, readability
from recruitcms.quality.wording import lowered
from roles.kit import count_requirements
from roles.models import WORDS_A_MINUTE, Role, Section
from roles.moving import matching
from roles.moving.outline import outline
from roles.moving.reading import pasted_markdown
from roles.moving.rich_text import words_alone
from roles.quality import RoleSubject, WordTarget, pay, requirements

MOST_CHARACTERS = 50_000
MOST_TAGS = 5_000  # of pasted HTML: with more of them it is no advert, and only its words are read

# Why, and what instead, where the editors' checks leave it unsaid: they speak to people who know.
ADVICE = {
    "requirements-many": (
        gettext_lazy(
            "Many people apply only where they meet every point, and the first to give up are not the weakest."
        ),
        gettext_lazy("Keep what the work cannot begin without. Move the rest under “Nice to have”."),
    ),
    "requirements-unseen": (
        gettext_lazy("Readers look for the list of what is needed, and skip what they cannot find."),
        gettext_lazy("A heading such as “Requirements”, and a list below it."),
    ),
    "pay-missing": ("", gettext_lazy("A line with a range: 18,000 to 24,000 PLN gross a month.")),
    "words": (
        gettext_lazy("A short advert leaves questions open, and few people finish a long one."),
        gettext_lazy("Say what the job is, what it needs and what it gives, each once."),
    ),
    "reading-level": (
        gettext_lazy("Hard texts are left unread, most of all on a phone and in a second language."),
        gettext_lazy("One thought in a sentence, and the shorter word where there is one."),
    ),
    "sentence-long": (gettext_lazy("Whoever reads it has lost its beginning at its end."), ""),
}

OF_THE_WHOLE = {"pay-missing"}  # its place is where an editor would write it


@dataclass(frozen=True)
class AdvertLength(WordTarget):
    """How long an advert is to be: shorter than our pages, which also explain the role."""

    def in_words(self, count: int) -> str:
        return ngettext(
            "%(count)d word; adverts that are read to the end have %(least)d to %(most)d.",
            "%(count)d words; adverts that are read to the end have %(least)d to %(most)d.",
            count,
        )


LENGTH = AdvertLength(250, 900)


class OwnText(RoleSubject):
    """A pasted text, plain, Markdown or HTML; its headings say which section is which, as they do in imports."""

    def __init__(self, text: str, language: str) -> None:
        found = outline(words_alone(text) if text.count("<") > MOST_TAGS else pasted_markdown(text))
        super().__init__(Role(language=language, title=found.title))
        self.found = found.sections

    @cached_property
    def rows(self) -> dict[str, list[Any]]:
        return {"sections": [Section(in_copy=True, **section) for section in self.found], "levels": [], "resumes": []}

    @property
    def requirements(self) -> int:
        """How many hard requirements are listed."""
        required = [section for section in self.sections if section.kind == Section.Kind.REQUIRED]
        return sum(count_requirements(section.body) for section in required)

    @cached_property
    def reading(self) -> Readability:
        return readability(block for text, found in self.prose if text.place.rows == "sections" for block in found)

    @property
    def checks(self) -> tuple[Any, ...]:  # type: ignore[override]
        return (wording, pay, requirements, requirements_unseen, LENGTH, reading_ease, long_sentences)


def requirements_unseen(subject: OwnText) -> Iterator[Finding]:
    """Say where no list of requirements was recognised: none were counted then."""
    if not subject.requirements:
        yield Finding(
            "requirements-unseen", Grade.INFORMS, _("No list of requirements was found, so none are counted.")
        )


@dataclass
class Report:
    """What is said about a text: what to change, what to consider, what is fine; and its measures by name."""

    change: list[Finding] = field(default_factory=list)
    consider: list[Finding] = field(default_factory=list)
    fine: list[str] = field(default_factory=list)
    measures: list[tuple[str, str]] = field(default_factory=list)
    has_more: bool = False

    @property
    def in_words(self) -> str:
        """Sum it up: “3 things to change, 2 to consider, 4 fine”."""
        change = ngettext("%(count)d thing to change", "%(count)d things to change", len(self.change))
        consider = ngettext("%(count)d to consider", "%(count)d to consider", len(self.consider))
        fine = ngettext("%(count)d fine", "%(count)d fine", len(self.fine))
        parts = ((change, self.change), (consider, self.consider), (fine, self.fine))
        said = [words % {"count": len(found)} for words, found in parts if found]
        return ", ".join(said if self.change else [_("Nothing to change"), *said])


def report_on(text: str, language: str) -> Report:
    """Check a text in a language, in the words of the active one."""
    try:
        subject = OwnText(text, language)
        report = Report(measures=_measures(subject))
        found = [_advised(finding, subject) for check in subject.checks for finding in yielded(check, subject)]
        for finding in found:
            if finding.grade == Grade.WARNS:
                report.change.append(finding)
            elif finding.key != "reading-level":  # no fault, and among the measures
                report.consider.append(finding)
        report.fine = _fine(subject, {finding.key for finding in report.change + report.consider})
        report.has_more = sum(finding.key.startswith("wording") for finding in found) >= SHOWN
        return report
    finally:
        matching.forget()


def _advised(finding: Finding, subject: OwnText) -> Finding:
    """Return a finding with what to do about it; its name is the author's own heading above the place, or empty."""
    row = finding.place.row if finding.place else None
    heading = "" if row is None or finding.key in OF_THE_WHOLE else subject.sections[row].heading
    reason, alternative = ADVICE.get(finding.key, ("", ""))
    return replace(
        finding,
        name=heading,
        reason=finding.reason or str(reason),
        alternative=str(alternative or finding.alternative),
    )


def _fine(subject: OwnText, keys: set[str]) -> list[str]:
    """Return a sentence for each check that found nothing."""
    count, reading = subject.requirements, subject.reading
    few = ngettext("%(count)d hard requirement: few enough.", "%(count)d hard requirements: few enough.", count)
    length = ngettext("%(count)d word: a good length.", "%(count)d words: a good length.", reading.words)
    limit = LONG_SENTENCE.get(subject.language, LONG_SENTENCE["en"])
    sentences = {
        "wording": _("No words on our list that shut people out."),
        "pay-missing": _("The pay is named."),
        "requirements-": few % {"count": count},
        "words": length % {"count": reading.words},
        "reading-": _("Easy enough to read."),
        "sentence-long": _("No sentence has more than %(count)d words.") % {"count": limit},
    }
    if reading.words < ENOUGH_WORDS:
        del sentences["reading-"]
    return [sentence for key, sentence in sentences.items() if not any(found.startswith(key) for found in keys)]


def _measures(subject: OwnText) -> list[tuple[str, str]]:
    reading = subject.reading
    level = f"{level_in_words(reading_level(reading.lix, subject.language))}, {round(reading.lix)}"
    minutes = max(1, round(reading.words / WORDS_A_MINUTE))
    return [
        (_("Word count"), str(reading.words)),
        (_("Reading time"), _("%(minutes)d min") % {"minutes": minutes}),
        (_("Words in a sentence"), str(round(reading.words / (reading.sentences or 1)))),
        (_("Reading level (LIX)"), level if reading.words >= ENOUGH_WORDS else "–"),
        (_("Hard requirements"), str(subject.requirements or "–")),
    ]


def highlighted(finding: Finding) -> SafeString:
    """Return a finding's sentence with the words that it is about marked."""
    start = lowered(finding.quote).find(lowered(finding.words)) if finding.words else -1
    if start < 0:
        return escape(finding.quote)
    end = start + len(finding.words)
    return format_html("{}<mark>{}</mark>{}", finding.quote[:start], finding.quote[start:end], finding.quote[end:])

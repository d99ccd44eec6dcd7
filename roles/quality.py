"""What the checklist asks of a role beside what it asks of every document."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from recruitcms.models import CallToAction
from recruitcms.quality import Finding, Grade, Place, Subject, subject_of
from recruitcms.quality.checks import is_file_name, long_title
from recruitcms.quality.reading import count_words
from recruitcms.translating import Passage
from roles.at_level import Standing, sections_at
from roles.headings import heading_for
from roles.kit import MANY_REQUIREMENTS, TOO_MANY_REQUIREMENTS, count_requirements
from roles.models import Role, RoleLevel, Section

# What is paid is named by a fill-in word for it, by a range of money, or by an amount on a line that speaks of pay.
PAY_WORDS = (
    r"pay|salary|salaries|wages?|compensation|remuneration|gross|net|hourly|monthly|wynagrodz\w{0,12}|stawk\w{0,6}"
    r"|płac\w{0,6}|pensj\w{0,6}|widełk\w{0,6}|zarob\w{0,8}|zarabia\w{0,6}|earn\w{0,4}|brutto|netto|miesięcznie"
    r"|\w{0,14}gehalt\w{0,8}|vergütung\w{0,8}|\w{0,12}lohn|verdien\w{0,6}|bezahlung|wir (?:be)?zahlen"
    r"|(?:be)?zahlen wir|monatlich"
)
CURRENCY = r"(?:[€£$]|(?:PLN|zł|złotych|EUR|euro|euros|GBP|USD|CHF|CZK)(?![^\W\d_]))"
THOUSANDS = r"(?:\]?\s?(?:k|tys\.?|tsd\.?))?"
NUMBER = rf"\d[\d .,\u00a0]{{0,12}}{THOUSANDS}"
FROM = rf"{NUMBER}(?:\]?\s?{CURRENCY})?\]?\s?"  # the lower end of a range
UP_TO = rf"\s?\[?(?:{CURRENCY}\s?\[?)?{NUMBER}"  # its upper end
TO = r"(?:-|–|to|do|bis)"
BETWEEN, AND = r"\b(?:between|zwischen|między|pomiędzy)\s\[?", r"(?:and|und|a|i)"
PAY_WORD = re.compile(rf"\b(?:{PAY_WORDS})\b", re.IGNORECASE)
PAY_FILL_IN = re.compile(rf"\[[^\[\]\n]{{0,60}}\b(?:{PAY_WORDS})\b[^\[\]\n]{{0,60}}\](?!\()", re.IGNORECASE)
PAY_RANGE = re.compile(
    rf"{FROM}{TO}{UP_TO}\]?\s?{CURRENCY}|{CURRENCY}\s?\[?{FROM}{TO}{UP_TO}"
    rf"|{BETWEEN}{FROM}{AND}{UP_TO}\]?\s?{CURRENCY}|{BETWEEN}{CURRENCY}\s?\[?{FROM}{AND}{UP_TO}",
    re.IGNORECASE,
)
AMOUNT = re.compile(rf"\d{THOUSANDS}\]?\s?{CURRENCY}|{CURRENCY}\s?\[?\d", re.IGNORECASE)
CTA_PLACES = ("role_band", "role_report", "booking")


class RoleSubject(Subject):
    """A role as the checks of a job advert look at it: its sections, level by level."""

    is_advert = True

    @property
    def sections(self) -> list[Section]:
        return self.rows["sections"]

    @property
    def levels(self) -> list[RoleLevel]:
        return [level for level in self.rows["levels"] if level.level]

    @property
    def resumes(self) -> list[Any]:
        return self.rows["resumes"]

    @cached_property
    def shown(self) -> dict[str, list[Standing]]:
        """The sections that the page of each level shows, "" being the page for all levels."""
        return {level: self._shown_at(level) for level in ["", *(each.level for each in self.levels)]}

    def _shown_at(self, level: str) -> list[Standing]:
        page = sections_at(self.sections, level)
        return [each for each in page if each.section.says_something(bool(self.resumes))]

    def in_advert(self, passage: Passage) -> bool:
        """Of a section, what visitors copy: neither advice nor notes."""
        if passage.relation != "sections":
            return True
        return passage.row.in_copy and passage.field in ("heading", "body")

    def place_of_problem(self, name: str) -> tuple[Place, str]:
        """A role has no text of its own: what `problems()` calls the text are its sections."""
        return (Place("", "sections"), _("Sections")) if name == "body" else super().place_of_problem(name)

    def place_of(self, *kinds: str) -> Place:
        """Return the text of the first section of the first of these kinds, else the sections as a whole."""
        sections = [(row, section) for row, section in enumerate(self.sections) if not section.level]
        rows = [row for kind in kinds for row, section in sections if section.kind == kind]
        return Place("body", "sections", rows[0]) if rows else Place("", "sections")

    @property
    def search_title(self) -> str:
        return self.document.search_title or self.title_for_search(self.document.title)

    def title_for_search(self, title: str) -> str:
        """Return what search engines are given for a title, as the page's template makes it."""
        with override(self.language):
            return _("%(role)s job description template") % {"role": title}

    @property
    def anchors(self) -> frozenset[str]:  # type: ignore[override]
        """The ids that the page gives its sections, as `Role.freeze` does, and those of its template."""
        found = {"main", "doc", "author", "book"}
        for page in self.shown.values():
            kinds = [each.section.kind for each in page]
            found |= {f"{kind}-{number}" for kind in kinds for number in range(2, kinds.count(kind) + 1)} | set(kinds)
        return frozenset(found)

    @property
    def checks(self) -> tuple[Any, ...]:  # type: ignore[override]
        return (section_headings, levels, pictures, calls_to_action, pay, requirements, WordTarget(900, 1800))


@subject_of.register
def _of_role(role: Role) -> Subject:
    return RoleSubject(role)


def section_headings(subject: RoleSubject) -> Iterator[Finding]:
    """Every section of the editor's own has a heading: there is no standard one."""
    role = subject.document
    rows = {id(section): row for row, section in enumerate(subject.sections)}
    standing = {rows[id(each.row)]: each.section for page in subject.shown.values() for each in page}
    for row, section in sorted(standing.items()):
        standard = heading_for(section.kind, role.title, role.title_plural)
        if not section.heading.strip() and not standard:
            sentence = _("This section has no heading, and its kind has no standard one.")
            place = Place("heading", "sections", row)
            yield Finding("heading-missing", Grade.WARNS, sentence, place, section.name, found=section.body[:80])


def levels(subject: RoleSubject) -> Iterator[Finding]:
    """Each level has something of its own to say, and a title that search results show whole."""
    for row, level in enumerate(subject.levels):
        place, name = Place("title", "levels", row), level.name
        if not any(each.row.level for each in subject.shown[level.level]):
            sentence = _("No section is written for this level: its page says what the page for all levels says.")
            yield Finding("level-same", Grade.WARNS, sentence, place, name, found=level.level)
        title = level.search_title or subject.title_for_search(level.title)
        yield from long_title(f"{title} | {subject.around.site.name}", place, name)


def pictures(subject: RoleSubject) -> Iterator[Finding]:
    """Alternative texts that say something: the picture's own, and the caption that a sample résumé is read by."""
    picture = subject.document.picture
    sentence = _("The alternative text is the name of a file. Say what the picture shows.")
    if picture and (not picture.alt.strip() or is_file_name(picture.alt)):
        url = reverse("admin:recruitcms_picture_change", args=[picture.pk])
        name = subject.label("picture")
        yield Finding("alt-file-name", Grade.WARNS, sentence, None, name, picture.alt, url=url)
    for row, resume in enumerate(subject.resumes):
        if not resume.title.strip() or is_file_name(resume.title):
            sentence = _("The caption is read aloud in the place of the picture. Say what the résumé shows.")
            place = Place("title", "resumes", row)
            yield Finding(
                "alt-caption",
                Grade.WARNS,
                sentence,
                place,
                _("Sample résumé"),
                resume.title,
                found=f"{row} {resume.title}",
            )


def calls_to_action(subject: RoleSubject) -> Iterator[Finding]:
    """At least one invitation stands on the page, in its language."""
    missing = [place for place in CTA_PLACES if place not in subject.around.places]
    if not missing:
        return
    names = ", ".join(f"“{CallToAction.Place(place).label}”" for place in missing)
    url = reverse("admin:recruitcms_calltoaction_changelist") + f"?language__exact={subject.language}"
    name = _("Calls to action")
    if len(missing) == len(CTA_PLACES):
        sentence = _("No call to action is shown on role pages in this language.")
        yield Finding("cta-missing", Grade.WARNS, sentence, name=name, url=url, found="all")
    else:
        sentence = _("No call to action is shown in these places: %(places)s.") % {"places": names}
        yield Finding("cta-missing", Grade.INFORMS, sentence, name=name, url=url, found=" ".join(missing))


def pay(subject: RoleSubject) -> Iterator[Finding]:
    """The advert names the pay: a fill-in word for it, or a figure (EU directive 2023/970, article 5).

    A pay section without a text says its fill-in word by itself.
    """
    lines = (
        line
        for section in subject.sections
        if section.in_copy and not section.level
        for line in f"{section.heading}\n{section.body}".splitlines()
    )
    by_itself = any(
        section.kind == Section.Kind.PAY and section.in_copy and not section.body.strip()
        for section in subject.sections
    )
    if not by_itself and not any(names_pay(line) for line in lines):
        yield Finding(
            "pay-missing",
            Grade.WARNS,
            _("No section names the pay."),
            subject.place_of("pay", "offer"),
            _("Pay"),
            reason=_("The EU pay transparency directive (2023/970) wants the pay or its range before the interview."),
            alternative=_("A “Pay” section, left empty: it shows the fill-in word for the pay."),
            found="pay",
        )


def names_pay(line: str) -> bool:
    """Tell whether a line says what is paid; a budget for courses or a team is no pay."""
    if PAY_FILL_IN.search(line) or PAY_RANGE.search(line):
        return True
    return bool(AMOUNT.search(line) and PAY_WORD.search(line))


def requirements(subject: RoleSubject) -> Iterator[Finding]:
    """Few hard requirements: each one more keeps able people from applying."""
    for row, section in enumerate(subject.sections):
        count = count_requirements(section.body) if section.kind == Section.Kind.REQUIRED else 0
        if count > MANY_REQUIREMENTS:
            sentence = _("%(count)d hard requirements. Six are plenty: what can be learned on the job?") % {
                "count": count
            }
            grade = Grade.WARNS if count > TOO_MANY_REQUIREMENTS else Grade.INFORMS
            place = Place("body", "sections", row)
            values = {"count": count}
            yield Finding("requirements-many", grade, sentence % values, place, section.name, found=str(count))


@dataclass(frozen=True)
class WordTarget:
    """How long a role is to be, in words; a third more or less is worth a warning."""

    least: int
    most: int

    def __call__(self, subject: RoleSubject) -> Iterator[Finding]:
        base = {row for row, section in enumerate(subject.sections) if not section.level}
        places = ((text.place, found) for text, found in subject.prose if text.place.rows == "sections")
        count = sum(count_words(block) for place, found in places if place.row in base for block in found)
        if self.least <= count <= self.most or not count:
            return
        far = count < self.least * 2 / 3 or count > self.most * 4 / 3
        sentence = self.in_words(count) % {"count": count, "least": self.least, "most": self.most}
        found = "short" if count < self.least else f"long {count // 500}"
        yield Finding(
            "words", Grade.WARNS if far else Grade.INFORMS, sentence, Place("", "sections"), _("Sections"), found=found
        )

    def in_words(self, count: int) -> str:
        """Return the sentence, with `%(count)d`, `%(least)d` and `%(most)d` to be put in."""
        return ngettext(
            "%(count)d word; roles that are read and found have %(least)d to %(most)d.",
            "%(count)d words; roles that are read and found have %(least)d to %(most)d.",
            count,
        )

"""The library: job-description templates, one row for each language, on shelves."""

import math
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from recruitcms import markup, sources
from recruitcms.models import Person, Picture
from recruitcms.publishing import Publishable
from recruitcms.revisions import Revision
from recruitcms.translated import Translated, copy_of, localized_url
from roles import kit
from roles.headings import heading_for
from roles.pay.slot import standard_text
from roles.search import index

WORDS_A_MINUTE = 200


class Category(Translated):
    """A shelf of the library."""

    name = models.CharField(_("name"), max_length=60)
    slug = models.SlugField(_("address"), max_length=60)
    description = models.CharField(_("description"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    translated_fields = ["name", "description"]

    class Meta(Translated.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["language", "position", "name"]
        constraints = [
            *Translated.Meta.constraints,
            models.UniqueConstraint(fields=["language", "slug"], name="roles_category_address_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{localized_url(self.language, 'library')}?category={self.slug}"


class Role(Publishable):
    """One job-description template in one language: the working copy that editors change."""

    title_plural = models.CharField(
        _("title in the plural"), max_length=120, blank=True, help_text=_("“Lead Data Engineers”, for headings.")
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, verbose_name=_("category"))
    author = models.ForeignKey(Person, on_delete=models.PROTECT, verbose_name=_("author"))
    picture = models.ForeignKey(
        Picture,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("picture"),
        help_text=_("Beside the title, on wide screens. Empty: the standard drawing."),
    )
    related = models.ManyToManyField(
        "self",
        blank=True,
        symmetrical=False,
        verbose_name=_("read these next"),
        help_text=_("Up to three. Filled up from the same category."),
    )

    ROWS = {"sections": "kind", "resumes": "title"}
    translated_fields = ["title", "title_plural", "summary", "search_title", "search_description"]

    class Meta(Publishable.Meta):
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["title"]

    def get_absolute_url(self) -> str:
        return localized_url(self.language, "role", self.slug)

    def copy_into(self, language: str) -> "Role":
        """Return a copy in another language, with its sections and résumés."""
        translation = super().copy_into(language)
        for row in [*self.sections.all(), *self.resumes.all()]:
            duplicate = copy_of(row)
            duplicate.role = translation
            duplicate.save()
        return translation

    def problems(self) -> dict[str, Any]:
        found = super().problems()
        if not any(section.body.strip() for section in self.sections.all()):
            found["body"] = _("Write at least one section.")
        return found

    def freeze(self) -> dict[str, Any]:
        resumes = list(self.resumes.all())
        sections = [section.freeze(self) for section in self.sections.all() if section.says_something(bool(resumes))]
        for number, section in enumerate(sections):
            earlier = [other["kind"] for other in sections[:number]].count(section["kind"])
            section["id"] = f"{section['kind']}-{earlier + 1}" if earlier else section["kind"]
        return {
            "title_plural": self.title_plural or self.title,
            "search_title": self.search_title,
            "search_description": self.search_description,
            "picture": self.picture.freeze() if self.picture else None,
            "sections": sections,
            "resumes": [resume.freeze() for resume in resumes],
            "related": [str(role.translation_group) for role in self.related.all()],
        }

    def sources_of_version_1(self, revisions: list[Any]) -> list[tuple[sources.Source, list[str]]]:
        """Advice to the reader comes back as HTML, which Markdown lets through: its Markdown was not kept."""
        found = super().sources_of_version_1(revisions)
        models.prefetch_related_objects(revisions, "category", "author")
        contents = [revision.content for revision in revisions]
        resumes = [resume["picture"] for content in contents for resume in content["resumes"]]
        pictures = Picture.references_to([content["picture"] for content in contents] + resumes)
        groups = {group for content in contents for group in content["related"]}
        related = list(Role.objects.filter(language=self.language, translation_group__in=groups)) if groups else []
        sentence = gettext("The advice in “%(heading)s” comes back as HTML: its Markdown was not kept then.")
        for revision, content, (source, lost) in zip(revisions, contents, found, strict=True):
            source["fields"] |= {
                "title_plural": "" if content["title_plural"] == revision.title else content["title_plural"],
                "category": sources.reference(revision.category or self.category),
                "author": sources.reference(revision.author or self.author),
                "picture": pictures[content["picture"]["src"]] if content["picture"] else None,
            }
            source["rows"] = {
                "sections": [Section.source_of_version_1(section, revision) for section in content["sections"]],
                "resumes": [
                    {"picture": pictures[resume["picture"]["src"]], "title": resume["title"]}
                    for resume in content["resumes"]
                ],
            }
            following = [role for role in related if str(role.translation_group) in content["related"]]
            source["links"] = {"related": [sources.reference(role) for role in following]}
            lost += [sentence % section for section in content["sections"] if section["advice_html"]]
        return found

    def revision_columns(self) -> dict[str, Any]:
        words = " ".join(section.plain for section in self.sections.all())
        return {
            "category": self.category,
            "author": self.author,
            "reading_minutes": max(1, math.ceil(len(words.split()) / WORDS_A_MINUTE)),
        }


class Section(models.Model):
    """One headed part of a role. Its `body` may go into the copy; `advice` and `note` are for the reader alone."""

    class Kind(models.TextChoices):
        INTRODUCTION = "introduction", _("Introduction")
        WHAT = "what", _("What the role does")
        DUTIES = "duties", _("Duties and responsibilities (list)")
        REQUIRED = "required", _("Required skills and experience (list)")
        NICE = "nice", _("Nice to have (list)")
        CHALLENGES = "challenges", _("Common challenges (### title, then a paragraph)")
        WHERE = "where", _("Where the role works")
        GOOD = "good", _("How to be good at it")
        MISTAKES = "mistakes", _("Mistakes to avoid (list)")
        PAY = "pay", _("Pay (empty: the fill-in word for the pay)")
        OFFER = "offer", _("What we offer (list)")
        ABOUT = "about", _("About us (a sample text)")
        RESUMES = "resumes", _("Sample résumés")
        CONTACT = "contact", _("Contact")
        QUESTIONS = "questions", _("Interview questions (### question, then what a good answer shows)")
        SCORECARD = "scorecard", _("Interview scorecard (list of criteria)")
        OTHER = "other", _("A section of your own")

    IN_COPY = {Kind.INTRODUCTION, Kind.WHAT, Kind.DUTIES, Kind.REQUIRED, Kind.NICE, Kind.PAY, Kind.OFFER, Kind.ABOUT}
    AS_CARDS = {Kind.CHALLENGES, Kind.QUESTIONS}
    BY_CHOICE = {Kind.QUESTIONS, Kind.SCORECARD, Kind.OTHER}  # not offered on every new role

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="sections")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OTHER)
    heading = models.CharField(
        _("heading"),
        max_length=120,
        blank=True,
        help_text=_("Empty: the standard heading, made from the role's title."),
    )
    body = models.TextField(
        _("text"), blank=True, help_text=_("Markdown. Words the reader should replace go in [square brackets].")
    )
    advice = models.TextField(
        _("advice to the reader"),
        blank=True,
        help_text=_("Markdown. On the page only, never in the copy or downloads."),
    )
    note = models.CharField(
        _("recruiter's note"), max_length=240, blank=True, help_text=_("In the margin: “Title | two lines of advice”.")
    )
    in_copy = models.BooleanField(
        _("in copy"), default=True, help_text=_("Part of the description that visitors copy and download.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    translated_fields = ["heading", "body", "advice", "note"]
    markdown_fields = ["body", "advice"]

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.heading or self.get_kind_display()

    @property
    def name(self) -> str:
        """What the form calls the section: its heading, or its kind without the hint in brackets."""
        return self.heading or str(self.get_kind_display()).partition(" (")[0]

    def says_something(self, pictures: bool) -> bool:
        """Tell whether the section has anything to show; `pictures`: whether the role has sample résumés."""
        written = any(text.strip() for text in (self.body, self.advice, self.note))
        return written or self.kind == self.Kind.PAY or (self.kind == self.Kind.RESUMES and pictures)

    @property
    def plain(self) -> str:
        """The section's words, headings and advice included, for the search and the reading time."""
        texts = [self.heading, self.body, self.advice]
        return " ".join(markup.plain_text(markup.render_markdown(text)) for text in texts if text)

    def freeze(self, role: Role) -> dict[str, Any]:
        """Return the section as visitors see it: {"id", "kind", "heading", "in_copy", "note", "html", …}."""
        note_title, _bar, note_text = self.note.rpartition("|")
        as_cards = self.kind in self.AS_CARDS
        body = self.body
        if self.kind == self.Kind.PAY and not body.strip():
            body = standard_text(role.language)
        with override(role.language):
            heading = self.heading or heading_for(self.kind, role.title, role.title_plural)
            html = "" if as_cards else kit.render_body(self.kind, body)
        return {
            "kind": self.kind,
            "heading": heading,
            "in_copy": self.in_copy,
            "note": {"title": note_title.strip(), "text": note_text.strip()} if self.note.strip() else None,
            "body": body,
            "html": html,
            "cards": [
                {"title": title, "html": markup.render_markdown(text)}
                for title, text in (markup.split_by_headings(self.body) if as_cards else [])
            ],
            "advice_html": markup.render_markdown(self.advice, mark_fill_ins=False),
        }

    @staticmethod
    def source_of_version_1(frozen: dict[str, Any], revision: "RoleRevision") -> dict[str, Any]:
        """Return the fields of a section that was frozen without its source."""
        with override(revision.language):
            standard = heading_for(frozen["kind"], revision.title, revision.content["title_plural"])
        note = frozen["note"] or {}
        return {
            "kind": frozen["kind"],
            "heading": "" if frozen["heading"] == standard else frozen["heading"],
            "body": frozen["body"],
            "advice": frozen["advice_html"],
            "note": " | ".join(filter(None, [note.get("title"), note.get("text")])),
            "in_copy": frozen["in_copy"],
        }


class SampleResume(models.Model):
    """A picture of an anonymous résumé that opens enlarged."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="resumes")
    picture = models.ForeignKey(Picture, on_delete=models.PROTECT, related_name="+", verbose_name=_("picture"))
    title = models.CharField(_("caption"), max_length=80, help_text=_("“Fintech, team of six”"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    translated_fields = ["title"]
    markdown_fields: list[str] = []

    class Meta:
        verbose_name = _("sample résumé")
        verbose_name_plural = _("sample résumés")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def name(self) -> str:
        """What the form calls the résumé."""
        return self.title

    def freeze(self) -> dict[str, Any]:
        return {"title": self.title, "picture": self.picture.freeze(alt=self.title)}


def protect_what_is_shown(collector: Any, field: Any, revisions: Any, using: str) -> None:
    """Refuse to delete a person or category that visitors see or will see; earlier revisions let go of it.

    Those still hold its name: restoring one says what could not come back.
    """
    now = timezone.now()
    ended: Any = [row for row in revisions if not row.live_from or (row.live_until and row.live_until <= now)]
    shown: Any = [row for row in revisions if row not in ended]
    if shown:
        models.PROTECT(collector, field, shown, using)
    models.SET_NULL(collector, field, ended, using)


class RoleRevision(Revision):
    """A frozen role; the library lists and searches these."""

    document = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="revisions")
    # None in past revisions alone, never while one is shown.
    category: Any = models.ForeignKey(Category, null=True, on_delete=protect_what_is_shown, related_name="+")
    author: Any = models.ForeignKey(Person, null=True, on_delete=protect_what_is_shown, related_name="+")
    reading_minutes = models.PositiveSmallIntegerField(default=1)

    url_name = "role"

    class Meta(Revision.Meta):
        verbose_name = _("revision of a role")
        verbose_name_plural = _("revisions of roles")
        indexes = [
            *Revision.Meta.indexes,
            models.Index(fields=["language", "category", "live_from"]),
            # All that the search asks of a revision, so that it does not read the rows, which are long.
            models.Index(
                fields=["language", "live_from", "live_until", "category", "title"], name="roles_revision_for_search"
            ),
        ]

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and let what visitors see now or later be found."""
        super().save(*args, **kwargs)
        if self.live_from and not kwargs.get("update_fields"):
            index.write(self)


# Django looks for models here; those of imports stand beside what uses them.
from roles.moving.models import ImportItem, ImportRun, Origin  # noqa: E402, F401
from roles.pay.models import PayNote, SalaryBand  # noqa: E402, F401
from roles.search.models import MissedSearch, SearchEntry, SearchWord, Synonyms  # noqa: E402, F401

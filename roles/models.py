"""The library: job-description templates, one row for each language, on shelves."""

import copy
import math
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from recruitcms import markup, sources
from recruitcms.languages import codes
from recruitcms.models import Person, Picture
from recruitcms.publishing import Publishable
from recruitcms.revisions import Revision
from recruitcms.translated import Translated, copy_of, localized_url
from roles import kit
from roles.at_level import WORDS_A_MINUTE, frozen_sections, has_level
from roles.headings import heading_for
from roles.levels import Level
from roles.pay.slot import standard_text
from roles.search import index


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

    ROWS = {"sections": ("kind", "level"), "levels": ("level",), "resumes": ("title",)}
    translated_fields = ["title", "title_plural", "summary", "search_title", "search_description"]

    class Meta(Publishable.Meta):
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["title"]

    def get_absolute_url(self) -> str:
        return localized_url(self.language, "role", self.slug)

    def copy_into(self, language: str) -> "Role":
        """Return a copy in another language, with its sections, levels and résumés."""
        translation = super().copy_into(language)
        for row in self.own_rows():
            duplicate = copy_of(row)
            duplicate.role = translation
            duplicate.save()
        return translation

    def own_rows(self) -> list[Any]:
        """Return every row that belongs to this role and is copied with it."""
        return [row for rows in self.rows().values() for row in rows]

    def problems(self) -> dict[str, Any]:
        found = super().problems()
        sections = list(self.sections.all())
        if not any(section.body.strip() for section in sections if not section.level):
            found["body"] = _("Write at least one section.")
        of_levels = [section for section in sections if section.level]
        known = {level.level for level in self.levels.all()} if of_levels else set()
        lost = [section.name for section in of_levels if section.level not in known]
        if lost:
            sentence = _("This role has no such level: %(sections)s. Add the level, or choose another for the section.")
            found["levels"] = sentence % {"sections": ", ".join(f"“{name}”" for name in lost)}
        return found

    def freeze(self) -> dict[str, Any]:
        resumes = list(self.resumes.all())
        return {
            "title_plural": self.title_plural or self.title,
            "search_title": self.search_title,
            "search_description": self.search_description,
            "picture": self.picture.freeze() if self.picture else None,
            **frozen_sections(self, list(self.sections.all()), list(self.levels.all()), bool(resumes)),
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
        words = " ".join(section.plain for section in self.sections.all() if not section.level)
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
    level = models.CharField(
        _("level"),
        max_length=20,
        choices=Level,
        blank=True,
        help_text=_("At a level it stands in place of the section for all levels, and keeps what is empty here."),
    )
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
        return self._with_level(self.heading or self.get_kind_display())

    @property
    def name(self) -> str:
        """What the form calls the section: its heading, or its kind without the hint in brackets, and its level."""
        return self._with_level(self.heading or str(self.get_kind_display()).partition(" (")[0])

    def _with_level(self, name: str) -> str:
        return f"{name} · {self.get_level_display()}" if self.level else name

    def stands_for(self, base: "Section") -> bool:
        """Tell whether this section of a level may stand in place of another one; of one's own, by the heading."""
        is_base = not base.level and base.kind == self.kind
        return is_base and (self.kind != self.Kind.OTHER or self.heading in ("", base.heading))

    def over(self, base: "Section") -> "Section":
        """Return, not to be saved, this section of a level as it stands: what it leaves empty is as in the base."""
        section = copy.copy(self)
        for field in self.translated_fields:
            setattr(section, field, getattr(self, field) or getattr(base, field))
        return section

    def says_something(self, pictures: bool) -> bool:
        """Tell whether the section has anything to show; `pictures`: whether the role has sample résumés."""
        written = any(text.strip() for text in (self.body, self.advice, self.note))
        return written or self.kind == self.Kind.PAY or (self.kind == self.Kind.RESUMES and pictures)

    @property
    def plain(self) -> str:
        """The section's words, headings and advice included, for the search and the reading time."""
        texts = [self.heading, self.body, self.advice]
        return " ".join(markup.plain_text(markup.render_markdown(text)) for text in texts if text)

    def heading_in(self, role: "Role | RoleLevel") -> str:
        """Return the heading on the page: its own, or the standard one for the title of a role or of a level."""
        with override(role.language):
            return self.heading or heading_for(self.kind, role.title, role.title_plural)

    def freeze(self, role: "Role | RoleLevel") -> dict[str, Any]:
        """Return the section as visitors see it: {"kind", "heading", "in_copy", "note", "html", …}."""
        note_title, _bar, note_text = self.note.rpartition("|")
        as_cards = self.kind in self.AS_CARDS
        body = self.body
        if self.kind == self.Kind.PAY and not body.strip():
            body = standard_text(role.language)
        with override(role.language):
            html = "" if as_cards else kit.render_body(self.kind, body)
        return {
            "kind": self.kind,
            "heading": self.heading_in(role),
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


class RoleLevel(models.Model):
    """A level that a role is also written for. Its page has this title, and the sections that are of this level."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="levels")
    level = models.CharField(_("level"), max_length=20, choices=Level)
    title = models.CharField(_("title"), max_length=120, help_text=_("“Senior Data Engineer”. Names the page."))
    title_plural = models.CharField(
        _("title in the plural"), max_length=120, blank=True, help_text=_("“Senior Data Engineers”, for headings.")
    )
    summary = models.CharField(_("summary"), max_length=300, blank=True, help_text=_("Empty: as for all levels."))
    search_title = models.CharField(
        _("title for search engines"), max_length=70, blank=True, help_text=_("Empty: made from the title.")
    )
    search_description = models.CharField(
        _("description for search engines"), max_length=170, blank=True, help_text=_("Empty: the summary.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    translated_fields = ["title", "title_plural", "summary", "search_title", "search_description"]
    markdown_fields: list[str] = []

    class Meta:
        verbose_name = _("level")
        verbose_name_plural = _("levels")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["role", "level"],
                name="roles_rolelevel_once",
                violation_error_message=_("The role has this level already."),
            )
        ]

    def __str__(self) -> str:
        return self.get_level_display()

    @property
    def name(self) -> str:
        """What the form calls the level."""
        return self.get_level_display()

    @property
    def language(self) -> str:
        return self.role.language

    def freeze(self) -> dict[str, Any]:
        return {"level": self.level} | {field: getattr(self, field) for field in self.translated_fields}


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
    # Of a revision at a level (roles.at_level), which is never saved: that level, and the revision itself.
    level = ""
    base: "RoleRevision | None" = None

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

    def get_absolute_url(self) -> str:
        return self.address_at(self.language, self.slug, self.level)

    @staticmethod
    def address_at(language: str, slug: str, level: str = "") -> str:
        """Return the path of a role's page in a language, for all levels or at one."""
        return localized_url(language, "role-level", slug, level) if level else localized_url(language, "role", slug)

    @property
    def reading_time(self) -> str:
        minutes = self.reading_minutes
        return ngettext("%(minutes)s min read", "%(minutes)s min read", minutes) % {"minutes": minutes}

    def parts(self) -> list[tuple[str, str]]:
        """Return the id and the heading of each section, those that only a level has last."""
        found = dict(super().parts())
        for level in self.content.get("levels", []):
            for name, section in level["sections"].items():
                found.setdefault(name, section["heading"])
        return list(found.items())

    def live_translations(self) -> dict[str, str]:
        """Return the paths of the live translations, by language; of one at a level, that level where it is there."""
        if not self.level:
            return super().live_translations()
        same = RoleRevision.objects.live().filter(translation_group=self.translation_group, language__in=codes())
        others = same.exclude(language=self.language).values_list("language", "slug", "content__levels")
        return {
            language: self.address_at(language, slug, self.level if has_level(levels, self.level) else "")
            for language, slug, levels in others
        }

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

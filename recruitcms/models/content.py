"""What pages share: pictures, people, invitations, and pages such as the policies."""

from collections.abc import Iterable
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.contrib.contenttypes.fields import GenericRelation
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.urls import resolve
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from recruitcms import markup, sources
from recruitcms.publishing import Publishable
from recruitcms.revisions import Revision
from recruitcms.translated import Translated, localized_url


class Picture(models.Model):
    """An uploaded picture with its smaller copies; made by `pictures.store_renditions`."""

    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("For the team; visitors do not see it."))
    alt = models.CharField(
        _("alternative text"),
        max_length=200,
        help_text=_("What the picture shows, for people who cannot see it. Read aloud by screen readers."),
    )
    files = models.JSONField(editable=False, default=dict)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    open_forms = GenericRelation("recruitcms.OpenForm")

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def freeze(self, alt: str = "") -> dict[str, Any]:
        """Return what a template needs to show the picture: {"alt", "src", "srcset", "width", "height"}."""
        copies = self.files["webp"]
        return {
            "alt": alt or self.alt,
            "src": default_storage.url(self.files["original"]),
            "srcset": ", ".join(f"{default_storage.url(copy['name'])} {copy['width']}w" for copy in copies),
            "small": default_storage.url(copies[0]["name"]),
            "width": self.files["width"],
            "height": self.files["height"],
        }

    @classmethod
    def references_to(cls, frozen: Iterable[dict[str, Any] | None]) -> dict[str, dict[str, Any]]:
        """Return the references (see `recruitcms.sources`) to pictures that were frozen, by their `src`.

        One that has gone has the id 0. Costs one query.
        """
        shown = {picture["src"]: picture for picture in frozen if picture}
        files = {src: "/".join(src.split("/")[-2:]) for src in shown}  # each picture has a folder of its own
        wanted = [Q(files__original__endswith=file) for file in set(files.values())]
        rows = cls.objects.filter(reduce(or_, wanted)) if wanted else []
        present = {"/".join(row.files["original"].split("/")[-2:]): row for row in rows}
        references = {}
        for src, picture in shown.items():
            row = present.get(files[src])
            known = {"id": row.pk, "name": row.name} if row else {"id": 0, "name": picture["alt"]}
            references[src] = known | {"small": picture["small"]}
        return references


class Person(Translated):
    """An author, a team member, or the speaker of a testimonial."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("address"), max_length=80)
    job_title = models.CharField(
        _("job title"), max_length=120, help_text=_("With the company, for people from outside.")
    )
    bio = models.TextField(_("biography"), blank=True, help_text=_("Markdown. Two or three sentences."))
    portrait = models.ForeignKey(
        Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("portrait")
    )
    languages = models.CharField(_("speaks"), max_length=120, blank=True, help_text=_("“English, Polish”"))
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("Shown to visitors."))
    social_url = models.URLField(_("social profile"), blank=True)
    on_team = models.BooleanField(_("on the team page"), default=False)
    answers_enquiries = models.BooleanField(
        _("answers enquiries"), default=False, help_text=_("Shown beside the consultation form, the first two of them.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    translated_fields = ["job_title", "bio", "languages"]

    class Meta(Translated.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["position", "name"]
        constraints = [
            *Translated.Meta.constraints,
            models.UniqueConstraint(fields=["language", "slug"], name="recruitcms_person_address_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return localized_url(self.language, "person", self.slug)

    @cached_property
    def bio_html(self) -> str:
        return markup.render_markdown(self.bio, mark_fill_ins=False)

    @cached_property
    def face(self) -> dict[str, Any] | None:
        """The portrait, silent: it always stands beside the name."""
        return self.portrait.freeze() | {"alt": ""} if self.portrait else None


class Testimonial(Translated):
    """What a client said of the agency."""

    quote = models.CharField(_("quotation"), max_length=400, help_text=_("Without quotation marks."))
    person = models.ForeignKey(Person, on_delete=models.PROTECT, verbose_name=_("who said it"))
    on_roles = models.BooleanField(_("on role pages"), default=True)
    on_report = models.BooleanField(_("on the salary report page"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    translated_fields = ["quote"]

    class Meta(Translated.Meta):
        verbose_name = _("testimonial")
        verbose_name_plural = _("testimonials")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.quote[:60]


class ClientLogo(models.Model):
    """A client's or newspaper's logo, or a review badge: a word mark of ours by its id, or an uploaded picture."""

    class Group(models.TextChoices):
        CLIENT = "client", _("Hiring with us")
        PRESS = "press", _("Quoted in")
        BADGE = "badge", _("Review badge")

    name = models.CharField(_("name"), max_length=80, help_text=_("Read aloud by screen readers."))
    group = models.CharField(_("group"), max_length=10, choices=Group, default=Group.CLIENT)
    mark = models.SlugField(
        _("drawn word mark"),
        max_length=60,
        blank=True,
        help_text=_("A drawing of static/img/logos.svg: logo-fernhill."),
    )
    picture = models.ForeignKey(Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    url = models.URLField(_("link"), blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    open_forms = GenericRelation("recruitcms.OpenForm")

    class Meta:
        verbose_name = _("logo")
        verbose_name_plural = _("logos")
        ordering = ["group", "position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(mark="") | models.Q(picture__isnull=False),
                name="recruitcms_clientlogo_has_a_drawing",
                violation_error_message=_("Name a drawn word mark or choose a picture."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def image(self) -> dict[str, Any] | None:
        return self.picture.freeze(alt=self.name) if self.picture else None


class CallToAction(Translated):
    """One invitation that staff write once; it stands on every page that has its place."""

    class Place(models.TextChoices):
        ROLE_BAND = "role_band", _("Role page: band after the required skills")
        ROLE_CHALLENGES = "role_challenges", _("Role page: last card of the challenges")
        ROLE_REPORT = "role_report", _("Role page: salary-report card with the form")
        BOOKING = "booking", _("Booking band at the end of a page")
        LIBRARY_REPORT = "library_report", _("Library: card about the salary report")
        LIBRARY_MISSING = "library_missing", _("Library: “role not listed” card")

    class Target(models.TextChoices):
        CONSULTATION = "consultation", _("Consultation form")
        REPORT = "report", _("Salary report")
        LIBRARY = "library", _("Library")

    name = models.CharField(_("name"), max_length=80, help_text=_("For the team; also names it in the leads list."))
    place = models.CharField(_("place"), max_length=20, choices=Place)
    is_active = models.BooleanField(_("shown"), default=True)
    heading = models.CharField(_("heading"), max_length=120, help_text=_("{role} becomes the title of the role."))
    text = models.CharField(_("text"), max_length=300, blank=True, help_text=_("{role} becomes the title of the role."))
    reasons = models.TextField(_("reasons"), blank=True, help_text=_("One on each line. For the booking band."))
    button = models.CharField(_("words on the button"), max_length=60, blank=True)
    target = models.CharField(_("leads to"), max_length=20, choices=Target, default=Target.CONSULTATION)
    fine_print = models.CharField(_("small print"), max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    translated_fields = ["heading", "text", "reasons", "button", "fine_print"]

    class Meta(Translated.Meta):
        verbose_name = _("call to action")
        verbose_name_plural = _("calls to action")
        ordering = ["place", "position", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def reason_list(self) -> list[str]:
        return [line.strip() for line in self.reasons.splitlines() if line.strip()]


class Page(Publishable):
    """A page of plain text: a policy, the company's own story."""

    class Footer(models.TextChoices):
        NOWHERE = "", _("Nowhere")
        COMPANY = "company", _("Footer, under the company")
        POLICIES = "policies", _("Footer, under policies")

    class Purpose(models.TextChoices):
        NONE = "", _("An ordinary page")
        PRIVACY = "privacy", _("Privacy policy")
        COOKIES = "cookies", _("Cookie policy")
        ABOUT = "about", _("About us (in the main menu)")

    body = models.TextField(_("text"), blank=True, help_text=_("Markdown; ### makes a heading."))
    footer = models.CharField(
        _("place in the footer"), max_length=10, choices=Footer, blank=True, default=Footer.NOWHERE
    )
    purpose = models.CharField(
        _("purpose"), max_length=10, choices=Purpose, blank=True, help_text=_("Forms link to the privacy policy.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    translated_fields = ["title", "summary", "body", "search_title", "search_description"]
    markdown_fields = ["body"]

    class Meta(Publishable.Meta):
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        ordering = ["language", "position", "title"]

    def get_absolute_url(self) -> str:
        return localized_url(self.language, "page", self.slug)

    def problems(self) -> dict[str, Any]:
        found = super().problems()
        if not self.body.strip():
            found["body"] = _("Write the text of the page.")
        with override(self.language):
            taken = resolve(self.get_absolute_url()).url_name != "page"
        if taken:
            found["slug"] = _("The site itself uses this address. Choose another.")
        return found

    def freeze(self) -> dict[str, Any]:
        return {
            "html": markup.render_markdown(self.body, mark_fill_ins=False, heading=2),
            "body": self.body,
            "search_title": self.search_title,
            "search_description": self.search_description,
        }

    def revision_columns(self) -> dict[str, Any]:
        return {"footer": self.footer, "purpose": self.purpose, "position": self.position}

    def sources_of_version_1(self, revisions: list[Any]) -> list[tuple[sources.Source, list[str]]]:
        found = super().sources_of_version_1(revisions)
        for revision, (source, _lost) in zip(revisions, found, strict=True):
            columns = {name: getattr(revision, name) for name in self.revision_columns()}
            source["fields"] |= columns | {"body": revision.content["body"]}
        return found


class PageRevision(Revision):
    """One state of a page that was published. Its columns place it: in the footer, by its purpose, and in order."""

    document = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="revisions")
    footer = models.CharField(max_length=10, blank=True)
    purpose = models.CharField(max_length=10, blank=True)
    position = models.PositiveSmallIntegerField(default=100)

    url_name = "page"

    def parts(self) -> list[tuple[str, str]]:
        titles = [title for title, _text in markup.split_by_headings(self.content["body"]) if title]
        return [(f"part-{number}", title[:200]) for number, title in enumerate(titles, 1)]

    class Meta(Revision.Meta):
        verbose_name = _("revision of a page")
        verbose_name_plural = _("revisions of pages")

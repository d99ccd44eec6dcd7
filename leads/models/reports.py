"""A gated document, its revisions and its dated files."""

from typing import Any

from django.core.files.storage import storages
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recruitcms import markup, sources
from recruitcms.models import Person, Picture
from recruitcms.publishing import Publishable
from recruitcms.revisions import Revision
from recruitcms.translated import localized_url


def private_storage() -> Any:
    return storages["private"]


class Report(Publishable):
    """A gated document and the page that offers it."""

    class Gate(models.TextChoices):
        OPEN = "open", _("Open: anybody downloads it from its page, without a form")
        EMAIL_ONLY = "email_only", _("Address only: the letter is a second, optional box")
        SUBSCRIBE = "subscribe", _("For readers of the letter: the page states the exchange")

    points = models.TextField(_("three points"), blank=True, help_text=_("One on each line, beside the title."))
    form_note = models.CharField(_("note above the form"), max_length=120, blank=True, help_text=_("“48 pages. Free.”"))
    inside = models.TextField(_("what is inside"), blank=True, help_text=_("One on each line: “Chapter | page 4”."))
    chart_title = models.CharField(_("title of the chart"), max_length=120, blank=True)
    chart_note = models.CharField(_("what the chart shows"), max_length=160, blank=True)
    chart = models.TextField(_("chart"), blank=True, help_text=_("One on each line: “Backend, senior | 25200”."))
    chart_source = models.CharField(_("source of the chart"), max_length=200, blank=True)
    method = models.TextField(_("how we count"), blank=True, help_text=_("Markdown."))
    cover = models.ForeignKey(
        Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("cover")
    )
    sender = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("signs the mail"),
    )
    mail_tip = models.CharField(
        _("tip in the mail"), max_length=200, blank=True, help_text=_("“Making an offer this week? Start with page 9.”")
    )
    gate_mode = models.CharField(
        _("gate"),
        max_length=20,
        choices=Gate,
        default=Gate.EMAIL_ONLY,
        help_text=_(
            "What visitors give for the report. A change shows with the next publishing. "
            "Whoever leaves the letter later keeps the report."
        ),
    )
    without_letter = models.BooleanField(
        _("offer it without the letter too"),
        default=True,
        help_text=_("For readers of the letter: adds the button “Just send me the report”."),
    )

    translated_fields = [
        "title",
        "summary",
        "points",
        "form_note",
        "inside",
        "chart_title",
        "chart_note",
        "chart",
        "chart_source",
        "method",
        "mail_tip",
        "search_title",
        "search_description",
    ]
    markdown_fields = ["method"]

    class Meta(Publishable.Meta):
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["language", "title"]

    def get_absolute_url(self) -> str:
        return localized_url(self.language, "report", self.slug)

    def problems(self) -> dict[str, Any]:
        found = super().problems()
        if not self.points.strip():
            found["points"] = _("Write at least one point: what does the reader get?")
        if not self.pk or all(edition.is_draft for edition in self.editions.all()):
            found["editions"] = _("Add an edition: the file that people are to receive.")
        return found

    def freeze(self) -> dict[str, Any]:
        return {
            "points": [line.strip() for line in self.points.splitlines() if line.strip()],
            "form_note": self.form_note,
            "inside": _pairs(self.inside),
            "chart_title": self.chart_title,
            "chart_note": self.chart_note,
            "chart": _pairs(self.chart),
            "chart_source": self.chart_source,
            "method_html": markup.render_markdown(self.method, mark_fill_ins=False),
            "cover": self.cover.freeze() if self.cover else None,
            "gate_mode": self.gate_mode,
            "without_letter": self.without_letter,
            "search_title": self.search_title,
            "search_description": self.search_description,
        }

    def sources_of_version_1(self, revisions: list[Any]) -> list[tuple[sources.Source, list[str]]]:
        """The method comes back as HTML, which Markdown lets through. Who signs the mail was not kept."""
        found = super().sources_of_version_1(revisions)
        covers = Picture.references_to(revision.content["cover"] for revision in revisions)
        same = ("form_note", "chart_title", "chart_note", "chart_source", "gate_mode", "without_letter")
        for revision, (source, lost) in zip(revisions, found, strict=True):
            content = revision.content
            source["fields"] |= {name: content[name] for name in same if name in content}
            source["fields"] |= {
                "points": "\n".join(content["points"]),
                "inside": _lines(content["inside"]),
                "chart": _lines(content["chart"]),
                "method": content["method_html"],
                "cover": covers[content["cover"]["src"]] if content["cover"] else None,
            }
            lost += [
                gettext("“How we count” comes back as HTML: its Markdown was not kept then."),
                gettext("Who signs the mail, and the tip in it, stay as they are: they were not kept then."),
            ]
        return found

    @property
    def current_edition(self) -> "Edition | None":
        """The newest edition whose day has come and that is no draft."""
        return self.editions.filter(is_draft=False, date__lte=timezone.localdate()).order_by("-date", "-pk").first()


def _pairs(lines: str) -> list[tuple[str, str]]:
    """Read lines of “words | more words” into pairs; the second half may be missing."""
    pairs = [line.partition("|") for line in lines.splitlines() if line.strip()]
    return [(left.strip(), right.strip()) for left, _bar, right in pairs]


def _lines(pairs: list[list[str]]) -> str:
    """Write pairs as lines of “words | more words”: what `_pairs` reads."""
    return "\n".join(" | ".join(filter(None, pair)) for pair in pairs)


class ReportRevision(Revision):
    """One state of a report that was published, with the gate that its visitors meet."""

    document = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="revisions")

    url_name = "report"

    @property
    def gate_mode(self) -> str:
        """The gate that visitors meet (CON-10)."""
        return self.content.get("gate_mode", Report.Gate.EMAIL_ONLY)

    class Meta(Revision.Meta):
        verbose_name = _("revision of a report")
        verbose_name_plural = _("revisions of reports")


class Edition(models.Model):
    """One dated file of a report, in private storage: reached by a signed link alone."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="editions")
    date = models.DateField(_("date"), help_text=_("The newest edition whose day has come is the one people get."))
    file = models.FileField(_("PDF file"), storage=private_storage, upload_to="editions/%Y/")
    file_name = models.SlugField(_("name when downloaded"), max_length=80, help_text=_("Without “.pdf”."))
    pages = models.PositiveSmallIntegerField(_("pages"), default=1)
    size = models.PositiveIntegerField(_("size in bytes"), default=0, editable=False)
    is_draft = models.BooleanField(
        _("draft"),
        default=False,
        help_text=_("Staff alone can open it; people get the edition before it. Take the tick away to hand it out."),
    )
    downloads = models.PositiveIntegerField(
        _("downloads"),
        default=0,
        editable=False,
        help_text=_(
            "By the button on our page. Links in mails are not counted: programs that check mails open them too."
        ),
    )

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        ordering = ["-date", "-pk"]

    def __str__(self) -> str:
        return f"{self.report}, {self.date}"

"""People who left an address, what they asked for, and what they agreed to.

The ids in the comments are those of docs/privacy.md.
"""

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import storages
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recruitcms import markup
from recruitcms.models import CallToAction, PageRevision, Person, Picture
from recruitcms.publishing import Publishable, Revision, localized_url


def random_id() -> str:
    """Return 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def private_storage() -> Any:
    return storages["private"]


class PurposeWords(models.Model):
    """What is said of a purpose, in one language."""

    title = models.CharField(_("title"), max_length=120)
    channel = models.CharField(_("channel"), max_length=20, default="e-mail")
    data_types = models.CharField(_("data held"), max_length=300, help_text=_("By commas."))
    recipients = models.CharField(_("recipients"), max_length=300, blank=True, help_text=_("By commas."))
    storage_location = models.CharField(_("where it is stored"), max_length=200, blank=True)
    jurisdiction = models.CharField(
        _("jurisdiction"), max_length=80, default="Poland, European Union", help_text=_("Whose law applies.")
    )
    withdrawal_method = models.CharField(
        _("how to withdraw"), max_length=200, default="One press, through the link in each e-mail"
    )

    class Meta:
        abstract = True


class PurposeQuerySet(models.QuerySet["Purpose"]):
    def with_translations(self) -> "PurposeQuerySet":
        """Read the words of all languages along, so that `words` costs nothing."""
        return self.prefetch_related("translations")


class Purpose(PurposeWords):
    """One reason for holding data, with its legal basis and retention: a row of the register of processing (CON-18).

    Its own words are in the site's language; `translations` has those of the others. How long data is kept are three
    numbers, which retention.py acts on and puts into words.
    """

    class Basis(models.TextChoices):
        CONSENT = "consent", _("Consent (art. 6(1)(a))")
        CONTRACT = "contract", _("Steps before a contract (art. 6(1)(b))")
        INTEREST = "interest", _("Legitimate interest (art. 6(1)(f))")

    key = models.SlugField(
        _("key"), max_length=40, unique=True, help_text=_("report, letter or consultation: used by the forms.")
    )
    legal_basis = models.CharField(_("legal basis"), max_length=20, choices=Basis, default=Basis.CONSENT)
    unconfirmed_days = models.PositiveSmallIntegerField(
        _("days for a request that is not confirmed"), default=30, help_text=_("Then it expires.")
    )
    keep_months = models.PositiveSmallIntegerField(
        _("months after the last contact"), default=24, help_text=_("Then consent expires and the data is deleted.")
    )
    proof_years = models.PositiveSmallIntegerField(
        _("years of proof"), default=3, help_text=_("After consent ended, to the end of that year (CON-16).")
    )
    double_opt_in = models.BooleanField(
        _("confirmed by mail"),
        default=True,
        help_text=_("Consent counts only once the owner of the address has pressed the button in our mail."),
    )
    erased_on_withdrawal = models.BooleanField(
        _("withdrawal erases the data"), default=False, help_text=_("Tick where the wording promises it.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    objects = PurposeQuerySet.as_manager()

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        ordering = ["position", "key"]

    def __str__(self) -> str:
        return self.title

    def words(self, language: str) -> PurposeWords:
        """Return what is said of it in a language; where nothing is yet, its own words: better than silence."""
        return next((text for text in self.translations.all() if text.language == language), self)


class PurposeText(PurposeWords):
    """The words of a purpose in another language than the site's own."""

    purpose = models.ForeignKey(Purpose, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)

    class Meta:
        verbose_name = _("translation of a purpose")
        verbose_name_plural = _("translations of a purpose")
        constraints = [models.UniqueConstraint(fields=["purpose", "language"], name="leads_purposetext_language_once")]

    def __str__(self) -> str:
        return f"{self.title} ({self.language})"


class ConsentText(models.Model):
    """One exact wording of a purpose in one language. Once published it never changes (CON-3): write a new version."""

    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="texts", verbose_name=_("purpose"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    version = models.PositiveSmallIntegerField(_("version"), editable=False)
    body = models.TextField(
        _("wording"),
        max_length=600,
        help_text=_("Plain text beside the tick box: who, what for, and the way out. A link to the policy follows it."),
    )
    sha256 = models.CharField(max_length=64, editable=False, db_index=True)
    policy_version = models.CharField(_("privacy policy"), max_length=140, blank=True, editable=False)
    notice_url = models.CharField(_("address of the policy"), max_length=300, blank=True, editable=False)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("consent wording")
        verbose_name_plural = _("consent wordings")
        ordering = ["purpose", "language", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["purpose", "language", "version"], name="leads_consenttext_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.purpose}, {self.get_language_display()}, {_('version')} {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Number a new wording, and refuse to touch a published one (CON-3)."""
        if self.pk and ConsentText.objects.filter(pk=self.pk, published_at__isnull=False).exists():
            raise ValidationError(_("A published wording cannot be changed. Write a new version."))
        if not self.version:
            versions = ConsentText.objects.filter(purpose=self.purpose, language=self.language)
            self.version = 1 + (versions.aggregate(last=models.Max("version"))["last"] or 0)
        self.sha256 = hashlib.sha256(self.body.encode()).hexdigest()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        if self.published_at:
            raise ValidationError(_("A published wording cannot be deleted: people have agreed to it."))
        return super().delete(*args, **kwargs)

    def publish(self, by: Any = None) -> None:
        """Make this the wording that forms show from now on, with the privacy policy that stands behind it (CON-3)."""
        policy = live_policy(self.language)
        self.policy_version = policy_version(policy)
        self.notice_url = policy.get_absolute_url() if policy else ""
        self.published_at = timezone.now()
        self.published_by = by
        self.save()

    @classmethod
    def current(cls, purpose: str, language: str) -> "ConsentText | None":
        """Return the wording that forms show for a purpose's key in a language, or None where none is published."""
        texts = cls.objects.filter(purpose__key=purpose, language=language, published_at__isnull=False)
        return texts.select_related("purpose").order_by("-published_at").first()


def live_policy(language: str) -> PageRevision | None:
    """Return the privacy policy that visitors see in a language, or None where there is none."""
    policies = PageRevision.objects.live().filter(language=language, purpose="privacy")
    return policies.order_by("position", "title").first()


def policy_version(policy: PageRevision | None) -> str:
    """Return what names one state of the policy, "privacy-policy/3"; "" for none."""
    return f"{policy.slug}/{policy.number}" if policy else ""


class Report(Publishable):
    """A gated document and the page that offers it."""

    class Gate(models.TextChoices):
        OPEN = "open", _("Open: anybody downloads it from its page, without a form")
        EMAIL_ONLY = "email_only", _("Address only: the newsletter is a second, optional box")
        SUBSCRIBE = "subscribe", _("For readers of the letter: the page states the exchange")

    points = models.TextField(_("three points"), blank=True, help_text=_("One on each line, beside the title."))
    form_note = models.CharField(_("note above the form"), max_length=120, blank=True, help_text=_("“48 pages. Free.”"))
    inside = models.TextField(_("what is inside"), blank=True, help_text=_("One on each line: “Chapter | page 4”."))
    chart_title = models.CharField(_("title of the chart"), max_length=120, blank=True)
    chart_note = models.CharField(_("what the chart shows"), max_length=160, blank=True)
    chart = models.TextField(_("chart"), blank=True, help_text=_("One on each line: “Backend, senior | 25200”."))
    chart_source = models.CharField(_("source of the chart"), max_length=200, blank=True)
    method = models.TextField(_("how we count"), blank=True, help_text=_("Markdown."))
    cover = models.ForeignKey(Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
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
        help_text=_("Each consent keeps the gate under which it was given. Nobody who leaves later loses the report."),
    )
    without_letter = models.BooleanField(
        _("offer it without the letter too"),
        default=True,
        help_text=_("For readers of the letter: adds the button “Just send me the report”."),
    )

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
        if not self.pk or not self.editions.exists():
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

    @property
    def current_edition(self) -> "Edition | None":
        """The newest edition whose day has come."""
        return self.editions.filter(date__lte=timezone.localdate()).order_by("-date", "-pk").first()


def _pairs(lines: str) -> list[tuple[str, str]]:
    """Read lines of “words | more words” into pairs; the second half may be missing."""
    pairs = [line.partition("|") for line in lines.splitlines() if line.strip()]
    return [(left.strip(), right.strip()) for left, _bar, right in pairs]


class ReportRevision(Revision):
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


class CookieWording(models.Model):
    """The exact words of a cookie notice, kept when somebody first answers them. Never changed (COO-6, CON-3)."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    words = models.TextField(_("wording"))

    def __str__(self) -> str:
        return self.sha256[:8]


class CookieChoice(models.Model):
    """One answer to the cookie notice: proof without a person (COO-6). The last one of an id is what holds.

    The id is random, made by the browser at the first press; no address, no network, no browser's name.
    """

    choice_id = models.CharField(_("random id"), max_length=32, db_index=True)
    categories = models.CharField(_("agreed to"), max_length=60, blank=True, help_text=_("Empty: all refused."))
    version = models.CharField(_("vendors"), max_length=8)
    wording = models.ForeignKey(CookieWording, on_delete=models.PROTECT, related_name="+", verbose_name=_("wording"))
    gpc = models.BooleanField(_("Global Privacy Control"), default=False)
    decided_at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("cookie choice")
        verbose_name_plural = _("cookie choices")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.choice_id[:8]


class PageCount(models.Model):
    """How often things happened on a page in a day; with the name of the call to action where one was part of it."""

    day = models.DateField(_("day"))
    page = models.CharField(_("page"), max_length=300)
    cta = models.CharField(_("call to action"), max_length=80, blank=True)
    views = models.PositiveIntegerField(_("views"), default=0)
    copies = models.PositiveIntegerField(_("copies"), default=0)
    downloads = models.PositiveIntegerField(_("downloads"), default=0)
    forms_shown = models.PositiveIntegerField(_("forms seen"), default=0)
    submitted = models.PositiveIntegerField(_("forms sent"), default=0)
    confirmed = models.PositiveIntegerField(_("confirmed"), default=0)

    class Meta:
        verbose_name = _("page count")
        verbose_name_plural = _("page counts")
        ordering = ["-day", "-views", "page"]
        constraints = [models.UniqueConstraint(fields=["day", "page", "cta"], name="leads_pagecount_row_once")]

    def __str__(self) -> str:
        return f"{self.page}, {self.day}"


class Lead(models.Model):
    """A person who left an address. The only table, with submissions, that holds who they are."""

    public_id = models.CharField(max_length=32, unique=True, default=random_id, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254)
    email_normal = models.CharField(max_length=254, unique=True, editable=False)
    # What Suppression knows the address by, so that lists can ask (CON-14).
    suppression_hmac = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        # Deliberately without the address: Django's admin log keeps this text after an erasure (CON-13).
        return _("Lead %(id)s") % {"id": self.public_id[:8]}


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def contactable(self) -> "SubmissionQuerySet":
        """Keep those whose person may be written to about them: what lists, searches and exports show (CON-14).

        Out is a submission whose own purpose its person ended, by their last decision in the ledger; one whose address
        complained; and one whose address is blocked, where the purpose needs a confirmation by mail. An enquiry is a
        question to us: it stays when only the letter was withdrawn, after an erasure of before, and where mail comes
        back, since there is a phone. `outbox` asks the like before it sends. Costs no query of its own.
        """
        blocks = Suppression.objects.filter(
            models.Q(scope=Suppression.ALL) | models.Q(scope=models.OuterRef("kind")),
            hmac=models.OuterRef("lead__suppression_hmac"),
        )
        complained = models.Exists(blocks.filter(reason=Suppression.Reason.COMPLAINT))
        asked_by_mail = models.Exists(Purpose.objects.filter(key=models.OuterRef("kind"), double_opt_in=True))
        decided = self._last_decision()
        open_to_us = models.Q(decided=None) | models.Q(decided=ConsentEvent.State.GIVEN)
        return decided.filter(open_to_us, ~complained, ~asked_by_mail | ~models.Exists(blocks))

    def hidden(self) -> "SubmissionQuerySet":
        """Keep the others: for privacy officers."""
        return self.exclude(pk__in=Submission.objects.contactable().values("pk"))

    def _last_decision(self) -> "SubmissionQuerySet":
        """Add `decided`: the state in which the person's last decision left the purpose. Asking again is none."""
        own = ConsentPayload.objects.filter(form=models.OuterRef("public_id")).values("subject_ref")
        decisions = ConsentEvent.objects.filter(
            payload__subject_ref=models.OuterRef("subject_ref"), purpose__key=models.OuterRef("kind")
        ).exclude(state=ConsentEvent.State.REQUESTED)
        known = self.alias(subject_ref=models.Subquery(own[:1]))
        return known.alias(decided=models.Subquery(decisions.order_by("-seq").values("state")[:1]))


class Submission(models.Model):
    """One form sent by a visitor."""

    class Kind(models.TextChoices):
        REPORT = "report", _("Salary report")
        CONSULTATION = "consultation", _("Consultation")

    class State(models.TextChoices):
        HELD = "held", _("Held for review")
        NEW = "new", _("New")
        REPLIED = "replied", _("Replied")
        CLOSED = "closed", _("Closed")
        SPAM = "spam", _("Spam")

    class Topic(models.TextChoices):
        ONE = "one", _("Hire one person")
        TEAM = "team", _("Hire a team")
        CONTRACTORS = "contractors", _("Bring in contractors")
        OTHER = "other", _("Something else")

    class Job(models.TextChoices):
        FOUNDER = "founder", _("Founder")
        HR = "hr", _("HR or talent")
        ENGINEERING = "engineering", _("Engineering lead")
        CANDIDATE = "candidate", _("Candidate")

    class HeldBecause(models.TextChoices):
        TRAP = "trap", _("A field that people do not see was filled in")
        ADDRESS = "address", _("Many forms named this address")
        NO_BROWSER = "no_browser", _("It did not come from a browser")
        HASTE = "haste", _("It was sent faster than a person can")
        MANY = "many", _("Many forms came at once, and this one without proof of work")

    public_id = models.CharField(max_length=32, unique=True, default=random_id, editable=False)
    kind = models.CharField(_("wants"), max_length=20, choices=Kind)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="submissions", verbose_name=_("lead"))
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("report"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    created_at = models.DateTimeField(_("received"), auto_now_add=True, db_index=True)
    # what they wrote
    name = models.CharField(_("name"), max_length=120, blank=True)
    company = models.CharField(_("company"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    job = models.CharField(_("their role"), max_length=20, choices=Job, blank=True)
    topic = models.CharField(_("topic"), max_length=20, choices=Topic, blank=True)
    message = models.TextField(_("message"), blank=True, max_length=4000)
    # where they came from
    page = models.CharField(_("page"), max_length=300, blank=True, help_text=_("The page on which they decided."))
    cta = models.ForeignKey(
        CallToAction, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("call to action")
    )
    referrer_host = models.CharField(_("came to us from"), max_length=120, blank=True)
    utm = models.JSONField(_("campaign"), default=dict, blank=True)
    # confirmation by double opt-in: the token is derived from a key and `public_id`, and kept as a hash only (EML-7)
    confirm_hash = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    confirm_until = models.DateTimeField(null=True, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    # one sending, however often it arrives: which form it was, and a keyed hash of its answers (REL-3)
    idem_key = models.CharField(max_length=64, unique=True, null=True, editable=False)
    answers_mac = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    # what staff do with it
    held_because = models.CharField(_("held because"), max_length=20, choices=HeldBecause, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.NEW, db_index=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("owner")
    )
    notes = models.TextField(_("notes"), blank=True, help_text=_("For the team. The person may ask to read them."))

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-created_at"]
        permissions = [("export_submission", "Can export submissions")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference}"

    @property
    def reference(self) -> str:
        """What the visitor can quote: "NB-" and six digits or letters."""
        return f"NB\u2011{self.public_id[:6].upper()}"  # a hyphen that does not break


class ConsentEventQuerySet(models.QuerySet["ConsentEvent"]):
    def of_person(self, subject_ref: str) -> "ConsentEventQuerySet":
        """Keep the entries of one person, for as long as their payloads are kept."""
        return self.filter(payload__subject_ref=subject_ref)


class ConsentEvent(models.Model):
    """One entry in the ledger: a purpose, a decision, and the exact words shown (CON-1). Written by `ledger.append`.

    Entries are a chain (§1.1, CON-19): each has the hash of the one before, and a MAC under a key that the database
    does not hold. The database itself refuses to change or delete one (I8, leads/triggers.py). Whose decision it was
    is in the payload, which can be deleted; what stays of it here is a salted commitment.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("Asked, not confirmed yet")
        GIVEN = "given", _("Given")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")
        INVALIDATED = "invalidated", _("Declared invalid")
        ERASED = "erased", _("Erased")

    class Method(models.TextChoices):
        WEB_FORM = "web_form", _("Form on the site")
        MAIL_BUTTON = "mail_button", _("Button after a link in a mail")
        ONE_CLICK = "one_click", _("Unsubscribe button of the mail program")
        COMPLAINT = "complaint", _("Reported as spam, as the mail provider says")
        STAFF = "staff", _("Staff")
        IMPORT = "import", _("Import")
        SYSTEM = "system", _("The site itself")

    seq = models.PositiveBigIntegerField(_("number"), primary_key=True)
    event_id = models.CharField(max_length=32, unique=True, default=random_id)
    schema_version = models.PositiveSmallIntegerField()
    occurred_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(_("written"))
    # No index: there are few purposes, and SQLite would read all entries of one instead of a person's own.
    purpose = models.ForeignKey(
        Purpose,
        on_delete=models.PROTECT,
        to_field="key",
        related_name="+",
        verbose_name=_("purpose"),
        db_index=False,
    )
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+", verbose_name=_("wording"))
    text_sha256 = models.CharField(max_length=64)
    policy_version = models.CharField(_("privacy policy"), max_length=140, blank=True)
    locale = models.CharField(_("language"), max_length=10)
    state = models.CharField(_("decision"), max_length=20, choices=State)
    method = models.CharField(_("how"), max_length=20, choices=Method)
    gate_mode = models.CharField(_("gate"), max_length=20, blank=True)
    actor = models.CharField(_("by"), max_length=40)
    erases = models.JSONField(_("payloads deleted"), default=list)
    idem_key = models.CharField(max_length=64, unique=True)
    commitment = models.CharField(max_length=64, blank=True)
    prev_hash = models.CharField(max_length=64, unique=True)  # unique: no two entries can follow the same one (I10)
    hash = models.CharField(max_length=64, unique=True)
    mac = models.CharField(max_length=64)
    mac_key_id = models.CharField(max_length=16)

    objects = ConsentEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent event")
        verbose_name_plural = _("consent events")
        ordering = ["-seq"]

    def __str__(self) -> str:
        return f"{self.purpose}: {self.get_state_display()}"


class ConsentPayload(models.Model):
    """Whose decision an entry of the ledger was, and how it came about. Deleted when its time is over (CON-16).

    The person is named by `subject_ref`, a keyed hash of the address (§1.1), so that the proof can be found again when
    somebody gives the address. `form` is the random id of the submission, which says nothing once that is erased.
    """

    event = models.OneToOneField(ConsentEvent, on_delete=models.PROTECT, primary_key=True, related_name="payload")
    salt = models.CharField(max_length=64)
    subject_ref = models.CharField(max_length=64, db_index=True)
    form = models.CharField(_("form"), max_length=32, blank=True, db_index=True)
    page = models.CharField(_("page"), max_length=300, blank=True)
    controls = models.JSONField(_("what was pressed"), default=dict)
    message_id = models.CharField(_("confirmation mail"), max_length=120, blank=True)
    smtp_reply = models.CharField(_("answer of the mail server"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("details of a consent event")
        verbose_name_plural = _("details of consent events")

    def __str__(self) -> str:
        return f"{self.pk}"


class Suppression(models.Model):
    """An address that must not be written to, as a keyed hash: it stays when the person is erased (CON-14)."""

    ALL = "all"

    class Reason(models.TextChoices):
        UNSUBSCRIBE = "unsubscribe", _("Withdrawn")
        ERASURE = "erasure", _("Erased")
        COMPLAINT = "complaint", _("Complained")
        BOUNCE = "bounce", _("Bounced")

    hmac = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    scope = models.CharField(_("for"), max_length=40, help_text=_("A purpose’s key, or “all”."))
    reason = models.CharField(_("why"), max_length=20, choices=Reason)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(fields=["hmac", "key_id", "scope", "reason"], name="leads_suppression_once")
        ]

    def __str__(self) -> str:
        return f"{self.scope}: {self.get_reason_display()}"


class SoftBounces(models.Model):
    """How often mail to an address came back for a passing reason, as a keyed hash (EML-15)."""

    hmac = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    times = models.PositiveSmallIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hmac", "key_id"], name="leads_softbounces_once")]

    def __str__(self) -> str:
        return str(self.times)


class TakenReport(models.Model):
    """What a mail provider told us and was acted upon, as a hash: told again, it changes nothing (EML-15)."""

    key = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.key[:8]


class RetentionRun(models.Model):
    """What one run of retention let go: how many by rule, and nothing of whom (CON-17)."""

    at = models.DateTimeField(_("when"))
    counts = models.JSONField(_("what went"), default=dict)

    class Meta:
        verbose_name = _("retention run")
        verbose_name_plural = _("retention runs")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class OutgoingMail(models.Model):
    """A mail that is owed: written with the business transaction, sent by the worker (EML-12).

    It names what to write about, not the words: the text is rendered when it is sent, so that nothing personal waits
    here and a person who withdrew in between gets nothing. `message_id` is fixed, so that a mail sent twice after a
    crash can be recognised as one.
    """

    class Kind(models.TextChoices):
        CONFIRM = "confirm", _("Please confirm")
        REPORT = "report", _("Your report")
        WELCOME = "welcome", _("Welcome to the letter")
        ENQUIRY = "enquiry", _("We have your message")
        TEAM = "team", _("New enquiry, to the team")
        HELD = "held", _("Forms wait for review, to the team")

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")
        CANCELLED = "cancelled", _("Cancelled")

    TO_TEAM = {Kind.TEAM, Kind.HELD}

    kind = models.CharField(_("mail"), max_length=20, choices=Kind)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="mails")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, null=True, related_name="+")
    message_id = models.CharField(max_length=120, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    # who holds the mail, and until when: by the database's clock, and by the machine's that never jumps (REL-6)
    lease_until = models.DateTimeField(null=True, editable=False)
    lease_boot = models.CharField(max_length=40, blank=True, editable=False)
    lease_ticks = models.FloatField(default=0, editable=False)
    last_error = models.CharField(_("last answer"), max_length=300, blank=True)
    smtp_reply = models.CharField(_("receipt of the mail server"), max_length=300, blank=True)
    uncertain = models.PositiveSmallIntegerField(
        _("perhaps sent before"),
        default=0,
        help_text=_("How often the connection broke, or the worker stopped, when the server may have had it."),
    )
    created_at = models.DateTimeField(_("owed since"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outbox")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_state_display()})"


class OutboxState(models.Model):
    """The one row on the outbox as a whole: when a worker was last at it, and whether it is paused (EML-14)."""

    beat_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    paused_at = models.CharField(max_length=20, blank=True)  # the stage of the talk with the mail server
    paused_for = models.CharField(max_length=300, blank=True)  # what the server said, without addresses
    pauses = models.PositiveSmallIntegerField(default=0)  # in a row

    def __str__(self) -> str:
        return self.paused_at or "running"

    @classmethod
    def get(cls) -> "OutboxState":
        return cls.objects.filter(pk=1).first() or cls.objects.get_or_create(pk=1)[0]


class OwedEvent(models.Model):
    """A sent form that Meta is owed word of, by a visitor's consent (COO-13); sent by the worker (conversions.py)."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")
        CANCELLED = "cancelled", _("Cancelled")

    event_id = models.CharField(_("event id"), max_length=32)  # the pixel's as well, so that Meta counts both as one
    submission = models.OneToOneField(Submission, on_delete=models.CASCADE, related_name="owed_event")
    choice_id = models.CharField(_("cookie choice"), max_length=32)
    user_agent = models.CharField(max_length=300, blank=True)  # emptied when nothing is owed any more
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(_("last answer"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("owed since"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("event for Meta")
        verbose_name_plural = _("events for Meta")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return self.event_id[:8]

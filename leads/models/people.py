"""People who left an address, and the forms they sent: the only tables that hold who they are."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.models.consents import ConsentEvent, ConsentPayload, Suppression, random_id
from leads.models.purposes import Purpose
from leads.models.reports import Report
from recruitcms.languages import language_choices
from recruitcms.models import CallToAction


class Lead(models.Model):
    """A person who left an address. The only table, with submissions, that holds who they are."""

    public_id = models.CharField(max_length=32, unique=True, default=random_id, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254)
    email_normal = models.CharField(max_length=254, unique=True, editable=False)
    # What Suppression knows the address by, so that lists can ask (CON-14).
    suppression_hmac = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=language_choices)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        # Deliberately without the address: Django's admin log keeps this text after an erasure (CON-13).
        return _("Lead %(id)s") % {"id": self.public_id[:8]}


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Divides submissions by whether their people may be written to about them."""

    def contactable(self) -> "SubmissionQuerySet":
        """Keep those whose person may be written to about them: what lists, searches and exports show (CON-14).

        Out is a submission whose own purpose its person ended, by their last decision in the ledger; one whose address
        complained; and one whose address is blocked, where the purpose needs a confirmation by mail. An enquiry is a
        question to us: it stays when only the letter was withdrawn, after an erasure of before, and where mail comes
        back, since there is a phone. So does a held form: its sender was told that one of us reads it. `outbox` asks
        the like before it sends. Costs no query of its own.
        """
        blocks = Suppression.objects.filter(
            models.Q(scope=Suppression.ALL) | models.Q(scope=models.OuterRef("kind")),
            hmac=models.OuterRef("lead__suppression_hmac"),
        )
        complained = models.Exists(blocks.filter(reason=Suppression.Reason.COMPLAINT))
        asked_by_mail = models.Exists(Purpose.objects.filter(key=models.OuterRef("kind"), double_opt_in=True))
        decided = self._last_decision()
        open_to_us = models.Q(decided=None) | models.Q(decided=ConsentEvent.State.GIVEN)
        wanted = models.Q(state=Submission.State.HELD) | (open_to_us & (~asked_by_mail | ~models.Exists(blocks)))
        return decided.filter(~complained).filter(wanted)

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
        ADDRESS = "address", _("Many forms named this address within minutes")
        NO_BROWSER = "no_browser", _("It did not come from an ordinary browser")
        HASTE = "haste", _("It was sent faster than a person can fill it in")
        MANY = "many", _("Very many forms came at once, and this browser did no proof of work (no JavaScript?)")

    public_id = models.CharField(max_length=32, unique=True, default=random_id, editable=False)
    kind = models.CharField(_("wants"), max_length=20, choices=Kind)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="submissions", verbose_name=_("lead"))
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("report"))
    language = models.CharField(_("language"), max_length=10, choices=language_choices)
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
    # one sending, however often it arrives: which form it was, and keyed hashes of its answers, of these alone and of
    # these from one network (REL-3)
    idem_key = models.CharField(max_length=64, unique=True, null=True, editable=False)
    answers_mac = models.CharField(max_length=64, blank=True, editable=False)
    again_mac = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    # what staff do with it
    state_since = models.DateTimeField(_("in this state since"), default=timezone.now, editable=False)
    held_because = models.CharField(
        _("why it was held"), max_length=20, choices=HeldBecause, blank=True, editable=False
    )
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

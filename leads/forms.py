"""The public forms: the report page's, the short one on role pages, and the consultation's.

A form belongs to a site content (language, wordings, policy page) and is the same for every visitor, so that the page
around it can be cached whole.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from leads import tickets
from leads.addresses import MAX_LENGTH, normalise
from leads.models import ConsentText, Report, ReportRevision, Submission
from recruitcms.languages import codes
from recruitcms.models import CallToAction, PageRevision
from recruitcms.site_content import SiteContent
from recruitcms.translated import localized_url

# Control characters, invisible ones, and those that turn the reading direction of what follows (SEC-24, EML-11).
INVISIBLE = r"\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
CONTROL = re.compile(rf"[\x00-\x1f{INVISIBLE}]")
CONTROL_BUT_LINES = re.compile(rf"[\x00-\x08\x0b-\x1f{INVISIBLE}]")
TOO_LONG = _("Use at most %(limit_value)d characters. You wrote %(show_value)d.")
# Stands in kept HTML for the path of the page that the form is put into.
PAGE_PLACE = "/the-page-that-shows-this-form/"


class Line(forms.CharField):
    """One line of text. Long text is refused with the limit, never cut off in silence."""

    forbidden = CONTROL

    def __init__(self, *, missing: Any = "", max_length: int, **kwargs: Any) -> None:
        messages = {"max_length": TOO_LONG} | ({"required": missing} if missing else {})
        super().__init__(max_length=max_length, required=bool(missing), error_messages=messages, **kwargs)
        self.widget.attrs["class"] = "input"

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Leave `maxlength` out: with it a browser cuts pasted text without a word."""
        return {}

    def to_python(self, value: Any) -> str:
        text = (super().to_python(value) or "").replace("\r\n", "\n")
        if self.forbidden.search(text):
            raise ValidationError(_("Remove the characters that cannot be printed."), code="control")
        return text


class Text(Line):
    """Several lines of text."""

    forbidden = CONTROL_BUT_LINES
    widget = forms.Textarea


class Address(Line):
    """An e-mail address, kept as it was typed."""

    widget = forms.EmailInput

    def __init__(self, **kwargs: Any) -> None:
        missing = _("Enter an e-mail address like name@company.com")
        super().__init__(missing=missing, max_length=MAX_LENGTH, **kwargs)
        self.widget.attrs["autocomplete"] = "email"

    def validate(self, value: str) -> None:
        super().validate(value)
        normalise(value)


class ConsentBox(forms.CheckboxInput):
    """A tick box whose value names the words beside it: what was shown is what is recorded (CON-1)."""

    def __init__(self, sha256: str) -> None:
        super().__init__(check_test=lambda value: value == sha256)
        self.sha256 = sha256

    def format_value(self, value: Any) -> str:
        return self.sha256

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name) or ""


class ConsentField(forms.Field):
    """Consent to one purpose, never ticked beforehand (CON-4). Cleans to the wording agreed to, or None."""

    def __init__(self, text: ConsentText, policy: PageRevision | None, missing: Any) -> None:
        link = _link(policy, text.language) if policy else ""
        super().__init__(
            widget=ConsentBox(text.sha256),
            label=format_html("{}{}", text.body, link),
            required=bool(missing),
            error_messages={"required": missing},
        )
        self.text = text

    def to_python(self, value: Any) -> ConsentText | None:
        if not value:
            return None
        if value != self.text.sha256:
            raise ValidationError(
                _("The wording has changed since you opened the page. Please read it and tick again."), code="wording"
            )
        return self.text


def _link(policy: PageRevision, language: str) -> SafeString:
    """Return the link to the policy beside a wording; it says where the policy is in another language."""
    foreign = format_html(' hreflang="{}"', policy.language) if policy.language != language else ""
    return format_html(' <a href="{}"{}>{}</a>', policy.get_absolute_url(), foreign, _("Privacy policy"))


@dataclass(frozen=True)
class Refusal:
    """Why a form is not kept though every answer is right: the answer's status, a title, a sentence what to do."""

    status: int
    title: str
    words: str
    retry_after: int = 0  # seconds


class PublicForm(forms.Form):
    """What every public form has: consent boxes, where it stands, and a refusal of what no browser sends.

    `purposes` names the consents by key, with the sentence for one that is missing ("" where it is optional).
    """

    template = ""
    kind: Submission.Kind
    ids = ""  # two forms may stand on one page: each has its own ids, the names of the fields are the same
    button: Any = ""
    quiet = False  # consents in small type
    purposes: dict[str, Any] = {}

    # Where the form stands: checked when it is kept (capture.py), and never a reason to refuse a visitor.
    page = forms.Field(required=False, widget=forms.HiddenInput)
    cta = forms.Field(required=False, widget=forms.HiddenInput)
    referrer = forms.Field(required=False, widget=forms.HiddenInput(attrs={"data-referrer": True}))
    # Filled in by static/js/site.js (tickets.py); what is empty or wrong there is for spam.py to judge.
    ticket = forms.Field(required=False, widget=forms.HiddenInput)
    work = forms.Field(required=False, widget=forms.HiddenInput)

    data: QueryDict
    refusal: Refusal | None = None  # why a valid form was not kept: for its sender to decide

    def __init__(self, site: SiteContent, data: QueryDict | None = None, page: str = "", cta: str = "") -> None:
        super().__init__(data, auto_id=f"{self.ids}-%s", initial={"page": page, "cta": cta})
        for key, missing in self.asked(site).items():
            text = _shown_wording(site, key, data)
            if text:
                self.fields[f"consent_{key}"] = ConsentField(text, site.privacy_page, missing)

    def asked(self, site: SiteContent) -> dict[str, Any]:
        """Return the purposes that this form asks about, each with the sentence for a missing tick ("": optional)."""
        return self.purposes

    @classmethod
    def is_offered(cls, site: SiteContent) -> bool:
        """Tell whether there are published words for every consent that the form must have."""
        return all(key in site.wordings for key in cls.needed())

    @classmethod
    def needed(cls) -> list[str]:
        """Return the keys of the purposes without whose consent the form cannot be sent."""
        return [key for key, missing in cls.purposes.items() if missing]

    @classmethod
    def languages(cls) -> list[str]:
        """Return the languages that the form is offered in.

        Nobody is asked to agree in a language that the page is not in: consent is informed (art. 4(11) GDPR), and what
        was shown is what is recorded (CON-1). So a form without words of its own leads to the same form in another.
        """
        published = ConsentText.objects.filter(purpose__key__in=cls.needed(), published_at__isnull=False)
        found = set(published.values_list("language", "purpose__key"))
        return [code for code in codes() if all((code, key) in found for key in cls.needed())]

    @property
    def offer_has_changed(self) -> bool:
        """Whether the page showed another offer than the one that stands now."""
        return False

    def refuse(self, refusal: "Refusal") -> None:
        """Say why this form is not kept, and make it one that may be sent anew (REL-3)."""
        self.refusal = refusal
        self.renew_ticket()

    def renew_ticket(self) -> None:
        """Give a form that is shown again a ticket of its own, as a page from the cache cannot have one."""
        self.data = self.data.copy()
        self.data["ticket"], self.data["work"] = tickets.issue(), ""
        if "gate" in self.fields:
            self.data["gate"] = self.initial["gate"]

    @property
    def agreed(self) -> dict[str, ConsentText]:
        """The wordings that were ticked, by the purpose's key. For a valid form."""
        ticked = {key: self.cleaned_data.get(f"consent_{key}") for key in self.purposes}
        return {key: text for key, text in ticked.items() if text}

    @property
    def consents(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name.startswith("consent_")]

    @property
    def questions(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if not field.name.startswith("consent_")]

    def clean(self) -> dict[str, Any]:
        """Refuse fields that came twice: no browser sends them, and which one counts would be a guess (SEC-24)."""
        for field in self.visible_fields():
            if len(self.data.getlist(field.name)) > 1:
                self.errors.pop(field.name, None)
                self.add_error(field.name, _("This answer arrived twice. Please give it once."))
        return self.cleaned_data

    def clean_name(self) -> str:
        """Keep links out of names: mails greet people by them (EML-9)."""
        name = self.cleaned_data["name"]
        if re.search(r"://|www\.|@", name, re.IGNORECASE):
            raise ValidationError(_("Write your name without a link."), code="link")
        return name

    @property
    def error_heading(self) -> str:
        """The title of the error summary, which counts (DESIGN §5)."""
        count = len(self.errors)
        words = {
            1: _("One answer needs another look"),
            2: _("Two answers need another look"),
            3: _("Three answers need another look"),
            4: _("Four answers need another look"),
            5: _("Five answers need another look"),
        }
        several = ngettext("%(count)d answer needs another look", "%(count)d answers need another look", count)
        return str(words.get(count) or several % {"count": count})

    def rendered(self, site: SiteContent, action: str) -> SafeString:
        """Return the form's HTML, in the language that is active."""
        return render_to_string(self.template, {"form": self, "site": site, "action": action})


def _shown_wording(site: SiteContent, key: str, data: QueryDict | None) -> ConsentText | None:
    """Return the words to show for a purpose: the current ones, or the published ones that were ticked before."""
    current = site.wordings.get(key)
    ticked = data.get(f"consent_{key}", "") if data else ""
    if current is None or not re.fullmatch("[0-9a-f]{64}", ticked) or ticked == current.sha256:
        return current
    earlier = ConsentText.objects.filter(purpose__key=key, language=site.language, published_at__isnull=False)
    return earlier.filter(sha256=ticked).select_related("purpose").first() or current


def is_exchange(report: ReportRevision, site: SiteContent) -> bool:
    """Tell whether a report is for readers of the letter: not while there are no words to agree to the letter with."""
    return report.gate_mode == Report.Gate.SUBSCRIBE and "letter" in site.wordings


class ReportRequestForm(PublicForm):
    """What both forms for a report have: its gate (CON-10), and with it which consents must be given."""

    gate = forms.Field(required=False, widget=forms.HiddenInput)  # the one that the visitor saw

    kind = Submission.Kind.REPORT
    quiet = True
    purposes = {"report": _("Tick the box so that we may send you the report"), "letter": ""}

    def __init__(
        self, site: SiteContent, data: QueryDict | None = None, *, report: ReportRevision, **place: str
    ) -> None:
        self.report = report
        self.is_exchange = is_exchange(report, site)
        self.alone = bool(data and data.get("alone") and self.may_be_alone)
        super().__init__(site, data, **place)
        self.initial["gate"] = report.gate_mode

    @property
    def offer_has_changed(self) -> bool:
        """Whether the page showed another exchange than the one that would be recorded."""
        return self.data.get("gate", self.report.gate_mode) != self.report.gate_mode

    @property
    def may_be_alone(self) -> bool:
        """Whether an exchange also offers the report without the letter."""
        return self.is_exchange and self.report.content.get("without_letter", True)

    @property
    def gate_mode(self) -> str:
        """The gate that this form went through: no exchange where the report was asked for alone."""
        return Report.Gate.SUBSCRIBE if self.is_exchange and not self.alone else Report.Gate.EMAIL_ONLY

    @property
    def button(self) -> Any:
        return _("Subscribe, and send me the report") if self.is_exchange else _("Send me the report")

    def asked(self, site: SiteContent) -> dict[str, Any]:
        if not self.is_exchange or self.alone:
            return self.purposes
        return self.purposes | {"letter": _("Tick the box for the letter: the report is for its readers")}


class ReportCardForm(ReportRequestForm):
    """The short form of the salary report's card on role pages: nothing but the address."""

    template = "leads/forms/card.html"
    ids = "gift"

    form = forms.Field(required=False, initial="card", widget=forms.HiddenInput)
    email = Address(label=_("Work e-mail"))


class ReportForm(ReportRequestForm):
    """The form of the report's own page."""

    template = "leads/forms/report.html"
    ids = "report"

    name = Line(label=_("First name"), missing=_("Enter your first name"), max_length=120)
    email = Address(label=_("Work e-mail"), help_text=_("We send the download link here."))
    job = forms.ChoiceField(
        label=_("Your role"),
        required=False,
        choices=[("", _("Choose one")), *Submission.Job.choices],
        widget=forms.Select(attrs={"class": "input", "autocomplete": "organization-title"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "given-name"


class ConsultationForm(PublicForm):
    """The enquiry: who, what for, and how to reach them."""

    template = "leads/forms/consultation.html"
    ids = "call"
    kind = Submission.Kind.CONSULTATION
    button = _("Request a call")
    purposes = {"consultation": _("Tick the box so that we may reply to you"), "letter": ""}

    name = Line(label=_("Your name"), missing=_("Enter your name"), max_length=120)
    company = Line(label=_("Company"), max_length=120)
    email = Address(label=_("Work e-mail"))
    phone = Line(
        label=_("Phone or WhatsApp"),
        max_length=40,
        help_text=_("Only if you would like us to call."),
        widget=forms.TextInput(attrs={"type": "tel"}),
    )
    topic = forms.ChoiceField(
        label=_("What do you need?"),
        choices=Submission.Topic.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what you need"), "invalid_choice": _("Choose what you need")},
    )
    message = Text(
        label=_("About the role"),
        missing=_("Tell us a little about the role"),
        max_length=4000,
        help_text=_(
            "Title, must-have skills, location, and when you would like them to start. Up to 4,000 characters."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, kind in {"name": "name", "company": "organization", "phone": "tel"}.items():
            self.fields[name].widget.attrs["autocomplete"] = kind

    def clean_phone(self) -> str:
        phone = self.cleaned_data["phone"]
        if phone and len(re.findall(r"\d", phone)) < 5:
            raise ValidationError(_("Enter a phone number like +48 123 456 789, or leave this empty"), code="invalid")
        return phone


def render_report_form(site: SiteContent, path: str, cta: CallToAction | None) -> SafeString:
    """Return the short report form for the page at a path; "" where no report is live or its words are missing."""
    report = site.report
    if report and report.gate_mode == Report.Gate.OPEN:
        return SafeString(render_to_string("leads/forms/open.html", {"report": report}))
    if not report or not ReportCardForm.is_offered(site):
        return SafeString("")
    number = str(cta.pk) if cta else ""
    make = partial(ReportCardForm, site, report=report, cta=number)
    return _put_into_page(site, f"report-form-{number}", make, report.get_absolute_url(), path)


def render_consultation_form(site: SiteContent, path: str) -> SafeString:
    """Return the consultation form for the page at a path; "" where its words are missing."""
    if not ConsultationForm.is_offered(site):
        return SafeString("")
    action = localized_url(site.language, "consultation")
    cta = site.ctas.get("booking")
    make = partial(ConsultationForm, site, cta=str(cta.pk) if cta else "")
    return _put_into_page(site, "consultation-form", make, action, path)


def _put_into_page(site: SiteContent, key: str, make: Callable[..., PublicForm], action: str, path: str) -> SafeString:
    """Render a form once for all pages of a language, and put the page's own path in."""

    def render() -> str:
        with translation.override(site.language):
            return make(page=PAGE_PLACE).rendered(site, action)

    return SafeString(site.render_once(key, render).replace(PAGE_PLACE, escape(path)))

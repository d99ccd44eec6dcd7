"""One of each thing that an address of the admin can be about, and one of each kind of person who may ask for it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from leads.models import CookieChoice, Edition, OwedEvent, PageCount, Suppression
from leads.models.visits import CookieWording
from recruitcms import review
from recruitcms.groups import GROUPS
from recruitcms.models import (
    BulkChange,
    ClientLogo,
    FillInWord,
    MissingAddress,
    OpenForm,
    Redirect,
    StaffMail,
    Testimonial,
    WavedThrough,
    WordingException,
)
from roles.moving.models import ImportRun
from roles.search.models import MissedSearch, Synonyms
from tests import factories, lead_factories

LABELS = ["Nobody", "Visitor", "Staff", *GROUPS, "Superuser"]


def make_people() -> dict[str, User | None]:
    """Return who asks, by kind: nobody signed in, an account that is no staff, staff without and with a group …"""
    people: dict[str, User | None] = {"Nobody": None, "Visitor": User.objects.create_user("visitor")}
    people |= {"Staff": factories.make_user("staff"), "Superuser": factories.make_user("root", is_superuser=True)}
    return people | {group: factories.make_user(group.replace(" ", "-").lower(), group) for group in GROUPS}


def make_role() -> Any:
    """Return a role that is published twice, so that revisions can be compared."""
    role = factories.published_role()
    role.publish()
    return role


def make_page() -> Any:
    page = factories.make_page()
    page.publish()
    return page


def make_staff_mail() -> StaffMail:
    role, writer = factories.make_role(), factories.make_user("wanda", "Writers", email="wanda@northbeam.example")
    review.ask(role, writer, factories.make_user("rita", "Reviewers", email="rita@northbeam.example"))
    return StaffMail.objects.latest("pk")


def make_cookie_choice() -> CookieChoice:
    wording = CookieWording.objects.create(sha256="c" * 64, language="en", words="Cookies?")
    return CookieChoice.objects.create(choice_id="c" * 32, version="1", wording=wording)


def today() -> dict[str, Any]:
    return {"last_seen": timezone.localdate()}


def make_report() -> Any:
    report = lead_factories.published_report()
    report.publish()
    return report


MAKE: dict[str, Callable[[], Any]] = {
    "auth.group": lambda: Group.objects.create(name="Interns"),
    "auth.user": lambda: factories.make_user("colleague"),
    "leads.consentevent": lambda: lead_factories.record(lead_factories.make_submission(), "report", "requested"),
    "leads.consenttext": lambda: lead_factories.make_wording(published=False),
    "leads.cookiechoice": make_cookie_choice,
    "leads.outgoingmail": lead_factories.make_mail,
    "leads.owedevent": lambda: OwedEvent.objects.create(
        event_id="a" * 32, submission=lead_factories.make_submission(), choice_id="c" * 32
    ),
    "leads.pagecount": lambda: PageCount.objects.create(day=timezone.localdate(), page="/"),
    "leads.purpose": lead_factories.make_purpose,
    "leads.report": make_report,
    "leads.submission": lead_factories.make_submission,
    "leads.suppression": lambda: Suppression.objects.create(hmac="b" * 64, key_id="k", scope="all", reason="bounce"),
    "recruitcms.calltoaction": lambda: factories.make_cta("booking"),
    "recruitcms.clientlogo": lambda: ClientLogo.objects.create(name="Quillstone", mark="logo-old"),
    "recruitcms.fillinword": lambda: FillInWord.objects.create(key="firm", label="Firm", words="Firm"),
    "recruitcms.missingaddress": lambda: MissingAddress.objects.create(path="/gone/", language="en", **today()),
    "recruitcms.page": make_page,
    "recruitcms.person": factories.make_person,
    "recruitcms.picture": factories.make_picture,
    "recruitcms.redirect": lambda: Redirect.objects.create(old_path="/old/", target="/people/"),
    "recruitcms.sitesettings": factories.make_site,
    "recruitcms.staffmail": make_staff_mail,
    "recruitcms.testimonial": lambda: Testimonial.objects.create(quote="Good.", person=factories.make_person()),
    "recruitcms.wordingexception": lambda: WordingException.objects.create(words="ninja", reason="A name."),
    "roles.category": factories.make_category,
    "roles.missedsearch": lambda: MissedSearch.objects.create(language="en", words="astronaut", **today()),
    "roles.paynote": factories.make_pay_note,
    "roles.role": make_role,
    "roles.salaryband": factories.make_band,
    "roles.synonyms": lambda: Synonyms.objects.create(language="en", words="ML, machine learning"),
}


@dataclass
class Everything:
    """What addresses of the admin are about: `rows` by model, and what hangs on a document or on nothing."""

    rows: dict[str, Any] = field(default_factory=dict)
    import_run: Any = None
    mail_file: str = "20261127T120000.000000Z-abcdef.eml"

    @classmethod
    def make(cls) -> "Everything":
        rows = {label: make() for label, make in MAKE.items()}
        mail = EmailMessage()
        mail["Subject"], mail["To"] = "Hello", "marta@quillstone.example"
        mail.set_content("Hello.")
        mail.add_alternative("<html><head></head><body>Hello.</body></html>", subtype="html")
        folder = Path(settings.MAIL_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / cls.mail_file).write_bytes(mail.as_bytes())
        return cls(rows, ImportRun.objects.create(name="old.zip"))

    @property
    def content_type(self) -> ContentType:
        return ContentType.objects.get_for_model(self.rows["roles.role"])

    def fill(self, label: str, name: str, argument: str, user: User | None) -> Any:
        """Return what stands for an argument of the address `name` of a model's admin, for one person."""
        if name.startswith("mfa_") and argument == "pk":
            return self._passkey_of_a_colleague().pk
        if argument == "key":
            return self._open_form(label, user).key
        if argument == "pk" and "_import_" in name:
            return self.import_run.pk
        if argument == "pk" and name.endswith(("_change_of_many", "_apply", "_undo")):
            return BulkChange.objects.get_or_create(model_label=label, defaults={"title": "Many"})[0].pk
        if argument == "pk" and name == "leads_report_edition":
            return Edition.objects.get(report=self.rows[label]).pk
        if argument == "row":
            return self._waved(label).pk
        fixed = {
            "uidb64": "MQ",
            "token": "no-such-token",
            "language": "de",
            "number": 1,
            "act": "publish",
            "kind": "csv",
            "name": self.mail_file,
        }
        return fixed[argument] if argument in fixed else self.rows[label].pk

    def _open_form(self, label: str, user: User | None) -> OpenForm:
        kind = ContentType.objects.get_for_model(apps.get_model(label))
        owner = user or User.objects.get(username="root")
        return OpenForm.objects.get_or_create(user=owner, content_type=kind, object_id=self.rows[label].pk)[0]

    def _passkey_of_a_colleague(self) -> Authenticator:
        values = {"user": self.rows["auth.user"], "type": Authenticator.Type.WEBAUTHN}
        return Authenticator.objects.get_or_create(**values, defaults={"data": {"name": "Key"}})[0]

    def _waved(self, label: str) -> WavedThrough:
        row = self.rows[label]
        where = {"content_type": ContentType.objects.get_for_model(row), "object_id": row.pk}
        said = {"key": "length", "fingerprint": "0" * 20, "sentence": "Long.", "reason": "Fine."}
        return WavedThrough.objects.get_or_create(**where, defaults=said)[0]


def new_key() -> str:
    return str(uuid.uuid4())

"""E-mail addresses: what counts as one, and when two are the same."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email

from recruitcms.logs import ADDRESS

MAX_LENGTH = 254


def normalise(email: str) -> str:
    """Return the one form by which an address is recognised (§1.1).

    NFC, domain lower-case in IDNA, local part case-folded. Dots and `+tag` stay: removing them would merge different
    people. Raises ValidationError with a sentence for the visitor.
    """
    try:
        checked = validate_email(
            unicodedata.normalize("NFC", email), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        raise ValidationError(_("Enter an e-mail address like name@company.com"), code="invalid") from None
    return f"{checked.local_part.casefold()}@{checked.ascii_domain.lower()}"


def deliverable(email: str) -> str:
    """Return an address as mail is sent to it: the local part as typed, the domain in IDNA 2008, as `normalise` has it.

    Django's own mail layer would turn an international domain into another one (IDNA 2003).
    """
    local, _at, _domain = unicodedata.normalize("NFC", email).rpartition("@")
    return f"{local}@{normalise(email).rpartition('@')[2]}"


def masked(email: str) -> str:
    """Return an address as its owner can recognise it and nobody else can read it: m…@q….com."""
    local, _at, domain = email.rpartition("@")
    name, _dot, ending = domain.rpartition(".")
    return f"{local[:1]}…@{name[:1]}….{ending}"


def without_addresses(text: str) -> str:
    """Return a text with every address blotted out: for logs and notes that outlive a person's data (SEC-22)."""
    return ADDRESS.sub(r"\1…@…", text)

"""The links in mails. Four kinds, each with a salt of its own, so that one never works as another; no address in any.

- confirm: derived from a key and the submission's random id, kept in the database as a hash only, 7 days (EML-7);
- withdraw: names the lead's random id and a purpose, signed, never expires (CON-22, EML-8);
- privacy: names the lead's random id, signed, never expires: it opens the person's own page (CON-12);
- download: names an edition and the time, signed, 7 days; no person in it (§4.2).

Keys can be changed: links made with one of LINK_KEYS_OLD still work, new ones are made with LINK_KEY (EML-8, SEC-25).
"""

import base64
import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.core import signing

from leads.models import ConsentPayload, Edition, Lead, Submission

CONFIRM_DAYS = 7
DOWNLOAD_DAYS = 7
WITHDRAW_SALT = "leads.withdraw"
DOWNLOAD_SALT = "leads.download"
PRIVACY_SALT = "leads.privacy"


class LinkExpiredError(Exception):
    """A download link that was good once; `edition` is the key of the edition it was for."""

    def __init__(self, edition: int) -> None:
        super().__init__("This link has expired.")
        self.edition = edition


def _hmac(key: str, text: str) -> bytes:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()


def subject_ref(email_normal: str) -> str:
    """Return what stands for a person in the ledger: a keyed hash of the normalised address (§1.1).

    Whom the ledger knows under one of PROOF_KEYS_OLD keeps that hash for as long as it does: entries cannot be written
    anew, and all of a person's must be found together.
    """
    refs = [_hmac(key, email_normal).hex() for key in settings.PROOF_KEYS_OLD]
    known = ConsentPayload.objects.filter(subject_ref__in=refs).first() if refs else None
    return known.subject_ref if known else _hmac(settings.PROOF_KEY, email_normal).hex()


def confirm_token(submission: Submission) -> str:
    """Return the token of a submission's confirm link: 256 bits, the same each time, so that it need not be kept.

    A mail that is still owed when the key changes gets the token whose hash is kept.
    """
    made = [_confirm_token(key, submission) for key in [settings.LINK_KEY, *settings.LINK_KEYS_OLD]]
    return next((token for token in made if confirm_hash(token) == submission.confirm_hash), made[0])


def _confirm_token(key: str, submission: Submission) -> str:
    return base64.urlsafe_b64encode(_hmac(key, f"confirm:{submission.public_id}")).decode().rstrip("=")


def confirm_hash(token: str) -> str:
    """Return what the database keeps of a confirm token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _signer(salt: str) -> signing.Signer:
    return signing.Signer(key=settings.LINK_KEY, salt=salt, fallback_keys=settings.LINK_KEYS_OLD)


def withdraw_token(lead: Lead, purpose_key: str) -> str:
    """Return the token with which a person withdraws from a purpose, for ever."""
    return _signer(WITHDRAW_SALT).sign(f"{lead.public_id}.{purpose_key}")


def read_withdraw_token(token: str) -> tuple[str, str] | None:
    """Return a lead's public id and a purpose's key, or None for a token that we did not make."""
    try:
        public_id, _dot, purpose_key = _signer(WITHDRAW_SALT).unsign(token).partition(".")
    except signing.BadSignature:
        return None
    return public_id, purpose_key


def privacy_token(lead: Lead) -> str:
    """Return the token of a person's own page. It proves that its holder reads the person's mail, and nothing more."""
    return _signer(PRIVACY_SALT).sign(lead.public_id)


def read_privacy_token(token: str) -> str | None:
    """Return a lead's public id, or None for a token that we did not make."""
    try:
        return _signer(PRIVACY_SALT).unsign(token)
    except signing.BadSignature:
        return None


def download_token(edition: Edition) -> str:
    """Return the token of a download link, good for DOWNLOAD_DAYS from now."""
    return signing.dumps(edition.pk, key=settings.LINK_KEY, salt=DOWNLOAD_SALT)


def read_download_token(token: str) -> int | None:
    """Return the key of an edition, or None for a token that is not ours. An old one raises LinkExpiredError."""
    signer = signing.TimestampSigner(key=settings.LINK_KEY, salt=DOWNLOAD_SALT, fallback_keys=settings.LINK_KEYS_OLD)
    try:
        edition = signer.unsign_object(token)
        signer.unsign_object(token, max_age=timedelta(days=DOWNLOAD_DAYS))
    except signing.SignatureExpired:
        raise LinkExpiredError(edition) from None
    except signing.BadSignature:
        return None
    return edition

"""Secrets of apps and seeds of recovery codes are kept encrypted, by a key that is not in the database (SEC-9, SEC-25).

A kept one is "<id of its key>:<Fernet token>". One without a colon is of a release that did not encrypt: it works, and
the worker encrypts it within a day. Not a migration: web processes of that release still read while it runs.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

FIELDS = ["secret", "seed"]  # of an app, of recovery codes; passkeys keep nothing secret here


class UnreadableError(Exception):
    """A secret was encrypted by a key that is neither FACTOR_KEY nor one of FACTOR_KEYS_OLD."""


def encrypt(secret: str) -> str:
    """Return a secret as it may lie in the database, under today's key."""
    key = settings.FACTOR_KEY
    return f"{key_id(key)}:{_fernet(key).encrypt(secret.encode()).decode()}"


def decrypt(kept: str) -> str:
    """Return the secret that is kept. Raises UnreadableError where its key is lost, or it was tampered with."""
    if not _is_encrypted(kept):
        return kept
    from cryptography.fernet import InvalidToken

    made_with, _colon, token = kept.partition(":")
    try:
        return str(_fernet(_keys()[made_with]).decrypt(token).decode())
    except (KeyError, InvalidToken) as error:
        raise UnreadableError from error


def renew_all() -> int:
    """Encrypt by today's key what is not, or by one of before. Return how many; what nobody can read stays as it is."""
    today = key_id(settings.FACTOR_KEY)
    return _rewrite(encrypt, lambda kept: not kept.startswith(f"{today}:"))


def decrypt_all() -> int:
    """Take the encryption off, for a release that does not know of it. Return from how many."""
    return _rewrite(str, _is_encrypted)


def unreadable() -> int:
    """Return how many secrets were encrypted by a key that is lost."""
    keys = _keys()
    return sum(_is_encrypted(kept) and kept.partition(":")[0] not in keys for _row, kept in _all())


def key_id(key: str) -> str:
    return hashlib.sha256(f"factor key id:{key}".encode()).hexdigest()[:16]


def _keys() -> dict[str, str]:
    return {key_id(key): key for key in [settings.FACTOR_KEY, *settings.FACTOR_KEYS_OLD]}


def _fernet(key: str) -> Any:
    from cryptography.fernet import Fernet  # costs a process 9 MB, and most never need it

    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"factors:{key}".encode()).digest()))


def _is_encrypted(kept: str) -> bool:
    return ":" in kept  # base32 and hexadecimal digits, as they are made, have none


def _all() -> Iterator[tuple[Authenticator, str]]:
    for row in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk"):
        for field in FIELDS:
            if field in row.data:
                yield row, row.data[field]


def _rewrite(write: Callable[[str], str], is_due: Callable[[str], bool]) -> int:
    """Keep anew each secret that is due. A code that is used meanwhile waits, so that it stays used."""
    done = 0
    for pk in [row.pk for row, kept in _all() if is_due(kept)]:
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue  # removed since
            try:
                row.data |= {field: write(decrypt(row.data[field])) for field in FIELDS if field in row.data}
            except UnreadableError:
                continue
            row.save(update_fields=["data"])
            done += 1
    return done

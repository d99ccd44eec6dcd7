"""Erasing a person from every place, and proving it (CON-13, CON-14, CON-21, §1.2).

What stays: entries of the ledger with a keyed hash, until their time is over (CON-16), and the suppression.
"""

import contextlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote_plus

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.db.models import Q

from leads import ledger, mail_files, suppression, tokens
from leads.addresses import normalise
from leads.models import ConsentEvent, Lead, OutgoingMail, Purpose, Submission
from recruitcms.models import OpenForm, ReviewEntry, ReviewLink, StaffSession

State, Method = ConsentEvent.State, ConsentEvent.Method
ERASED = "[erased]"
CHUNK = 1024 * 1024


@transaction.atomic
def erase(
    lead: Lead, method: ConsentEvent.Method = Method.MAIL_BUTTON, actor: str = "subject", *, block: bool = True
) -> None:
    """Delete a person with everything of theirs; leave the block of the address, and `erased` in the ledger.

    Erasing again changes nothing. Without `block` the address may be written to again at once: for a person of whom
    nothing was held any more.
    """
    if not Lead.objects.select_for_update().filter(pk=lead.pk).exists():
        return
    write_erased(lead, Purpose.objects.all(), method, actor)
    if block:
        suppression.suppress(lead.email_normal, suppression.ALL, suppression.Reason.ERASURE)
    suppression.note(lead.email_normal, "erased", suppression.ALL)
    suppression.forget_soft_bounces(lead.email_normal)
    scrub_admin_log(list(lead.submissions.all()), lead)
    _delete_sessions(lead)
    addresses = {lead.email, lead.email_normal}
    _scrub_desk(addresses)
    lead.delete()
    transaction.on_commit(partial(_wipe_files, addresses))


def write_erased(lead: Lead, purposes: Any, method: ConsentEvent.Method, actor: str) -> None:
    """Write `erased` for each of these purposes that the person ever decided on."""
    ref = tokens.subject_ref(lead.email_normal)
    for purpose in purposes:
        last = ledger.last_event(ref, purpose)
        if last and last.state != State.ERASED:
            ledger.append(ref, last.text, State.ERASED, method, actor=actor)


def scrub_admin_log(submissions: list[Submission], lead: Lead) -> None:
    """Take what Django's admin log says of a person out of it; that something was done, and by whom, stays."""
    mails = OutgoingMail.objects.filter(submission__in=submissions)
    about = Q(object_repr__icontains=lead.email) | Q(change_message__icontains=lead.email)
    for model, rows in ((Submission, submissions), (Lead, [lead]), (OutgoingMail, mails)):
        kind = ContentType.objects.get_for_model(model)  # type: ignore[type-abstract]
        about |= Q(content_type=kind, object_id__in=[str(row.pk) for row in rows])
    LogEntry.objects.filter(about).update(object_repr=ERASED, change_message="")


def _scrub_desk(addresses: set[str]) -> None:
    """Take an address out of what staff and guests wrote beside the pages: comments, and text not saved yet.

    What stands in a page itself is what its editors say to everybody; `places` names it.
    """
    for address in addresses:
        ReviewLink.objects.filter(name__icontains=address).update(name=ERASED)
        ReviewEntry.objects.filter(name__icontains=address).update(name=ERASED)
        ReviewEntry.objects.filter(text__icontains=address).update(text=ERASED)
        for form in OpenForm.objects.filter(typed__icontains=quote_plus(address)):
            form.typed = re.sub(re.escape(quote_plus(address)), quote_plus(ERASED), form.typed, flags=re.IGNORECASE)
            form.save(update_fields=["typed"])


def _delete_sessions(lead: Lead) -> None:
    """End the sessions of staff that hold the address, in a message or a filter."""
    held = [one.pk for one in StaffSession.objects.all() if lead.email.casefold() in str(one.get_decoded()).casefold()]
    StaffSession.objects.filter(pk__in=held).delete()


def _wipe_files(addresses: set[str]) -> None:
    """Delete mails kept as files, and on SQLite the old pages in the write-ahead log."""
    for name in mail_files.names():
        path = Path(settings.MAIL_DIR) / name
        with contextlib.suppress(FileNotFoundError):  # another worker deleted it since it was listed
            if _contains(path, addresses):
                path.unlink()
    wipe_log()


def wipe_log() -> None:
    """Empty SQLite's write-ahead log, which keeps pages as they were. A reader may prevent it: the worker tries again.

    Freed pages are overwritten at once (`secure_delete` in the settings). On PostgreSQL VACUUM does the like in time.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# --- proof ---


def places(address: str) -> Iterator[str]:
    """Yield every place where an address is found: table, column and key, or file. Raises ValidationError for none."""
    wanted = {address.strip(), normalise(address)}
    wanted |= {quote_plus(one) for one in wanted}  # as forms and addresses write it
    for model in apps.get_models():
        yield from _rows(model, wanted)
    for session in StaffSession.objects.all():
        if any(one.casefold() in str(session.get_decoded()).casefold() for one in wanted):
            yield f"session {session.pk[:6]}…"
    for path in sorted(settings.DATA_DIR.rglob("*")):
        if path.is_file() and settings.STATIC_ROOT not in path.parents and _contains(path, wanted):
            yield str(path.relative_to(settings.DATA_DIR))


def _rows(model: Any, wanted: set[str]) -> Iterator[str]:
    kinds = (models.CharField, models.TextField, models.JSONField)
    for field in model._meta.concrete_fields:
        if isinstance(field, kinds):
            about = Q()
            for one in wanted:
                about |= Q(**{f"{field.name}__icontains": one})
            for pk in model._default_manager.filter(about).values_list("pk", flat=True):
                yield f"{model._meta.db_table}.{field.column}, row {pk}"


def _contains(path: Path, wanted: set[str]) -> bool:
    """Tell whether a file, or one within it where it is a zip, has one of these addresses, in whichever case."""
    with open(path, "rb") as file:
        if _says(file, wanted):
            return True
    with (
        contextlib.suppress(zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error),
        zipfile.ZipFile(path) as archive,
    ):
        for name in archive.namelist():
            with archive.open(name) as file:
                if _says(file, wanted):
                    return True
    return False


def _says(file: IO[bytes], wanted: set[str]) -> bool:
    """Tell whether a stream has one of these addresses; read in pieces that overlap."""
    needles = [one.casefold().encode() for one in wanted]
    overlap = max(len(needle) for needle in needles)
    tail = b""
    while chunk := file.read(CHUNK):
        piece = tail + chunk.lower()
        if any(needle in piece for needle in needles):
            return True
        tail = piece[-overlap:]
    return False


# --- after a restore ---


def replay() -> int:
    """Do again to a restored database what the journal says was done since (CON-21). Return how many acts it took."""
    done = 0
    people = {hashed: lead for lead in Lead.objects.all() for hashed in suppression.address_hashes(lead.email_normal)}
    journal = suppression.journal()
    lifted = {(entry.hmac, entry.scope): entry.at for entry in journal if entry.act == "lifted"}  # the last of each
    for entry in journal:
        lead = people.get(entry.hmac)
        at = datetime.fromisoformat(entry.at)
        if entry.act == "complained" and lifted.get((entry.hmac, entry.scope), "") < entry.at:
            suppression.suppress_hash(entry.hmac, entry.key_id, entry.scope, suppression.Reason.COMPLAINT)
        if lead is None and entry.act == "erased":
            suppression.suppress_hash(entry.hmac, entry.key_id, entry.scope, suppression.Reason.ERASURE)
        if lead is None:
            continue
        if entry.act == "erased" and lead.created_at < at:
            erase(lead, Method.SYSTEM, "system")
            for hashed in suppression.address_hashes(lead.email_normal):
                del people[hashed]
            done += 1
        elif entry.act == "withdrawn":
            done += _withdraw_again(lead, entry.scope, at)
    return done


def _withdraw_again(lead: Lead, key: str, at: datetime) -> bool:
    from leads import withdrawal  # it imports this module

    purpose = Purpose.objects.filter(key=key).first()
    last = ledger.last_event(tokens.subject_ref(lead.email_normal), purpose) if purpose else None
    if last is None or last.state not in withdrawal.STANDING or last.occurred_at >= at:
        return False
    withdrawal.withdraw(lead, key, Method.SYSTEM)
    return True

"""Where mail providers report bounces and complaints (EML-15). Off unless a setting names a provider, or a key.

A provider's own format and signature, or password, are django-anymail's business. Anybody else signs with HMAC-SHA-256.
"""

import hashlib
import hmac
import logging
import re
import time
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from leads import feedback
from leads.feedback import Feedback, What

log = logging.getLogger(__name__)

MAX_BYTES = 1024 * 1024  # providers send many reports at once, each with the headers of its mail
LATEST = 300  # seconds between signing and arriving, either way
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
VIEWS = {
    "brevo": "brevo.BrevoTrackingWebhookView",
    "mailersend": "mailersend.MailerSendTrackingWebhookView",
    "mailgun": "mailgun.MailgunTrackingWebhookView",
    "mailjet": "mailjet.MailjetTrackingWebhookView",
    "mailtrap": "mailtrap.MailtrapTrackingWebhookView",
    "postmark": "postmark.PostmarkTrackingWebhookView",
}


@csrf_exempt
@require_POST
def signed_feedback(request: HttpRequest) -> HttpResponse:
    """Take reports that are signed with MAIL_EVENTS_KEY: `Mail-Events-Time` (Unix), `Mail-Events-Signature` (hex).

    Signed is the time, a full stop, and the body. 401 for a wrong or an old signature, 400 for no reports. Sent again
    it changes nothing, and is answered alike: the sender may not have heard the first answer.
    """
    if not settings.MAIL_EVENTS_KEY:
        raise Http404
    moment = request.headers.get("Mail-Events-Time", "")
    signature = request.headers.get("Mail-Events-Signature", "")
    if not _is_now(moment) or not hmac.compare_digest(sign(moment, request.body).encode(), signature.encode()):
        return HttpResponse(status=401)
    try:
        reports = feedback.read(request.body)
    except ValueError:
        return HttpResponse(status=400)
    return JsonResponse({"taken": feedback.take_all(reports, signature)})


def sign(moment: str, body: bytes) -> str:
    """Return the signature of a body sent at a moment."""
    return hmac.new(settings.MAIL_EVENTS_KEY.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def _is_now(moment: str) -> bool:
    return re.fullmatch(r"[0-9]{10}", moment) is not None and abs(time.time() - int(moment)) <= LATEST


@csrf_exempt
@require_http_methods(["HEAD", "POST"])  # some ask by HEAD whether anybody is there
def provider_feedback(request: HttpRequest, provider: str) -> HttpResponse:
    """Take reports in the format of the provider that MAIL_EVENTS names, checked with MAIL_EVENTS_SECRET; else 401.

    A report that cannot be read is answered 400; one that we fail to act upon 500, so that it is told again.
    """
    if provider != settings.MAIL_EVENTS:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    from anymail.exceptions import AnymailWebhookValidationFailure  # where they are not used they need not be loaded

    intake = import_string(f"anymail.webhooks.{VIEWS[provider]}")()
    try:
        intake.run_validators(request)
        events = intake.parse_events(request)
    except AnymailWebhookValidationFailure:
        log.warning("A report to /mail-events/ was not signed by %s.", provider)
        return HttpResponse(status=401)
    except UNREADABLE as error:  # a stranger's try must not fill a page of the log
        log.warning("A report to /mail-events/ could not be read: %s.", type(error).__name__)
        return HttpResponse(status=400)
    for event in events:
        _take(event, provider)
    return HttpResponse()


# What they carry is its own authority; they come from other machines, and may be longer than a form.
_views: list[Any] = [signed_feedback, provider_feedback]
for _view in _views:
    _view.cross_origin_ok = True
    _view.max_bytes = MAX_BYTES


def _take(event: Any, provider: str) -> None:
    """Take one report that Anymail has checked and read. Anything that goes wrong makes the provider tell again."""
    what = what_happened(event)
    if what:
        message_id, recipient = event.message_id or "", event.recipient or ""
        once = event.event_id or f"{message_id} {recipient} {event.timestamp}"
        feedback.take(Feedback(what, recipient, message_id, f"{provider} {what} {once}"))


def what_happened(event: Any) -> What | None:
    """Return what Anymail's event means to us; None for what does not concern us.

    Anymail does not tell a mailbox that is full from one that does not exist: the provider's own words do.
    """
    if event.event_type == "complained":
        return What.COMPLAINED
    if event.event_type == "delivered":
        return What.DELIVERED
    if event.event_type == "deferred":  # it is tried again; some call their last word on a full mailbox so, too
        return What.SOFT_BOUNCED if _is_soft(event) else None
    if event.event_type == "rejected":  # by the provider, who knows the address from before
        return What.BOUNCED if event.reject_reason in {"bounced", "invalid"} else None
    if event.event_type == "bounced":
        gone = event.reject_reason in {"bounced", "invalid", None} and not _is_soft(event)
        return What.BOUNCED if gone else What.SOFT_BOUNCED
    return None


def _is_soft(event: Any) -> bool:
    """Tell whether the provider itself calls a bounce soft, or says that it is not hard."""
    told = event.esp_event
    names = " ".join(str(told.get(name, "")) for name in ("Type", "event", "type"))
    return "soft" in names.lower() or told.get("hard_bounce") is False

"""What somebody who is signed in still has to do before the desk opens (SEC-9).

A second factor must have been used, or set up, in this very session, and the recovery codes must have been seen. Once
that is so the session says it, and nothing is asked of the database again. What takes it away (the last factor is
removed) happens in this session too; every other session of the account is ended then.
"""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

THROUGH = "second_factor_done"
ASKED_FOR = "asked_for"
SIGN_IN, SET_UP, CODES = "account_login", "mfa_setup", "mfa_view_recovery_codes"


def missing(request: HttpRequest) -> str:
    """Return the page that has to be passed next, by the name of its address; "" where the desk is open."""
    if not settings.SECOND_FACTOR or request.session.get(THROUGH):
        return ""
    kinds = {one.type: one for one in Authenticator.objects.filter(user=request.user)}
    if not kinds.keys() & {Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN}:
        return SET_UP
    if not used_second_factor(request):
        return SIGN_IN  # a session from before the factor was set up
    codes = kinds.get(Authenticator.Type.RECOVERY_CODES)
    if codes and not codes.data.get("viewed_at"):
        return CODES
    request.session[THROUGH] = True
    return ""


def used_second_factor(request: HttpRequest) -> bool:
    """Tell whether a passkey, an app's code or a recovery code was used in this session."""
    user: Any = request.user
    return any(record["method"] == "mfa" for record in get_authentication_records(request, user))


def ask_again(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired, which asks who it is, unless that was just proved: personal data are to leave.

    Where no second factor is asked for, on one's own machine, this is not either.
    """
    if settings.SECOND_FACTOR:
        raise_if_reauthentication_required(request, app="allauth.mfa")


def note_asked_for(request: HttpRequest, view_name: str) -> None:
    """Keep which page of the desk somebody wanted who is led to a step instead: the last that is not just the desk."""
    if request.method == "GET" and view_name.startswith("admin:") and view_name != "admin:index":
        request.session[ASKED_FOR] = request.get_full_path()


def asked_for(request: HttpRequest) -> str:
    """Return the page that was wanted before the steps, once; else the desk. It was asked of this host (SEC-14)."""
    return request.session.pop(ASKED_FOR, None) or reverse("admin:index")


def step_back(request: HttpRequest) -> None:
    """Ask anew with the next request: the last factor may be gone."""
    request.session.pop(THROUGH, None)

"""Keeps the desk shut until the second factor is in place, and notes that somebody is at work."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from recruitcms.signin import sessions

ALWAYS = {"admin:logout", "admin:jsi18n"}
AGAIN = {"account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"}
NEW_CODES = "mfa_generate_recovery_codes"
# What may be opened while a step is still to be made.
OPEN = {
    "account_login": set[str](),
    "mfa_setup": {"mfa_setup", "mfa_activate_totp", "mfa_add_webauthn", *AGAIN},
    "mfa_view_recovery_codes": {"mfa_view_recovery_codes", "recovery_codes_file", NEW_CODES, *AGAIN},
}


class SecondFactor:
    """Leads staff to the next step of signing in, whatever they asked for. Public pages know nobody, and pass."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        if not request.path_info.startswith("/admin/") or not request.user.is_authenticated:
            return None
        if not _is_sign_of_life(request):
            sessions.note_use(request)
        from recruitcms.signin import steps  # models, which are not there yet when middleware is loaded

        name = request.resolver_match.view_name if request.resolver_match else ""
        step = steps.missing(request)
        if not step or name in ALWAYS | OPEN[step]:
            return None
        if step == steps.SIGN_IN:
            logout(request)
            return redirect_to_login(request.get_full_path())
        steps.note_asked_for(request, name)
        return redirect(step)


def _is_sign_of_life(request: HttpRequest) -> bool:
    """Tell whether a form says that its window is open (static/js/editor.js): nobody need sit before it."""
    return request.path_info.endswith("/keep/") and not {"_here", "_gone"}.isdisjoint(request.POST)

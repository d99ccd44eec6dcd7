"""Addresses of signing in, all under /admin/. allauth asks for some by the names that they have there."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.module_loading import import_string


def view(name: str, module: str = "views") -> Callable[..., HttpResponse]:
    """Return a view that is imported when somebody first asks for it."""

    def late(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return import_string(f"recruitcms.signin.{module}.{name}")(request, **kwargs)

    return late


def factor(name: str) -> Callable[..., HttpResponse]:
    """Return one of the views of second factors. Their code costs a process 10 MB."""
    return view(name, "factors")


urlpatterns = [
    path("login/", view("sign_in"), name="account_login"),
    path("login/second/", factor("second_step"), name="mfa_authenticate"),
    path("login/passkey/", factor("by_passkey"), name="mfa_login_webauthn"),
    path("account/", factor("account"), name="mfa_index"),
    path("account/set-up/", factor("set_up"), name="mfa_setup"),
    path("account/app/", factor("add_app"), name="mfa_activate_totp"),
    path("account/app/remove/", factor("remove_app"), name="mfa_deactivate_totp"),
    path("account/passkeys/add/", factor("add_passkey"), name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/name/", factor("rename_passkey"), name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/remove/", factor("remove_passkey"), name="mfa_remove_webauthn"),
    path("account/recovery-codes/", factor("recovery_codes"), name="mfa_view_recovery_codes"),
    path("account/recovery-codes/file/", factor("recovery_codes_file"), name="recovery_codes_file"),
    path("account/recovery-codes/new/", factor("new_recovery_codes"), name="mfa_generate_recovery_codes"),
    path("account/sessions/end/", view("end_session"), name="end_session"),
    path("account/again/", view("password_again"), name="account_reauthenticate"),
    path("account/again/code/", factor("code_again"), name="mfa_reauthenticate"),
    path("account/again/passkey/", factor("passkey_again"), name="mfa_reauthenticate_webauthn"),
    path("forgotten/", view("forgotten"), name="admin_password_reset"),
    path("forgotten/sent/", view("forgotten_sent"), name="password_reset_done"),
    # One part, like the other links of mails: logs and headers know them by it (SEC-22, SEC-23).
    path("p/<str:uidb64>.<str:token>/", view("new_password"), name="password_reset_confirm"),
    path("forgotten/done/", view("new_password_done"), name="password_reset_complete"),
]

"""Addresses of signing in, all under /admin/. allauth asks for some by the names that they have there."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path


def view(name: str) -> Callable[..., HttpResponse]:
    """Return a view of recruitcms.signin.views that is imported when somebody asks: passkeys bring 10 MB of code."""

    def late(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        from recruitcms.signin import views

        return getattr(views, name)(request, **kwargs)

    return late


urlpatterns = [
    path("login/", view("sign_in"), name="account_login"),
    path("login/second/", view("second_step"), name="mfa_authenticate"),
    path("login/passkey/", view("by_passkey"), name="mfa_login_webauthn"),
    path("account/", view("account"), name="mfa_index"),
    path("account/set-up/", view("set_up"), name="mfa_setup"),
    path("account/app/", view("add_app"), name="mfa_activate_totp"),
    path("account/app/remove/", view("remove_app"), name="mfa_deactivate_totp"),
    path("account/passkeys/add/", view("add_passkey"), name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/name/", view("rename_passkey"), name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/remove/", view("remove_passkey"), name="mfa_remove_webauthn"),
    path("account/recovery-codes/", view("recovery_codes"), name="mfa_view_recovery_codes"),
    path("account/recovery-codes/file/", view("recovery_codes_file"), name="recovery_codes_file"),
    path("account/recovery-codes/new/", view("new_recovery_codes"), name="mfa_generate_recovery_codes"),
    path("account/sessions/end/", view("end_session"), name="end_session"),
    path("account/again/", view("password_again"), name="account_reauthenticate"),
    path("account/again/code/", view("code_again"), name="mfa_reauthenticate"),
    path("account/again/passkey/", view("passkey_again"), name="mfa_reauthenticate_webauthn"),
    path("forgotten/", view("forgotten"), name="admin_password_reset"),
    path("forgotten/sent/", view("forgotten_sent"), name="password_reset_done"),
    # One part, like the other links of mails: logs and headers know them by it (SEC-22, SEC-23).
    path("p/<str:uidb64>.<str:token>/", view("new_password"), name="password_reset_confirm"),
    path("forgotten/done/", view("new_password_done"), name="password_reset_complete"),
]

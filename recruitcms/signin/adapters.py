"""What differs from what django-allauth would do by itself: nobody signs up, nobody but staff signs in."""

import time
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms.networks import client_ip
from recruitcms.signin import kept_secrets
from recruitcms.site_content import site_content


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_password": gettext_lazy("This is not the password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return whose name and password these are. A closed account is answered like a wrong password."""
        return authenticate(request, **credentials)

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Turn away whoever may not sign in, however they proved who they are."""
        return None if user.is_active and user.is_staff else redirect("account_login")

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        request.session["agent"] = request.headers.get("User-Agent", "")[:200]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("admin:index")

    def is_safe_url(self, url: str | None) -> bool:
        """Tell whether an address is on the host that was asked, and no other (SEC-14)."""
        request = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask again who it is, unless they have just signed in (7.5.1)."""
        return not just_signed_in(context.request)

    def get_client_ip(self, request: HttpRequest) -> str:
        return str(client_ip(request) or "")

    def add_message(
        self, request: HttpRequest, level: int, *args: Any, message: str | None = None, **kwargs: Any
    ) -> None:
        """Say what a view says; allauth's own sentences would be another voice."""
        if message:
            super().add_message(request, level, message=message)

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **kwargs: Any) -> None:
        """Send none: allauth asks for it once the change is committed. factors.py owes it in the same transaction."""


class FactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy(
            "This did not work. Codes hold for half a minute and count once: try the next one."
        ),
    }

    def encrypt(self, text: str) -> str:
        return kept_secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return kept_secrets.decrypt(encrypted_text)

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def get_totp_issuer(self) -> str:
        return site_content(settings.LANGUAGE_CODE).settings.name

    def generate_authenticator_name(self, user: Any, kind: str) -> str:  # type: ignore[override]
        number = Authenticator.objects.filter(user=user, type=kind).count() + 1
        return _("Passkey %(number)d") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return whose keys these are: the site's own host, whatever other host it is reached by."""
        host = str(urlsplit(settings.SITE_URL).hostname)
        return {"id": "localhost" if host == "127.0.0.1" else host, "name": self.get_totp_issuer()}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        return super().get_public_key_credential_user_entity(user) | {"name": user.get_username()}


def just_signed_in(request: HttpRequest) -> bool:
    """Tell whether somebody has proved who they are within the last minutes (ACCOUNT_REAUTHENTICATION_TIMEOUT)."""
    records = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    return bool(records) and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

"""The forms of signing in. What a person types is proved by allauth and Django; the words are ours."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ReauthenticateForm as AllauthPasswordAgain
from allauth.account.internal import flows
from allauth.account.models import Login
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import PasswordResetForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode
from fido2.webauthn import CollectedClientData

from recruitcms import staff_mail
from recruitcms.models import StaffMail

CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "none", "spellcheck": "false"}


class SignInForm(forms.Form):
    """A name and a password. The same sentence whatever is wrong with them (SEC-10)."""

    username = forms.CharField(
        label=_("Username or e-mail address"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: Any = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            self.user = get_adapter().authenticate(self.request, **cleaned)
            if self.user is None:
                raise ValidationError(_("Name and password do not belong together. Check both; capitals count."))
        return cleaned

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        """Go on to the second factor, or sign in where there is none yet."""
        name = {"username": self.cleaned_data["username"]}
        return flows.login.perform_password_login(request, name, Login(user=self.user, redirect_url=redirect_url))


class SecondFactorForm(AuthenticateForm):
    code = forms.CharField(label=_("Code"), max_length=20, widget=forms.TextInput(attrs=CODE | {"autofocus": True}))


class PasswordAgainForm(AllauthPasswordAgain):
    password = forms.CharField(
        label=_("Your password"),
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class CodeAgainForm(ReauthenticateForm):
    code = forms.CharField(label=_("Code"), max_length=20, widget=forms.TextInput(attrs=CODE | {"autofocus": True}))


class AppForm(ActivateTOTPForm):
    code = forms.CharField(label=_("The code that the app shows"), max_length=20, widget=forms.TextInput(attrs=CODE))


class PasskeyForm(AddWebAuthnForm):
    """A passkey: a key that asks for a finger, a face or a PIN itself, so that it alone is enough to sign in."""

    name = forms.CharField(
        label=_("Its name"),
        max_length=60,
        required=False,
        help_text=_("So that you know it again: “Office laptop”, “My phone”."),
    )
    passwordless = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean_passwordless(self) -> bool:
        return True

    def clean(self) -> dict[str, Any]:
        if "credential" in self.cleaned_data:
            must_be_ours(self.cleaned_data["credential"])
        try:
            return super().clean()
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # no browser wrote that
            raise ValidationError(_("This passkey did not work here.")) from error


class PasskeyNameForm(EditWebAuthnForm):
    name = forms.CharField(label=_("Its name"), max_length=60)


class ForgottenForm(PasswordResetForm):
    email = forms.EmailField(
        label=_("E-mail address of your account"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )

    def save(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Owe a link to whoever has this address; where nobody has, a mail to nobody, so that both take as long."""
        people = list(self.get_users(self.cleaned_data["email"]))
        for person in people[:5] or [None]:
            staff_mail.owe_about_account(StaffMail.Kind.FORGOTTEN, person)

    def get_users(self, email: str) -> Any:
        """Return staff with this address whose account is open. They may have lost a password they never had."""
        return get_user_model()._default_manager.filter(email__iexact=email, is_active=True, is_staff=True)


class OurPasskey:
    """The answer of a passkey, which must be made on a page of this site."""

    def clean_credential(self) -> Any:
        credential = self.cleaned_data["credential"]  # type: ignore[attr-defined]
        must_be_ours(credential)
        try:
            return super().clean_credential()  # type: ignore[misc]
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # no browser wrote that
            raise ValidationError(_("This passkey did not work here.")) from error


class PasskeyStepForm(OurPasskey, AuthenticateWebAuthnForm):
    pass


class PasskeySignInForm(OurPasskey, LoginWebAuthnForm):
    pass


class PasskeyAgainForm(OurPasskey, ReauthenticateWebAuthnForm):
    pass


def must_be_ours(credential: Any) -> None:
    """Raise ValidationError where a passkey was used on another page than one of this site.

    The key itself checks the host only, and would do as much for any host below ours.
    """
    try:
        said = CollectedClientData(websafe_decode(credential["response"]["clientDataJSON"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValidationError(_("This passkey did not work here.")) from error
    if said.origin not in settings.ORIGINS:
        raise ValidationError(_("This passkey was used on another site."))

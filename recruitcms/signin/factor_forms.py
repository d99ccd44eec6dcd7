"""The forms of second factors: codes that are typed, and the answers of passkeys."""

import logging
import struct
from typing import Any

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
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode
from fido2.webauthn import CollectedClientData

from recruitcms.signin.kept_secrets import UnreadableError

log = logging.getLogger(__name__)

# What reading the answer of a passkey fails with where no browser wrote it: it is JSON, with CBOR in it.
NO_BROWSER = (AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error)


class CodeInput(forms.TextInput):
    """A code to type. One that was refused is not shown again: it is of no use, and the next is typed in its place."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "none", "spellcheck": "false"}


class ReadableCode:
    """A code whose secret can be read. Where the key is lost, the owner and whoever runs the site are told."""

    def clean_code(self) -> str:
        try:
            return super().clean_code()  # type: ignore[misc,no-any-return]
        except UnreadableError as error:
            log.error("A second factor cannot be read: its key is neither FACTOR_KEY nor in FACTOR_KEYS_OLD.")
            raise ValidationError(
                _(
                    "No code of this account can be checked any more, through no fault of yours. A passkey works. "
                    "Otherwise a colleague who administers accounts can reset your second factor."
                )
            ) from error


class SecondFactorForm(ReadableCode, AuthenticateForm):
    code = forms.CharField(label=_("Code"), max_length=20, widget=CodeInput(attrs=CODE | {"autofocus": True}))


class CodeAgainForm(ReadableCode, ReauthenticateForm):
    code = forms.CharField(label=_("Code"), max_length=20, widget=CodeInput(attrs=CODE | {"autofocus": True}))


class AppForm(ActivateTOTPForm):
    code = forms.CharField(label=_("The code that the app shows"), max_length=20, widget=CodeInput(attrs=CODE))


class AnswerField(forms.JSONField):
    """What a passkey answered. Django knows of no nesting that is too deep, and of no number that is too long."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except NO_BROWSER as error:
            raise ValidationError(_("This passkey did not work here.")) from error


class PasskeyForm(AddWebAuthnForm):
    """A passkey: a key that asks for a finger, a face or a PIN itself, so that it alone is enough to sign in."""

    credential = AnswerField()
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
        except NO_BROWSER as error:
            raise ValidationError(_("This passkey did not work here.")) from error


class PasskeyNameForm(EditWebAuthnForm):
    name = forms.CharField(label=_("Its name"), max_length=60)


class OurPasskey:
    """The answer of a passkey, which must be made on a page of this site."""

    def clean_credential(self) -> Any:
        credential = self.cleaned_data["credential"]  # type: ignore[attr-defined]
        must_be_ours(credential)
        try:
            return super().clean_credential()  # type: ignore[misc]
        except NO_BROWSER as error:
            raise ValidationError(_("This passkey did not work here.")) from error


class PasskeyStepForm(OurPasskey, AuthenticateWebAuthnForm):
    credential = AnswerField()


class PasskeySignInForm(OurPasskey, LoginWebAuthnForm):
    credential = AnswerField()


class PasskeyAgainForm(OurPasskey, ReauthenticateWebAuthnForm):
    credential = AnswerField()


def must_be_ours(credential: Any) -> None:
    """Raise ValidationError where a passkey was used on another page than one of this site.

    The key itself checks the host only, and would do as much for any host below ours.
    """
    try:
        said = CollectedClientData(websafe_decode(credential["response"]["clientDataJSON"]))
    except NO_BROWSER as error:
        raise ValidationError(_("This passkey did not work here.")) from error
    if said.origin not in settings.ORIGINS:
        raise ValidationError(_("This passkey was used on another site."))

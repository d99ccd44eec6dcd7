"""The forms of passwords. What a person types is proved by allauth and Django; the words are ours."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ReauthenticateForm
from allauth.account.internal import flows
from allauth.account.models import Login
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from recruitcms import staff_mail
from recruitcms.models import StaffMail


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


class PasswordAgainForm(ReauthenticateForm):
    password = forms.CharField(
        label=_("Your password"),
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


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


class NewPasswordForm(SetPasswordForm):
    """Django's, with a hint of our own: its German one is misspelt ("das selbe")."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password2"].help_text = _("Type it a second time.")

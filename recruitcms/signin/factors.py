"""The pages of second factors: to get in by one, to set one up, to look after them. allauth's views in our dress."""

import json
import re
from typing import Any

from allauth.account.internal.flows import reauthentication
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.stagekit import clear_login, get_pending_stage
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import AuthenticateView, IndexView, ReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from recruitcms import staff_mail
from recruitcms.models import StaffMail
from recruitcms.signin import factor_forms as forms
from recruitcms.signin import limits, sessions, steps
from recruitcms.signin.kept_secrets import UnreadableError
from recruitcms.signin.views import SECRETS, AgainPage, AtDesk, Guarded, desk_context, guarded

SECOND = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


# --- getting in ---


class SecondStepPage(AtDesk, Guarded, AuthenticateView):
    form_class = forms.SecondFactorForm
    webauthn_form_class = forms.PasskeyStepForm
    template_name = "signin/second_step.html"
    title = gettext_lazy("One more step")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        factors = Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True)
        context = super().get_context_data(**kwargs)
        return context | {"factors": set(factors), "options": json.dumps(context["js_data"]["request_options"])}

    def form_invalid(self, form: Any) -> HttpResponse:
        """Ask for the password again after many wrong codes, from whatever networks they came (SEC-10)."""
        sign_in = f"{self.request.session.session_key} {self.stage.login.initiated_at}"
        if "code" not in form.fields or not limits.is_spent(sign_in):
            return super().form_invalid(form)
        clear_login(self.request)
        messages.error(self.request, _("There were too many wrong codes. Please begin again with your password."))
        return redirect("account_login")


def second_step(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and "code" not in request.POST:
        return guarded(request, "passkey", None, SecondStepPage.as_view())
    stage = get_pending_stage(request)
    name = str(stage.login.user.pk) if stage and stage.login.user else ""
    return guarded(request, kind_of_code(request), name, SecondStepPage.as_view())


def kind_of_code(request: HttpRequest) -> str:
    """Return what sort of code was typed, by its length: one of the app, or for recovery."""
    typed = normalize_user_code(request.POST.get("code", ""))
    return "recovery" if len(typed) == app_settings.RECOVERY_CODE_DIGITS else "code"


class ByPasskey(Guarded, LoginWebAuthnView):
    """A passkey as the whole sign-in. GET gives the question that the key answers, as JSON; a session remembers it."""

    form_class = forms.PasskeySignInForm

    def get_form_class(self) -> Any:
        return self.form_class

    def form_invalid(self, form: Any) -> HttpResponse:
        messages.error(self.request, _("This passkey did not work here. Use another, or your password."))
        return redirect("account_login")


def by_passkey(request: HttpRequest) -> HttpResponse:
    return guarded(request, "passkey", None, ByPasskey.as_view(), asking_counts=True)


# --- setting up ---


@login_required
@never_cache
def set_up(request: HttpRequest) -> HttpResponse:
    """Offer the two kinds of second factor to somebody who has none."""
    if has_second_factor(request.user):
        return redirect("mfa_index")
    return render(request, "signin/set_up.html", desk_context(request, _("Set up your second factor")))


def has_second_factor(user: Any) -> bool:
    return Authenticator.objects.filter(user=user, type__in=SECOND).exists()


def is_proved(request: HttpRequest, factor: Authenticator) -> None:
    """Take note that a factor which was just set up was thereby used, end the sessions from before it, and owe word.

    Its caller's transaction is that of the change: neither is there without the mail that tells of it.
    """
    staff_mail.owe_about_account(StaffMail.Kind.ADDED, request.user)
    record_authentication(request, request.user, "mfa", id=factor.pk, type=factor.type)
    sessions.end_all(request.user, but=request.session.session_key)


class AddAppPage(AtDesk, ActivateTOTPView):
    form_class = forms.AppForm
    template_name = "signin/add_app.html"
    title = gettext_lazy("Set up an authenticator app")

    def get_form_class(self) -> Any:
        return self.form_class

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = desk_context(self.request, self.title) | super(ActivateTOTPView, self).get_context_data(**kwargs)
        secret = context["form"].secret
        address = get_adapter().build_totp_url(self.request.user, secret)
        typed = " ".join(re.findall("....?", secret))
        return context | {"qr": qr_path(address), "secret": secret, "secret_to_type": typed}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        is_proved(self.request, Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP))
        return response


def qr_path(text: str) -> tuple[int, str]:
    """Return a QR code as (its width with the margin, the outline of its dark squares) for an inline drawing."""
    import qrcode  # brings code that nothing else needs

    code = qrcode.QRCode(border=4)
    code.add_data(text)
    rows = code.get_matrix()
    squares = ((x, y) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return len(rows), "".join(f"M{x} {y}h1v1h-1z" for x, y in squares)


add_app = SECRETS(never_cache(AddAppPage.as_view()))


class AddPasskeyPage(AtDesk, AddWebAuthnView):
    form_class = forms.PasskeyForm
    template_name = "signin/add_passkey.html"
    title = gettext_lazy("Add a passkey")

    def get_form_class(self) -> Any:
        return self.form_class

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = desk_context(self.request, self.title) | super(AddWebAuthnView, self).get_context_data(**kwargs)
        return context | {"options": json.dumps(webauthn.begin_registration(self.request.user, passwordless=True))}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        newest = Authenticator.objects.filter(user=self.request.user, type=Authenticator.Type.WEBAUTHN).latest("pk")
        is_proved(self.request, newest)
        return response


add_passkey = SECRETS(never_cache(AddPasskeyPage.as_view()))


# --- recovery codes ---


@login_required
@never_cache
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """GET: show the codes, until their owner says that they are kept (POST); from then on only how many are left."""
    reauthentication.raise_if_reauthentication_required(request, app="allauth.mfa")
    codes = codes_of(request.user)
    if request.method == "POST":
        codes.mark_as_viewed()
        return redirect(steps.asked_for(request))
    unused = unused_of(codes)
    context = desk_context(request, _("Your recovery codes"))
    context |= {"left": len(unused), "codes": [] if codes.did_view else unused}
    return render(request, "signin/recovery_codes.html", context)


@login_required
@never_cache
def recovery_codes_file(request: HttpRequest) -> HttpResponse:
    """Hand out the codes as a text file, as long as the page shows them."""
    reauthentication.raise_if_reauthentication_required(request, app="allauth.mfa")
    codes = codes_of(request.user)
    if codes.did_view:
        raise Http404
    context = {"codes": unused_of(codes), "account": request.user.get_username()}
    response = render(request, "signin/recovery_codes.txt", context, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response


def codes_of(user: Any) -> Any:
    row = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    if row is None:
        raise Http404
    return row.wrap()


def unused_of(codes: Any) -> list[str]:
    """Return the codes that are left: none where they cannot be read, so that their owner makes new ones."""
    try:
        return list(codes.get_unused_codes())
    except UnreadableError:
        return []


class NewRecoveryCodesPage(AtDesk, GenerateRecoveryCodesView):
    template_name = "signin/new_recovery_codes.html"
    title = gettext_lazy("New recovery codes")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        staff_mail.owe_about_account(StaffMail.Kind.CODES, self.request.user)
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = desk_context(self.request, self.title)
        context |= super(GenerateRecoveryCodesView, self).get_context_data(**kwargs)
        codes = Authenticator.objects.filter(user=self.request.user, type=Authenticator.Type.RECOVERY_CODES)
        return context | {"unused_code_count": sum(len(unused_of(row.wrap())) for row in codes)}


new_recovery_codes = never_cache(NewRecoveryCodesPage.as_view())


# --- your sign-in ---


class AccountPage(AtDesk, IndexView):
    template_name = "signin/account.html"
    title = gettext_lazy("Your sign-in")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        found = context["authenticators"]
        codes = found.get(Authenticator.Type.RECOVERY_CODES)
        return context | {
            "at_account": True,
            "passkeys": [{"row": one.instance, "name": one.name} for one in found.get(Authenticator.Type.WEBAUTHN, [])],
            "app": found.get(Authenticator.Type.TOTP) and found[Authenticator.Type.TOTP].instance,
            "codes_left": len(unused_of(codes)) if codes else None,
            "sessions": sessions.sessions_of(self.request.user, self.request.session.session_key),
        }


account = never_cache(AccountPage.as_view())


class RenamePasskeyPage(AtDesk, EditWebAuthnView):
    form_class = forms.PasskeyNameForm
    template_name = "signin/rename_passkey.html"
    title = gettext_lazy("Rename a passkey")
    success_url = reverse_lazy("mfa_index")

    def get_form_class(self) -> Any:
        return self.form_class


rename_passkey = never_cache(RenamePasskeyPage.as_view())


def is_removed(request: HttpRequest) -> None:
    """Ask anew for a second factor where the last one is gone, end what it had opened elsewhere, and owe word of it."""
    staff_mail.owe_about_account(StaffMail.Kind.REMOVED, request.user)
    sessions.end_all(request.user, but=request.session.session_key)
    if not has_second_factor(request.user):
        steps.step_back(request)


class RemovePasskeyPage(AtDesk, RemoveWebAuthnView):
    template_name = "signin/remove.html"
    title = gettext_lazy("Remove a passkey")
    success_url = reverse_lazy("mfa_index")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        is_removed(self.request)
        return response


remove_passkey = never_cache(RemovePasskeyPage.as_view())


class RemoveAppPage(AtDesk, DeactivateTOTPView):
    template_name = "signin/remove.html"
    title = gettext_lazy("Remove the authenticator app")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        is_removed(self.request)
        return response


remove_app = never_cache(RemoveAppPage.as_view())


# --- once more who it is ---


class CodeAgainPage(AgainPage, Guarded, ReauthenticateView):
    form_class = forms.CodeAgainForm
    template_name = "signin/again.html"


class PasskeyAgainPage(AgainPage, ReauthenticateWebAuthnView):
    form_class = forms.PasskeyAgainForm
    template_name = "signin/passkey_again.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = desk_context(self.request, self.title)
        context |= super(ReauthenticateWebAuthnView, self).get_context_data(**kwargs)
        return context | {"options": json.dumps(webauthn.begin_authentication(self.request.user))}

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form))


def code_again(request: HttpRequest) -> HttpResponse:
    return guarded(request, kind_of_code(request), str(request.user.pk), CodeAgainPage.as_view())


def passkey_again(request: HttpRequest) -> HttpResponse:
    return SECRETS(never_cache(PasskeyAgainPage.as_view()))(request)

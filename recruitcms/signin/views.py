"""The pages of passwords and sessions, and the dress of all pages of signing in.

Those of second factors are in factors.py, which is imported when somebody has a right password: anybody may open these.
"""

import logging
from collections.abc import Callable
from typing import Any

from allauth.account.internal.stagekit import clear_login
from allauth.account.views import LoginView, ReauthenticateView
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import (
    PasswordResetCompleteView,
    PasswordResetConfirmView,
    PasswordResetDoneView,
    PasswordResetView,
)
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from recruitcms import staff_mail
from recruitcms.models import StaffMail
from recruitcms.signin import forms, sessions, steps
from recruitcms.signin.limits import Tries, forget_codes

log = logging.getLogger(__name__)

SECRETS = sensitive_post_parameters("password", "code", "credential", "new_password1", "new_password2")


class AtDesk:
    """Puts a view's page into the desk's dress: its menu only for those to whom the desk is open."""

    request: HttpRequest
    title: Any = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = super().get_context_data(**kwargs)  # type: ignore[misc]
        return desk_context(self.request, self.title) | own


def desk_context(request: HttpRequest, title: Any) -> dict[str, Any]:
    context = admin.site.each_context(request) | {"title": title}
    if request.user.is_authenticated and steps.missing(request):
        context["has_permission"] = False
    return context


def guarded(
    request: HttpRequest, kind: str, name: str | None, view: Callable[..., Any], asking_counts: bool = False
) -> HttpResponse:
    """Answer with a `Guarded` view, but for tries that come too fast (SEC-10); where it counts, for questions too."""
    if asking_counts or request.method == "POST":
        tries = request.tries = Tries(request, kind, name)  # type: ignore[attr-defined]
        if seconds := tries.take():
            return wait(request, seconds, kind if tries.waits_everywhere() else "")
    return SECRETS(never_cache(view))(request)


class Guarded:
    """A page with a secret to type. Only what was looked at, and right, ends the counting of tries."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        self.request.tries.was_right()  # type: ignore[attr-defined]
        return super().form_valid(form)  # type: ignore[misc]


def wait(request: HttpRequest, seconds: int, everywhere: str = "") -> HttpResponse:
    """Say when to try again, to people and to programs; and to whoever runs the site, without saying who it was.

    `everywhere` is the kind of code that has to wait in every network.
    """
    what = "Many wrong codes for one account" if everywhere else "Many tries to sign in from one network"
    log.warning("%s: the next waits %s seconds.", what, seconds)
    context = desk_context(request, _("Please wait a little"))
    context |= {"minutes": -(-seconds // 60), "everywhere": everywhere}
    response = render(request, "signin/wait.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


# --- getting in by a password ---


class SignInPage(AtDesk, Guarded, LoginView):
    form_class = forms.SignInForm
    template_name = "admin/login.html"
    title = gettext_lazy("Sign in")

    def get_form_class(self) -> Any:
        return self.form_class


def sign_in(request: HttpRequest) -> HttpResponse:
    if "again" in request.GET:  # somebody else, between the password and the second step
        clear_login(request)
    return guarded(request, "password", request.POST.get("username", ""), SignInPage.as_view())


# --- sessions ---


@require_POST
@login_required
def end_session(request: HttpRequest) -> HttpResponse:
    """End one other session of one's own, or all others."""
    if mark := request.POST.get("session"):
        sessions.end_one(request.user, mark)
    else:
        sessions.end_all(request.user, but=request.session.session_key)
    messages.success(request, _("Signed out there."))
    return redirect("mfa_index")


# --- once more who it is ---


class AgainPage(AtDesk):
    """What the three ways to prove who it is have in common."""

    title = gettext_lazy("Please confirm that it is you")

    def get_form_class(self) -> Any:
        return self.form_class  # type: ignore[attr-defined]


class PasswordAgainPage(AgainPage, Guarded, ReauthenticateView):
    form_class = forms.PasswordAgainForm
    template_name = "signin/again.html"


def password_again(request: HttpRequest) -> HttpResponse:
    return guarded(request, "password", request.user.get_username(), PasswordAgainPage.as_view())


# --- a forgotten password ---


class ForgottenPage(AtDesk, PasswordResetView):
    form_class = forms.ForgottenForm
    template_name = "signin/forgotten.html"
    title = gettext_lazy("A new password by mail")


def forgotten(request: HttpRequest) -> HttpResponseBase:
    """Answer the same whoever asks. Each mail counts as a try, so that nobody's mailbox is filled from one network."""
    if request.method == "POST" and (seconds := Tries(request, "mail", request.POST.get("email", "")).take()):
        return wait(request, seconds)
    return never_cache(ForgottenPage.as_view())(request)


class ForgottenSentPage(AtDesk, PasswordResetDoneView):
    template_name = "signin/forgotten_sent.html"
    title = gettext_lazy("Look into your mail")


forgotten_sent = ForgottenSentPage.as_view()


class NewPasswordPage(AtDesk, PasswordResetConfirmView):
    form_class = forms.NewPasswordForm
    template_name = "signin/new_password.html"
    title = gettext_lazy("Choose a new password")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"title": self.title if self.validlink else _("This link does not work any more")}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        password_is_changed(self.request, self.user)
        return response


def new_password(request: HttpRequest, uidb64: str, token: str) -> HttpResponseBase:
    return SECRETS(NewPasswordPage.as_view())(request, uidb64=uidb64, token=token)


def password_is_changed(request: HttpRequest, user: Any) -> None:
    """End the sessions of whoever has a new password, but for the one in which they chose it, and tell them."""
    sessions.end_all(user, but=request.session.session_key if request.user == user else None)
    forget_codes(str(user.pk))
    staff_mail.owe_about_account(StaffMail.Kind.PASSWORD, user)


def change_password(request: HttpRequest, view: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Answer with Django's page for it, which asks for the old password: somebody else's hands may try it here."""
    if request.method != "POST":
        return view(request)
    tries = Tries(request, "password", request.user.get_username())
    if seconds := tries.take():
        return wait(request, seconds)
    with transaction.atomic():
        response = view(request)
        if response.status_code == 302:
            tries.was_right()
            password_is_changed(request, request.user)
    return response


class NewPasswordDonePage(AtDesk, PasswordResetCompleteView):
    template_name = "signin/new_password_done.html"
    title = gettext_lazy("Your password is changed")


new_password_done = NewPasswordDonePage.as_view()

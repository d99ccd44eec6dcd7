"""The accounts of staff. Whoever administers them can help somebody back in, and put somebody out."""

from typing import Any

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401  (both register pages, which are taken away below)
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recruitcms import review
from recruitcms.signin import sessions
from recruitcms.signin.reset import reset_factors

# allauth's own pages would show the secrets of apps and recovery codes.
for _model in [model for model in admin.site._registry if model._meta.app_label in {"account", "mfa"}]:
    admin.site.unregister(_model)
admin.site.unregister(User)


class NewStaffForm(AdminUserCreationForm):
    """A new account. It needs an address: without one its owner hears of nothing that is done to it."""

    usable_password = AdminUserCreationForm.create_usable_password_field(
        gettext_lazy(
            "Disabled: its owner chooses the first password by “Password forgotten?” on the sign-in page. That works "
            "once you have given the account staff status."
        )
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        help_text=gettext_lazy(
            "This person’s own. There they hear of changes to their sign-in and of reviews, and ask for a new password."
        ),
    )


@admin.register(User)
class StaffAdmin(UserAdmin):
    """Django's page for accounts, with what an administrator has to do about signing in."""

    add_form = NewStaffForm
    add_fieldsets = [(None, {"fields": ["username", "email", "usable_password", "password1", "password2"]})]
    filter_horizontal = ["user_permissions"]
    readonly_fields = ["sign_in"]

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Show all groups at once: they are few, and what is not ticked says as much as what is."""
        if db_field.name == "groups":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.widget.can_add_related = False  # what groups may do is decided on their own pages
            field.widget.use_fieldset = True  # as the boxes say; Django's wrapper of them does not
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        shown = obj is not None and request.user.is_superuser
        return [*fieldsets, (gettext_lazy("Sign-in"), {"fields": ["sign_in"]})] if shown else fieldsets

    @admin.display(description=gettext_lazy("second factor and sessions"))
    def sign_in(self, user: Any) -> str:
        factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).count()
        places = len(sessions.sessions_of(user))
        words = [
            ngettext("%(count)d second factor", "%(count)d second factors", factors) % {"count": factors},
            ngettext("signed in at %(count)d place", "signed in at %(count)d places", places) % {"count": places},
        ]
        address = reverse("admin:auth_user_sign_in", args=[user.pk])
        return format_html('{} <a href="{}">{}</a>', ", ".join(words), address, _("Reset, or sign out"))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.sign_in_view)
        return [path("<int:pk>/sign-in/", view, name="auth_user_sign_in"), *super().get_urls()]

    def sign_in_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: what somebody signs in with, and where they are. POST: reset their factors, or end a session or all."""
        user = get_object_or_404(User, pk=pk)
        if not request.user.is_superuser:
            raise PermissionDenied
        if user == request.user:
            return redirect("mfa_index")
        raise_if_reauthentication_required(request, app="allauth.mfa")
        if request.method == "POST":
            self._act(request, user)
            return redirect(request.path)
        factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
        context = self.admin_site.each_context(request) | {
            "title": _("Sign-in of %(name)s") % {"name": user.get_username()},
            "opts": self.opts,
            "original": user,
            "factors": factors.order_by("pk"),
            "sessions": sessions.sessions_of(user),
        }
        return TemplateResponse(request, "signin/of_colleague.html", context)

    def _act(self, request: HttpRequest, user: Any) -> None:
        if "reset" in request.POST:
            reset_factors(user)
            said = _("The second factor of %(name)s is removed, and they are signed out. They get a mail.")
        elif mark := request.POST.get("session"):
            sessions.end_one(user, mark)
            said = _("%(name)s is signed out there.")
        else:
            sessions.end_all(user)
            said = _("%(name)s is signed out everywhere.")
        self.log_change(request, user, said % {"name": user.get_username()})
        self.message_user(request, said % {"name": user.get_username()}, messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not (obj.is_active and obj.is_staff):
            sessions.end_all(obj, but=request.session.session_key)  # which ends by itself
            self._revoke_links(request, obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._revoke_links(request, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for user in queryset:
            self._revoke_links(request, user)
        super().delete_queryset(request, queryset)

    def _revoke_links(self, request: HttpRequest, user: Any) -> None:
        count = review.revoke_links_of(user, request.user)
        if count:
            said = ngettext(
                "%(count)d reviewer link made by %(name)s is revoked. Where it is still needed, make a new one.",
                "%(count)d reviewer links made by %(name)s are revoked. Where they are still needed, make new ones.",
                count,
            )
            self.message_user(request, said % {"count": count, "name": user.get_username()}, messages.WARNING)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            from recruitcms.signin.views import password_is_changed  # brings the code of passkeys

            password_is_changed(request, get_object_or_404(User, pk=id))
        return response

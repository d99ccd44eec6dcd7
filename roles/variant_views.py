"""“New variant from …” in the admin: the words to replace, every change to look at, then the draft."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recruitcms.admin import PublishableAdmin
from recruitcms.models import Person
from roles import variants
from roles.models import Category, Role


class VariantForm(forms.ModelForm):
    """What the variant is called and where it stands. `instance`: the unsaved copy."""

    replacements = forms.CharField(
        label=gettext_lazy("other words to replace"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "One on each line: Python → Java. The titles are replaced anyway. Whole words, in the capitals that stand "
            "there; a single word with a capital only where it has one. Addresses of links stay."
        ),
    )

    class Meta:
        model = Role
        fields = ["title", "title_plural", "slug", "category", "author"]

    def __init__(self, original: Role, data: Any = None, initial: Any = None) -> None:
        self.original = original
        super().__init__(data, initial=initial, instance=variants.new_variant(original))
        self.fields["title"].required = True
        self.fields["title_plural"].required = bool(original.title_plural)
        self.fields["slug"].required = False
        self.fields["slug"].help_text = gettext_lazy("Empty: made from the title.")
        for name, model in (("category", Category), ("author", Person)):
            self.fields[name].queryset = model.objects.filter(language=original.language)  # type: ignore[attr-defined]

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"] or slugify(self.cleaned_data.get("title", ""))[:120]
        if not slug and "title" in self.cleaned_data:
            raise ValidationError(_("No address can be made from this title. Write one."))
        if Role.objects.filter(language=self.original.language, slug=slug).exists():
            raise ValidationError(_("Another page in this language has this address."))
        return slug

    def clean_replacements(self) -> list[tuple[str, str]]:
        return variants.read_pairs(self.cleaned_data["replacements"])

    def changes(self) -> list[variants.Change]:
        """Return every change that the filled-in form asks for. Raises ValidationError."""
        data = self.cleaned_data
        pairs = variants.pairs_of(self.original, data["title"], data["title_plural"], data["replacements"])
        return variants.changes_of(self.original, pairs)


class VariantMixin(PublishableAdmin):
    """Adds the page that makes a variant of a role."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.variant_view)
        return [path("<path:pk>/variant/", view, name="roles_role_variant"), *super().get_urls()]

    def variant_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Ask for title and words, list every change, and make the variant of what was shown and stayed ticked."""
        role = self.get_object(request, unquote(pk))
        if role is None:
            raise Http404
        if not (self.has_view_permission(request, role) and self.has_add_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            blank = {"slug": "", "title": role.title, "title_plural": role.title_plural}
            return self._variant_page(request, role, VariantForm(role, initial=blank))
        form = VariantForm(role, request.POST)
        changes = self._asked_for(form)
        if changes is None:
            return self._variant_page(request, role, form)
        seal = variants.seal_of(role, changes)
        seen = request.POST.get("seal") == seal
        chosen = set(request.POST.getlist("change")) if seen else {change.key for change in changes}
        if "_make" in request.POST and seen:
            made = self._made(request, role, form, [change for change in changes if change.key in chosen])
            if made:
                return HttpResponseRedirect(self._url("change", made.pk))
        elif "_make" in request.POST:
            words = _("The words or the role have changed since: look through the changes again.")
            self.message_user(request, words, messages.WARNING)
        return self._variant_page(request, role, form, changes=changes, chosen=chosen, seal=seal)

    def _asked_for(self, form: VariantForm) -> list[variants.Change] | None:
        """Return the changes of a form, or None where it has errors."""
        if not form.is_valid():
            return None
        try:
            return form.changes()
        except ValidationError as error:
            form.add_error("replacements", error)
            return None

    def _made(self, request: HttpRequest, role: Role, form: VariantForm, changes: list[Any]) -> Role | None:
        """Return the variant, or put into the form why it cannot be made."""
        try:
            variant = variants.make_variant(role, form.instance, changes, request.user)
        except ValidationError as error:
            form.add_error(None, error)
            return None
        self.log_addition(request, variant, _("Made from “%(title)s”.") % {"title": role})
        said = ngettext(
            "This is a draft made from “%(title)s”, with %(count)d change. Read it through before publishing.",
            "This is a draft made from “%(title)s”, with %(count)d changes. Read it through before publishing.",
            len(changes),
        )
        self.message_user(request, said % {"title": role, "count": len(changes)}, messages.SUCCESS)
        return variant

    def _variant_page(self, request: HttpRequest, role: Role, form: VariantForm, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("New variant from “%(title)s”") % {"title": role},
            "object": role,
            "form": form,
            **more,
        }
        return TemplateResponse(request, "admin/roles/role/variant.html", context)

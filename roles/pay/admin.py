"""The notes on pay and the law, and the salary table, for staff."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, CharField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms.admin import FORM_FIELDS, TranslatedAdmin
from recruitcms.admin.shared import SharedContentAdmin
from recruitcms.languages import own_language
from roles.models import Role
from roles.pay.models import PayNote, SalaryBand


@admin.register(PayNote)
class PayNoteAdmin(TranslatedAdmin):
    formfield_overrides = FORM_FIELDS
    list_display = ["country", "law", "as_of", "language", "position"]
    list_filter = ["language", "as_of"]
    list_editable = ["position"]
    search_fields = ["country", "text", "law"]
    fields = ["language", "country", "text", "law", "url", "as_of", "position"]


def roles_by_name() -> QuerySet[Role]:
    """Return all roles, in the site's own language first, by title."""
    own_first = Case(When(language=own_language(), then=Value(0)), default=Value(1))
    return Role.objects.order_by(own_first, "title", "pk")


class SalaryBandForm(forms.ModelForm):
    """Offers roles by name; what is kept is the group of their translations."""

    role_group = forms.TypedChoiceField(label=gettext_lazy("role"))

    class Meta:
        model = SalaryBand
        fields = [
            *("role_group", "level", "country", "place", "contract", "currency", "period", "low", "median", "high"),
            *("basis", "sample_size", "source", "date", "is_shown"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names: dict[str, str] = {}
        for group, title in roles_by_name().values_list("translation_group", "title"):
            names.setdefault(str(group), title or _("(untitled)"))
        if self.instance.pk:
            names.setdefault(str(self.instance.role_group), _("(a role that was deleted)"))
        field = self.fields["role_group"]
        field.choices = [("", "---------"), *names.items()]
        field.help_text = SalaryBand._meta.get_field("role_group").help_text


@admin.register(SalaryBand)
class SalaryBandAdmin(SharedContentAdmin):
    form = SalaryBandForm
    list_display = ["role", "level", "region", "contract", "pay", "sample_size", "date", "still_good", "is_shown"]
    list_filter = ["level", "country", "contract", "currency", "basis", "date", "is_shown"]
    search_fields = ["role_title", "place", "source"]
    save_as = True  # the next year's row is much like this one
    fieldsets = [
        (None, {"fields": ["role_group", "level", ("country", "place"), "contract"]}),
        (gettext_lazy("Pay"), {"fields": [("currency", "period"), ("low", "median", "high")]}),
        (gettext_lazy("Where it comes from"), {"fields": ["basis", "sample_size", "source", "date"]}),
        (gettext_lazy("On the page"), {"fields": ["is_shown"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SalaryBand]:
        named = roles_by_name().filter(translation_group=OuterRef("role_group")).values("title")[:1]
        title = Coalesce(Subquery(named), Value(""), output_field=CharField())
        rows = SalaryBand.objects.annotate(role_title=title)  # first: what comes next sorts by it
        return rows.order_by(*self.get_ordering(request))

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["role_title", "level", "country", "place", "contract", "-date"]

    @admin.display(description=gettext_lazy("role"), ordering="role_title")
    def role(self, band: Any) -> str:
        return band.role_title or _("(a role that was deleted)")

    @admin.display(description=gettext_lazy("region"), ordering="country")
    def region(self, band: SalaryBand) -> str:
        return band.region

    @admin.display(description=gettext_lazy("pay"), ordering="low")
    def pay(self, band: SalaryBand) -> str:
        return f"{band.range} {band.get_period_display()}"

    @admin.display(description=gettext_lazy("still good"), boolean=True)
    def still_good(self, band: SalaryBand) -> bool:
        return not band.is_old

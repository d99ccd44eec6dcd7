"""What staff do for the search: say which words mean the same, and see what was not found."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms.admin import TranslatedAdmin
from roles.search import missed
from roles.search.models import MissedSearch, Synonyms


@admin.register(Synonyms)
class SynonymsAdmin(TranslatedAdmin):
    list_display = ["words", "language"]
    list_filter = ["language"]
    search_fields = ["words"]
    fields = ["language", "words"]


@admin.register(MissedSearch)
class MissedSearchAdmin(admin.ModelAdmin):
    """Counts alone: nothing is added or changed by hand."""

    list_display = ["words", "searches", "last_seen", "language", "what_to_do"]
    list_display_links = None
    list_filter = ["language"]
    search_fields = ["words"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        missed.tally.flush()
        return super().get_changelist_instance(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        may_teach = request.user.has_perm("roles.add_synonyms")
        return self.list_display if may_teach else self.list_display[:-1]

    @admin.display(description=gettext_lazy("what to do"))
    def what_to_do(self, row: MissedSearch) -> str:
        address = reverse("admin:roles_synonyms_add")
        query = urlencode({"language": row.language, "words": f"{row.words}, "})
        return format_html('<a href="{}?{}">{}</a>', address, query, _("Say what means the same"))

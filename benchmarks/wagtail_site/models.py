"""The pages of the compared site."""

from django.core.paginator import Paginator
from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.blocks import CharBlock, RichTextBlock, StructBlock
from wagtail.contrib.forms.models import AbstractForm, AbstractFormField
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page
from wagtail.search import index


class LibraryPage(Page):
    def get_context(self, request):
        context = super().get_context(request)
        roles = RolePage.objects.child_of(self).live().order_by("-first_published_at")
        context["roles"] = Paginator(roles, 10).get_page(request.GET.get("page"))
        return context


class RolePage(Page):
    summary = models.CharField(max_length=300)
    category = models.CharField(max_length=60)
    body = StreamField([("section", StructBlock([("heading", CharBlock()), ("text", RichTextBlock())]))])

    search_fields = [*Page.search_fields, index.SearchField("summary"), index.SearchField("body")]

    def get_context(self, request):
        context = super().get_context(request)
        context["related"] = RolePage.objects.live().sibling_of(self, inclusive=False)[:3]
        return context


class FormField(AbstractFormField):
    page = ParentalKey("FormPage", on_delete=models.CASCADE, related_name="form_fields")


class FormPage(AbstractForm):
    thanks = RichTextField(blank=True)

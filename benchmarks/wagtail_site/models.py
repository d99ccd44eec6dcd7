"""The pages of the compared site, with what ours have: menus, people, calls to action, logos, forms, related roles.

Made the way Wagtail's own documentation and demonstration site make such things: pages in the tree, snippets, settings,
images with renditions, rich text, a StreamField for the body, menus by template tags.
"""

from django.core.paginator import Paginator
from django.db import models
from django.db.models import Count
from modelcluster.fields import ParentalKey
from wagtail.blocks import CharBlock, RichTextBlock, StructBlock
from wagtail.contrib.forms.models import AbstractEmailForm, AbstractFormField
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page
from wagtail.search import index
from wagtail.snippets.models import register_snippet


@register_setting
class Company(BaseSiteSetting):
    tagline = models.CharField(max_length=200)
    legal_line = models.CharField(max_length=200)
    email = models.EmailField()
    phone = models.CharField(max_length=30)
    about = RichTextField()
    trending = RichTextField()


@register_snippet
class Category(models.Model):
    name = models.CharField(max_length=60)
    slug = models.SlugField()


@register_snippet
class Person(models.Model):
    name = models.CharField(max_length=60)
    job_title = models.CharField(max_length=60)
    bio = RichTextField()
    social_url = models.URLField()
    answers = models.BooleanField(default=False)
    portrait = models.ForeignKey("wagtailimages.Image", null=True, on_delete=models.SET_NULL, related_name="+")


@register_snippet
class Testimonial(models.Model):
    quote = models.TextField()
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")


@register_snippet
class ClientLogo(models.Model):
    name = models.CharField(max_length=60)
    mark = models.SlugField()
    group = models.CharField(max_length=20)


@register_snippet
class CallToAction(models.Model):
    place = models.SlugField(unique=True)
    heading = models.CharField(max_length=120)
    text = models.TextField()
    button = models.CharField(max_length=60)


class SimplePage(Page):
    """A page that the foot names."""

    group = models.CharField(max_length=20)
    body = RichTextField(blank=True)


class LibraryPage(Page):
    def get_context(self, request):
        context = super().get_context(request)
        roles = RolePage.objects.child_of(self).live().select_related("category").order_by("-first_published_at")
        context |= {"roles": Paginator(roles, 10).get_page(request.GET.get("page")), "chips": chips()}
        return context


class RolePage(Page):
    summary = models.CharField(max_length=300)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    body = StreamField([("section", StructBlock([("heading", CharBlock()), ("text", RichTextBlock())]))])

    search_fields = [*Page.search_fields, index.SearchField("summary"), index.SearchField("body")]

    def get_context(self, request):
        context = super().get_context(request)
        others = RolePage.objects.live().sibling_of(self, inclusive=False).filter(category=self.category)
        context["related"] = others.select_related("category").order_by("-first_published_at")[:3]
        context["data"] = self.structured_data(request)
        return context

    def structured_data(self, request):
        """What search engines read."""
        address = self.get_full_url(request)
        image = self.author.portrait.get_rendition("fill-320x320")
        author = {"@type": "Person", "name": self.author.name, "jobTitle": self.author.job_title}
        author |= {"image": image.full_url, "sameAs": [self.author.social_url]}
        names = [self.get_parent().title, self.category.name, self.title]
        article = {"@type": "Article", "headline": self.title, "description": self.summary, "author": author}
        article |= {"datePublished": self.first_published_at.isoformat(), "mainEntityOfPage": address}
        article |= {"dateModified": self.last_published_at.isoformat(), "inLanguage": "en"}
        trail = [{"@type": "ListItem", "position": place, "name": name} for place, name in enumerate(names, 1)]
        trail = {"@type": "BreadcrumbList", "itemListElement": trail}
        company = Company.for_request(request)
        organization = {"@type": "Organization", "name": "Northbeam", "email": company.email}
        return {"@context": "https://schema.org", "@graph": [organization, article, trail]}


class FormField(AbstractFormField):
    page = ParentalKey("FormPage", on_delete=models.CASCADE, related_name="form_fields")


class FormPage(AbstractEmailForm):
    """Asks for the salary report: keeps the submission and sends a mail, as the forms of Wagtail do."""

    thanks = RichTextField(blank=True)


def chips():
    """Return the categories with how many live roles each has."""
    counts = dict(RolePage.objects.live().values_list("category").annotate(Count("pk")).order_by())
    return [(category, counts.get(category.pk, 0)) for category in Category.objects.all()]

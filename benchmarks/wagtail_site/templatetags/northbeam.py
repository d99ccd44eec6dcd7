"""Menus and other parts that every page has, as the tags of Wagtail's demonstration site read them."""

from django import template
from wagtail.models import Site

from benchmarks.wagtail_site.models import CallToAction, Category, ClientLogo, Person, SimplePage, Testimonial

register = template.Library()


@register.simple_tag(takes_context=True)
def menu_pages(context):
    root = Site.find_for_request(context["request"]).root_page
    return list(root.get_children().live().in_menu())


@register.simple_tag
def foot_pages(group):
    return list(SimplePage.objects.live().filter(group=group))


@register.simple_tag
def categories():
    return list(Category.objects.all())


@register.simple_tag
def answering():
    return list(Person.objects.filter(answers=True).select_related("portrait"))


@register.simple_tag
def testimonial():
    return Testimonial.objects.select_related("person__portrait").first()


@register.simple_tag
def logos(group):
    return list(ClientLogo.objects.filter(group=group))


@register.simple_tag
def call_to_action(place):
    return CallToAction.objects.filter(place=place).first()

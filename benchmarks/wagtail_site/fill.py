"""Fill the compared site: `python -m benchmarks.wagtail_site.fill ROLES`."""

import io
import os
import sys
from typing import Any

import django
from django.utils.text import slugify

from benchmarks.texts import HEADINGS, html_of, title_of

LINE = "Thirty minutes with a recruiter who knows your stack, a realistic date and an honest answer."
FOOT = [("About us", "company"), ("People", "company")]
FOOT += [("Privacy policy", "policies"), ("Cookie policy", "policies"), ("Accessibility statement", "policies")]
SHELVES = ["Engineering", "Data and AI", "Product and design", "Infrastructure", "Security", "Leadership"]
LOGOS = {"client": 5, "press": 4, "badge": 2}


def main(number: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.wagtail_site.settings")
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from wagtail.models import Page, Site

    call_command("makemigrations", "wagtail_site", verbosity=0)
    call_command("migrate", verbosity=0)
    from benchmarks.wagtail_site.models import CallToAction, FormPage, LibraryPage, RolePage, SimplePage

    owner = User.objects.create_superuser("editor", password=None)
    root = Page.objects.get(depth=1)
    Site.objects.all().delete()
    for page in root.get_children():
        page.delete()
    home = Page(title="Home", slug="home")
    root.add_child(instance=home)
    site = Site.objects.create(hostname="localhost", root_page=home, is_default_site=True)
    library = LibraryPage(title="Templates", slug="roles", show_in_menus=True)
    home.add_child(instance=library)
    form = FormPage(title="Salary report", slug="report", show_in_menus=True, to_address="desk@northbeam.example")
    form.subject, form.from_address = "A request", "hello@northbeam.example"
    home.add_child(instance=form)
    for label, kind in (("Email", "email"), ("Agree", "checkbox")):
        form.form_fields.create(label=label, field_type=kind, required=True)
    form.save()
    for title, group in FOOT:
        in_menu = group == "company"
        home.add_child(instance=SimplePage(title=title, slug=slugify(title), group=group, show_in_menus=in_menu))
    for place in ("booking", "band", "report", "missing"):
        CallToAction.objects.create(place=place, heading="Bring the role. We bring the market.", text=LINE, button="Go")
    categories, author = fill_snippets(site)
    for count in range(number):
        sections = [
            {"type": "section", "value": {"heading": heading, "text": html_of(count, place)}}
            for place, heading in enumerate(HEADINGS)
        ]
        role = RolePage(title=title_of(count), slug=f"role-{count}", summary="Keeps the data flowing.", owner=owner)
        role.category, role.author, role.body = categories[0], author, sections
        library.add_child(instance=role)
        role.save_revision().publish()


def fill_snippets(site: Any) -> tuple[list[Any], Any]:
    """Make what the pages show beside their own words. Return the categories and the author."""
    from django.core.files.images import ImageFile
    from PIL import Image as Drawing
    from wagtail.images.models import Image

    from benchmarks.wagtail_site.models import Category, ClientLogo, Company, Person, Testimonial

    paragraphs = f"<p>{LINE} <b>Warsaw</b> and <a href='/roles/'>templates</a>.</p>" * 3
    words = {"tagline": LINE, "legal_line": LINE, "email": "hello@northbeam.example", "phone": "+48 00 000 00 00"}
    Company.objects.create(site=site, about=paragraphs, trending=paragraphs, **words)
    people = []
    for place in range(3):
        file = io.BytesIO()
        Drawing.new("RGB", (640, 640), (40 * place, 80, 90)).save(file, "PNG")
        picture = ImageFile(file, name=f"portrait-{place}.png")
        portrait = Image.objects.create(title=f"Portrait {place}", file=picture)
        words = {
            "name": f"Person {place}",
            "job_title": "Recruiter",
            "social_url": "https://social.northbeam.example/p",
        }
        people.append(Person.objects.create(bio=paragraphs, portrait=portrait, answers=place < 2, **words))
    Testimonial.objects.create(quote=LINE, person=people[2])
    for group, many in LOGOS.items():
        for place in range(many):
            ClientLogo.objects.create(name=f"Company {place}", mark=f"logo-{group}-{place}", group=group)
    return [Category.objects.create(name=name, slug=slugify(name)) for name in SHELVES], people[0]


if __name__ == "__main__":
    main(int(sys.argv[1]))

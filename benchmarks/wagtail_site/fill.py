"""Fill the compared site: `python -m benchmarks.wagtail_site.fill ROLES`."""

import os
import sys

import django

from benchmarks.texts import HEADINGS, html_of, title_of


def main(number: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.wagtail_site.settings")
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from wagtail.models import Page, Site

    call_command("makemigrations", "wagtail_site", verbosity=0)
    call_command("migrate", verbosity=0)
    from benchmarks.wagtail_site.models import FormPage, LibraryPage, RolePage

    owner = User.objects.create_superuser("editor", password=None)
    root = Page.objects.get(depth=1)
    Site.objects.all().delete()
    for page in root.get_children():
        page.delete()
    home = Page(title="Home", slug="home", show_in_menus=True)
    root.add_child(instance=home)
    Site.objects.create(hostname="localhost", root_page=home, is_default_site=True)
    library = LibraryPage(title="Templates", slug="roles", show_in_menus=True)
    home.add_child(instance=library)
    form = FormPage(title="The salary report", slug="report", show_in_menus=True)
    home.add_child(instance=form)
    for label, kind in (("Email", "email"), ("Agree", "checkbox")):
        form.form_fields.create(label=label, field_type=kind, required=True)
    form.save()
    for count in range(number):
        sections = [
            {"type": "section", "value": {"heading": heading, "text": html_of(count, place)}}
            for place, heading in enumerate(HEADINGS)
        ]
        role = RolePage(title=title_of(count), slug=f"role-{count}", summary="Keeps the data flowing.", owner=owner)
        role.category, role.body = "Data", sections
        library.add_child(instance=role)
        role.save_revision().publish()


if __name__ == "__main__":
    main(int(sys.argv[1]))

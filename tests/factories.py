"""Test objects from plain functions with sane defaults. Pictures are drawn, never pasted."""

import io
import uuid
from datetime import date, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from recruitcms.models import CallToAction, Page, Person, Picture, SiteSettings, SiteText
from recruitcms.pictures import read_picture, store_renditions
from recruitcms.publishing import touch_content
from roles.models import Category, PayNote, Role, SalaryBand, Section

numbers = count(1)


def make_user(name: str = "", group: str = "", **more: Any) -> User:
    """Return a member of staff, in one of the ready-made groups where one is named."""
    user = User.objects.create_user(
        name or f"staff{next(numbers)}", password="correct horse battery", is_staff=True, **more
    )
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user


def image_file(name: str = "picture.png", size: tuple[int, int] = (900, 600), kind: str = "PNG", **options: Any) -> Any:
    """Return an uploaded file with a drawn picture."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "#f4b23c").save(buffer, kind, **options)
    return SimpleUploadedFile(name, buffer.getvalue())


def make_picture(name: str = "", **more: Any) -> Picture:
    files = store_renditions(read_picture(image_file()), "PNG")
    return Picture.objects.create(
        **{"name": name or f"picture {next(numbers)}", "alt": "A drawing", "files": files} | more
    )


def make_site(**texts: Any) -> SiteSettings:
    site = SiteSettings.get()
    site.save()
    for language in ("en", "pl"):
        SiteText.objects.update_or_create(site=site, language=language, defaults=texts)
    return site


def make_person(**more: Any) -> Person:
    number = next(numbers)
    fields = {
        "name": f"Person {number}",
        "slug": f"person-{number}",
        "job_title": "Recruiter",
        "bio": "Knows the trade.",
    }
    return Person.objects.create(**fields | more)


def make_category(**more: Any) -> Category:
    number = next(numbers)
    return Category.objects.create(**{"name": f"Category {number}", "slug": f"category-{number}"} | more)


def make_role(sections: dict[str, str] | None = None, **more: Any) -> Role:
    """Return a saved, unpublished role; `sections` maps kinds to Markdown."""
    number = next(numbers)
    language = more.get("language", "en")
    fields = {
        "title": f"Role {number}",
        "slug": f"role-{number}",
        "summary": "Does the work.",
        "category": more.get("category") or make_category(language=language),
        "author": more.get("author") or make_person(language=language),
    }
    role = Role.objects.create(**fields | more)
    for position, (kind, body) in enumerate((sections or {"introduction": "[Company] is looking for help."}).items()):
        in_copy = kind in Section.IN_COPY
        Section.objects.create(role=role, kind=kind, body=body, in_copy=in_copy, position=position)
    return role


def published_role(**more: Any) -> Role:
    role = make_role(**more)
    role.publish()
    return role


def make_page(**more: Any) -> Page:
    number = next(numbers)
    return Page.objects.create(
        **{"title": f"Page {number}", "slug": f"page-{number}", "summary": "In short.", "body": "The text."} | more
    )


def make_cta(place: str, **more: Any) -> CallToAction:
    return CallToAction.objects.create(
        **{"name": f"{place} {next(numbers)}", "place": place, "heading": "Talk to us", "button": "Book a call"} | more
    )


def make_band(role: Role | None = None, **more: Any) -> SalaryBand:
    """Return a saved row of the salary table; what pages have kept is stale, as after a save in the admin."""
    fields = {
        "role_group": role.translation_group if role else uuid.uuid4(),
        "level": "senior",
        "country": "PL",
        "currency": "PLN",
        "low": 24000,
        "median": 27200,
        "high": 31000,
        "sample_size": 42,
        "source": "Northbeam",
        "date": timezone.localdate() - timedelta(days=30),
    }
    band = SalaryBand.objects.create(**fields | more)
    touch_content()
    return band


def make_pay_note(**more: Any) -> PayNote:
    fields = {
        "country": "Poland",
        "text": "The pay or its range, before the interview.",
        "law": "Labour Code, article 18(3ca)",
        "url": "https://law.example/18-3ca",
        "as_of": date(2026, 11, 2),
    }
    note = PayNote.objects.create(**fields | more)
    touch_content()
    return note

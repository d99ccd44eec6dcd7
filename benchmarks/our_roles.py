"""Fill our own site with roles beside its demonstration: `python -m benchmarks.our_roles ROLES`."""

import os
import sys
import uuid
from datetime import timedelta
from typing import Any

from benchmarks.texts import HEADINGS, markdown_of, title_of


def main(number: int) -> None:
    """Make live roles with the words of `benchmarks.texts`, frozen as publishing does, found by the search."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recruitcms.settings")
    import django

    django.setup()
    from django.apps import apps
    from django.utils import timezone

    from recruitcms.models import Person
    from recruitcms.publishing import touch_content
    from roles.models import Category, Role, RoleRevision, Section
    from roles.search import index

    category = Category.objects.filter(language="en")[0]
    author = Person.objects.filter(language="en")[0]
    same = {"category": category, "author": author, "summary": "Keeps the data flowing."}
    since = timezone.now() - timedelta(days=1)
    for start in range(0, number, 200):
        numbers = range(start, min(start + 200, number))
        roles = Role.objects.bulk_create(Role(title=title_of(n), slug=f"role-{n}", **same) for n in numbers)
        revisions = []
        for count, role in zip(numbers, roles, strict=True):
            sections = [
                Section(kind="other", heading=heading, body=markdown_of(count, place)).freeze(role)
                | {"id": f"other-{place}"}
                for place, heading in enumerate(HEADINGS)
            ]
            content: dict[str, Any] = {
                "title_plural": role.title,
                "search_title": "",
                "search_description": "",
                "picture": None,
            }
            content |= {"sections": sections, "resumes": [], "related": []}
            revisions.append(
                RoleRevision(
                    document=role,
                    number=1,
                    content=content,
                    language="en",
                    translation_group=uuid.uuid4(),
                    slug=role.slug,
                    title=role.title,
                    live_from=since + timedelta(seconds=count),
                    reading_minutes=8,
                    **same,
                )
            )
        RoleRevision.objects.bulk_create(revisions)
    index.rebuild(apps)
    touch_content()


if __name__ == "__main__":
    main(int(sys.argv[1]))

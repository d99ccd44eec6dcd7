"""Old addresses used to be looked up in past revisions at each request; from now on they are rows."""

from django.db import migrations
from django.utils import timezone

from recruitcms.translated import localized_url

KINDS = [("recruitcms", "page"), ("roles", "role"), ("leads", "report")]


def forward_from_past_revisions(apps, schema_editor):
    for app_label, name in KINDS:
        paths = {}
        for document, old_path in old_addresses(apps.get_model(app_label, f"{name}revision"), name):
            paths[old_path] = document  # who gave it up last
        if paths:
            add_rows(apps, app_label, name, paths)


def old_addresses(revisions, name):
    """Yield each document with each address that it had and has no more, the newest last."""
    past = revisions.objects.filter(live_from__isnull=False).order_by("live_from")
    rows = list(past.values_list("document_id", "language", "slug"))
    newest = {document: slug for document, _language, slug in rows}
    for document, language, slug in rows:
        if slug != newest[document]:
            yield document, localized_url(language, name, slug).lower()


def add_rows(apps, app_label, name, paths):
    kind, _made = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app_label, model=name)
    model = apps.get_model("recruitcms", "Redirect")
    rows = [
        model(old_path=path, content_type=kind, object_id=document, is_automatic=True)
        for path, document in paths.items()
    ]
    model.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("recruitcms", "0012_redirects"),
        ("roles", "0005_translation_sources"),
        ("leads", "0014_translation_sources"),
    ]
    operations = [migrations.RunPython(forward_from_past_revisions, migrations.RunPython.noop, elidable=True)]

"""Fill-in words and the search came when groups that existed were not handed the permissions of new models.

Those that nobody holds are taken away here. After migrating they are made anew, and handed out as new (groups.py).
"""

from django.db import migrations

MODELS = {"recruitcms": ["fillinword"], "roles": ["synonyms", "missedsearch"]}


def make_anew(apps, schema_editor):
    Permission = apps.get_model("auth", "Permission")
    for app, models in MODELS.items():
        added = Permission.objects.filter(content_type__app_label=app, content_type__model__in=models)
        if not added.exclude(group=None, user=None).exists():
            added.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("recruitcms", "0017_fill_in_words"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_anew, migrations.RunPython.noop)]

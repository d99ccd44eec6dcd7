"""Whoever may change documents could publish them until now, and keeps that: groups and people alike.

The groups of a site are its own and are not made anew, so the two permissions are handed to them here. The permissions
are made under the names that Django gives them after migrating, which it then finds.
"""

from django.db import migrations

DOCUMENTS = ["page", "role", "report"]
ACTS = ["review", "publish"]


def hand_out(apps, schema_editor):
    Permission = apps.get_model("auth", "Permission")
    for model in DOCUMENTS:
        for changing in Permission.objects.filter(codename=f"change_{model}"):
            for act in ACTS:
                permission, _is_new = Permission.objects.get_or_create(
                    content_type=changing.content_type,
                    codename=f"{act}_{model}",
                    defaults={"name": f"Can {act} {model}"},
                )
                permission.group_set.add(*changing.group_set.all())
                permission.user_set.add(*changing.user_set.all())


class Migration(migrations.Migration):
    dependencies = [
        ("recruitcms", "0005_reviews"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(hand_out, migrations.RunPython.noop)]

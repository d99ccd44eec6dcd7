"""Whoever may do something with the sections of a role may do it with its levels.

New sites give this to their groups (recruitcms/groups.py); those of a site that exists are its own, and are handed it
here.
"""

from django.db import migrations


def hand_out(apps, schema_editor):
    Permission, Group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    ContentType = apps.get_model("contenttypes", "ContentType")
    for act in ("add", "change", "delete", "view"):
        own = {"permissions__codename": f"{act}_section", "permissions__content_type__app_label": "roles"}
        groups = list(Group.objects.filter(**own).distinct())
        if not groups:  # a new site: its groups are made afterwards, with all that they need
            continue
        kind, _is_new = ContentType.objects.get_or_create(app_label="roles", model="rolelevel")
        permission, _is_new = Permission.objects.get_or_create(
            content_type=kind, codename=f"{act}_rolelevel", defaults={"name": f"Can {act} level"}
        )
        permission.group_set.add(*groups)


class Migration(migrations.Migration):
    dependencies = [
        ("roles", "0011_levels"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(hand_out, migrations.RunPython.noop)]

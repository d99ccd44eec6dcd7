"""Whoever may change and publish pages sees the mails about reviews, and sends again what was given up.

New sites give this to Editors (groups.py); groups of a site that exists are its own, and are handed it here.
"""

from django.db import migrations


def hand_out(apps, schema_editor):
    Permission, Group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    ContentType = apps.get_model("contenttypes", "ContentType")
    groups = Group.objects.all()
    for codename in ("change_page", "publish_page"):
        groups = groups.filter(permissions__codename=codename, permissions__content_type__app_label="recruitcms")
    chosen = list(groups.distinct())
    if not chosen:  # a new site: its groups are made afterwards, with all that they need
        return
    kind, _is_new = ContentType.objects.get_or_create(app_label="recruitcms", model="staffmail")
    for act in ("change", "view"):
        permission, _is_new = Permission.objects.get_or_create(
            content_type=kind, codename=f"{act}_staffmail", defaults={"name": f"Can {act} mail to staff"}
        )
        permission.group_set.add(*chosen)


class Migration(migrations.Migration):
    dependencies = [
        ("recruitcms", "0014_editors_keep_addresses_and_words"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(hand_out, migrations.RunPython.noop)]

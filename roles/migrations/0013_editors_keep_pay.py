"""Whoever may change categories and publish roles looks after the salary table and the notes on pay: groups and people alike.

New sites give these to Editors (groups.py); groups of a site that exists are its own, and are handed them here.
"""

from django.db import migrations
from django.db.models import Q

MODELS = ["paynote", "salaryband"]
ACTS = ["add", "change", "delete", "view"]


def hand_out(apps, schema_editor):
    Permission = apps.get_model("auth", "Permission")
    Group, User = apps.get_model("auth", "Group"), apps.get_model("auth", "User")
    ContentType = apps.get_model("contenttypes", "ContentType")
    changing = Q(codename="change_category", content_type__app_label="roles")
    publishing = Q(codename="publish_role", content_type__app_label="roles")
    both = [Permission.objects.filter(wanted).first() for wanted in (changing, publishing)]
    if None in both:  # a new site: its groups are made afterwards, with all that they need
        return
    groups = Group.objects.filter(permissions=both[0]).filter(permissions=both[1])
    people = User.objects.filter(user_permissions=both[0]).filter(user_permissions=both[1])
    for model in MODELS:
        kind, _is_new = ContentType.objects.get_or_create(app_label="roles", model=model)
        for act in ACTS:
            permission, _is_new = Permission.objects.get_or_create(
                content_type=kind, codename=f"{act}_{model}", defaults={"name": f"Can {act} {model}"}
            )
            permission.group_set.add(*groups)
            permission.user_set.add(*people)


class Migration(migrations.Migration):
    dependencies = [
        ("roles", "0012_pay"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(hand_out, migrations.RunPython.noop)]

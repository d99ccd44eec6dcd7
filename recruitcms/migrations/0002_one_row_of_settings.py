from django.db import migrations


def make_row(apps, schema_editor):
    apps.get_model("recruitcms", "SiteSettings").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    """The settings have one row from the start, so that no page has to make it."""

    dependencies = [("recruitcms", "0001_initial")]

    operations = [migrations.RunPython(make_row, migrations.RunPython.noop)]

from django.db import migrations

from roles.search import index


def rebuild(apps, schema_editor):
    index.rebuild(apps)


class Migration(migrations.Migration):
    """Apart from 0009: PostgreSQL changes no table that has rows to check at the end of the transaction."""

    dependencies = [("roles", "0009_search")]
    operations = [migrations.RunPython(rebuild, migrations.RunPython.noop)]

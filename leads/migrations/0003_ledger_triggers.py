"""The database refuses to change entries of the ledger and published wordings (I8, CON-3)."""

from typing import Any

from django.db import migrations

from leads import triggers


def install(apps: Any, editor: Any) -> None:
    triggers.install(editor)


def remove(apps: Any, editor: Any) -> None:
    triggers.remove(editor)


class Migration(migrations.Migration):
    dependencies = [("leads", "0002_ledger")]

    operations = [migrations.RunPython(install, remove)]

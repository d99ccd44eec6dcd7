from django.db import migrations, models


def hash_addresses(apps, schema_editor):
    """Write what Suppression knows each person's address by."""
    from leads.suppression import address_hash

    Lead = apps.get_model("leads", "Lead")
    for lead in Lead.objects.only("email_normal").iterator(1000):
        Lead.objects.filter(pk=lead.pk).update(suppression_hmac=address_hash(lead.email_normal))


class Migration(migrations.Migration):

    dependencies = [
        ("leads", "0006_retention"),
    ]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="suppression_hmac",
            field=models.CharField(blank=True, db_index=True, default="", editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(hash_addresses, migrations.RunPython.noop),
    ]

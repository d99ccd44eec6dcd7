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
        migrations.AlterField(
            model_name="edition",
            name="downloads",
            field=models.PositiveIntegerField(default=0, editable=False, help_text="By the button on our page. Links in mails are not counted: programs that check mails open them too.", verbose_name="downloads"),
        ),
        migrations.RunPython(hash_addresses, migrations.RunPython.noop),
    ]

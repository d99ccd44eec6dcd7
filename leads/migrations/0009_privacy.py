import django.db.models.deletion
from django.db import migrations, models

from leads import triggers


def hash_addresses(apps, schema_editor):
    """Write what Suppression knows each person's address by."""
    from leads.suppression import address_hash

    Lead = apps.get_model("leads", "Lead")
    for lead in Lead.objects.only("email_normal").iterator(1000):
        Lead.objects.filter(pk=lead.pk).update(suppression_hmac=address_hash(lead.email_normal))


def install_triggers(apps, schema_editor):
    """SQLite rebuilds a table that is altered, and leaves its triggers behind."""
    triggers.install(schema_editor)


class Migration(migrations.Migration):

    dependencies = [
        ("leads", "0008_forms"),
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
        migrations.RemoveField(
            model_name='purpose',
            name='retention',
        ),
        migrations.CreateModel(
            name='PurposeText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('channel', models.CharField(default='e-mail', max_length=20, verbose_name='channel')),
                ('data_types', models.CharField(help_text='By commas.', max_length=300, verbose_name='data held')),
                ('recipients', models.CharField(blank=True, help_text='By commas.', max_length=300, verbose_name='recipients')),
                ('storage_location', models.CharField(blank=True, max_length=200, verbose_name='where it is stored')),
                ('jurisdiction', models.CharField(default='Poland, European Union', help_text='Whose law applies.', max_length=80, verbose_name='jurisdiction')),
                ('withdrawal_method', models.CharField(default='One press, through the link in each e-mail', max_length=200, verbose_name='how to withdraw')),
                ('language', models.CharField(choices=[('en', 'English'), ('pl', 'Polski')], max_length=10, verbose_name='language')),
                ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='translations', to='leads.purpose')),
            ],
            options={
                'verbose_name': 'translation of a purpose',
                'verbose_name_plural': 'translations of a purpose',
                'constraints': [models.UniqueConstraint(fields=('purpose', 'language'), name='leads_purposetext_language_once')],
            },
        ),
        migrations.AlterField(
            model_name='consentevent',
            name='purpose',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leads.purpose', to_field='key', verbose_name='purpose'),
        ),
        migrations.RunPython(install_triggers, migrations.RunPython.noop),
        migrations.RunPython(hash_addresses, migrations.RunPython.noop),
    ]

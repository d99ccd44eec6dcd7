"""The ledger becomes a chain. The plain table of before was never released: its entries are not carried over."""

import django.db.models.deletion
import leads.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leads', '0001_initial'),
    ]

    operations = [
        migrations.DeleteModel('ConsentEvent'),
        migrations.CreateModel(
            name='ConsentEvent',
            fields=[
                ('seq', models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name='number')),
                ('event_id', models.CharField(default=leads.models.random_id, max_length=32, unique=True)),
                ('schema_version', models.PositiveSmallIntegerField()),
                ('occurred_at', models.DateTimeField(verbose_name='when')),
                ('recorded_at', models.DateTimeField(verbose_name='written')),
                ('text_sha256', models.CharField(max_length=64)),
                ('policy_version', models.CharField(blank=True, max_length=140, verbose_name='privacy policy')),
                ('locale', models.CharField(max_length=10, verbose_name='language')),
                ('state', models.CharField(choices=[('requested', 'Asked, not confirmed yet'), ('given', 'Given'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired'), ('invalidated', 'Declared invalid'), ('erased', 'Erased')], max_length=20, verbose_name='decision')),
                ('method', models.CharField(choices=[('web_form', 'Form on the site'), ('mail_button', 'Button after a link in a mail'), ('one_click', 'Unsubscribe button of the mail program'), ('staff', 'Staff'), ('import', 'Import'), ('system', 'The site itself')], max_length=20, verbose_name='how')),
                ('gate_mode', models.CharField(blank=True, max_length=20, verbose_name='gate')),
                ('actor', models.CharField(max_length=40, verbose_name='by')),
                ('erases', models.JSONField(default=list, verbose_name='payloads deleted')),
                ('idem_key', models.CharField(max_length=64, unique=True)),
                ('commitment', models.CharField(blank=True, max_length=64)),
                ('prev_hash', models.CharField(max_length=64, unique=True)),
                ('hash', models.CharField(max_length=64, unique=True)),
                ('mac', models.CharField(max_length=64)),
                ('mac_key_id', models.CharField(max_length=16)),
                ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leads.purpose', to_field='key', verbose_name='purpose')),
            ],
            options={
                'verbose_name': 'consent event',
                'verbose_name_plural': 'consent events',
                'ordering': ['-seq'],
            },
        ),
        migrations.AddField(
            model_name='consenttext',
            name='notice_url',
            field=models.CharField(blank=True, editable=False, max_length=300, verbose_name='address of the policy'),
        ),
        migrations.AddField(
            model_name='consenttext',
            name='policy_version',
            field=models.CharField(blank=True, editable=False, max_length=140, verbose_name='privacy policy'),
        ),
        migrations.AddField(
            model_name='purpose',
            name='double_opt_in',
            field=models.BooleanField(default=True, help_text='Consent counts only once the owner of the address has pressed the button in our mail.', verbose_name='confirmed by mail'),
        ),
        migrations.AddField(
            model_name='purpose',
            name='jurisdiction',
            field=models.CharField(default='Poland, European Union', help_text='Whose law applies.', max_length=80, verbose_name='jurisdiction'),
        ),
        migrations.AddField(
            model_name='purpose',
            name='withdrawal_method',
            field=models.CharField(default='One press, through the link in each e-mail', max_length=200, verbose_name='how to withdraw'),
        ),
        migrations.CreateModel(
            name='ConsentPayload',
            fields=[
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='payload', serialize=False, to='leads.consentevent')),
                ('salt', models.CharField(max_length=64)),
                ('subject_ref', models.CharField(db_index=True, max_length=64)),
                ('form', models.CharField(blank=True, db_index=True, max_length=32, verbose_name='form')),
                ('page', models.CharField(blank=True, max_length=300, verbose_name='page')),
                ('controls', models.JSONField(default=dict, verbose_name='what was pressed')),
                ('message_id', models.CharField(blank=True, max_length=120, verbose_name='confirmation mail')),
                ('smtp_reply', models.CharField(blank=True, max_length=300, verbose_name='answer of the mail server')),
            ],
            options={
                'verbose_name': 'details of a consent event',
                'verbose_name_plural': 'details of consent events',
            },
        ),
        migrations.AddField(
            model_name='consentevent',
            name='text',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leads.consenttext', verbose_name='wording'),
        ),
    ]

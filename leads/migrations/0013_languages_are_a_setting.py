from django.db import migrations, models

import recruitcms.languages


class Migration(migrations.Migration):

    dependencies = [
        ('leads', '0012_revision_notes_and_dates'),
    ]

    # Choices and default are now functions: a matter of forms alone, so no table is touched.
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='consenttext',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='cookiewording',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='lead',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='purposetext',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='report',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, default=recruitcms.languages.own_language, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='submission',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, max_length=10, verbose_name='language'),
                ),
            ]
        )
    ]

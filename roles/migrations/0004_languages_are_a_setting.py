from django.db import migrations, models

import recruitcms.languages


class Migration(migrations.Migration):

    dependencies = [
        ('roles', '0003_revision_notes_and_dates'),
    ]

    # Choices and default are now functions: a matter of forms alone, so no table is touched.
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='category',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, default=recruitcms.languages.own_language, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='role',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, default=recruitcms.languages.own_language, max_length=10, verbose_name='language'),
                ),
            ]
        )
    ]

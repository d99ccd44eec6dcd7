from django.db import migrations, models

import recruitcms.languages


class Migration(migrations.Migration):

    dependencies = [
        ('roles', '0001_initial'),
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

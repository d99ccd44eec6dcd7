from django.db import migrations, models

import recruitcms.languages


class Migration(migrations.Migration):

    dependencies = [
        ('recruitcms', '0009_bulk_changes'),
    ]

    # Choices and default are now functions: a matter of forms alone, so no table is touched.
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='calltoaction',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, default=recruitcms.languages.own_language, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='page',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, default=recruitcms.languages.own_language, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, default=recruitcms.languages.own_language, max_length=10, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='sitetext',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, max_length=10, unique=True, verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='testimonial',
                    name='language',
                    field=models.CharField(choices=recruitcms.languages.language_choices, default=recruitcms.languages.own_language, max_length=10, verbose_name='language'),
                ),
            ]
        )
    ]

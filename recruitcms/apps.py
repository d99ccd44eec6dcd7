from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.db.models.signals import post_migrate


class RecruitcmsConfig(AppConfig):
    name = "recruitcms"
    verbose_name = "Site content"

    def ready(self) -> None:
        from recruitcms import checks, error_reports, server_checks  # noqa: F401  (the checks register themselves)
        from recruitcms.groups import make_groups

        # After migrating, and before Django makes the permissions of new models (`django.contrib.auth` is installed
        # further down), so that new ones are known.
        post_migrate.connect(make_groups, sender=self)
        error_reports.start()


class AdminConfig(DjangoAdminConfig):
    default_site = "recruitcms.admin_site.Desk"

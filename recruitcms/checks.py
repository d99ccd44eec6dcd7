"""Checks of our own for `manage.py check`: what would otherwise go wrong only once visitors come."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def mail_leaves_the_machine(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where confirmations would be written to files that nobody reads."""
    if settings.EMAIL_BACKEND == "leads.mail_files.MailFilesBackend":
        return [
            checks.Warning(
                "Mails are written to files instead of being sent.",
                hint="Set MAIL_URL, for example smtp+tls://user:password@smtp.example.com:587.",
                id="recruitcms.W001",
            )
        ]
    return []


@checks.register(checks.Tags.security, deploy=True)
def calls_stay_outside(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where calls to other machines may reach our own network (SEC-16)."""
    if settings.OUTGOING_LOCAL:
        return [
            checks.Warning(
                "OUTGOING_LOCAL lets calls go to this machine, without TLS.",
                hint="Set OUTGOING_LOCAL=0. It is for tests.",
                id="recruitcms.W003",
            )
        ]
    return []


@checks.register(checks.Tags.security, deploy=True)
def site_has_its_address(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where links in mails would lead to a machine that visitors cannot reach (EML-17)."""
    if not settings.HTTPS:
        return [
            checks.Warning(
                "The site's address is not an https:// one.",
                hint="Set SITE_URL, for example https://www.example.com. Links in mails are made from it.",
                id="recruitcms.W002",
            )
        ]
    return []

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from recruitcms.languages import direction
from recruitcms.site_content import site_content


def site(request: HttpRequest) -> dict[str, object]:
    """Give every template `site` (what all pages share, in the language of the path) and the site's address.

    `environment` names a site that is not the live one; it is empty on the live one.
    """
    language = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)
    environment = "" if settings.PRODUCTION else settings.ENVIRONMENT or _("Demonstration site")
    return {
        "site": site_content(language),
        "site_url": settings.SITE_URL,
        "environment": environment,
        "LANGUAGE_CODE": language,
        "direction": direction(language),
    }

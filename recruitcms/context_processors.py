from django.conf import settings
from django.http import HttpRequest

from recruitcms.languages import direction
from recruitcms.site_content import site_content


def site(request: HttpRequest) -> dict[str, object]:
    """Give every template `site` (what all pages share, in the language of the path) and the site's address."""
    language = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)
    return {
        "site": site_content(language),
        "site_url": settings.SITE_URL,
        "LANGUAGE_CODE": language,
        "direction": direction(language),
    }

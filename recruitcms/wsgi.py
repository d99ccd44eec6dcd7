"""The application that the web server calls, behind guards that Django has no place for."""

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from recruitcms import request_ids

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recruitcms.settings")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
CHARSET = re.compile(r";\s*charset[^;=]*=[^;]*", re.IGNORECASE)


def guarded(application: Application) -> Application:
    """Return an application that reads every form as UTF-8, answers HEAD without a body, and gives requests their ids.

    Django looks up whatever character set a request names before any middleware runs, and fails where it is a codec
    that is no character set ("hex", "zlib").
    """

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request_ids.begin(environ)
        environ["CONTENT_TYPE"] = CHARSET.sub("", environ.get("CONTENT_TYPE", ""))
        body = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        if hasattr(body, "close"):
            body.close()
        return []

    return call


application = guarded(get_wsgi_application())

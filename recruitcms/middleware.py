"""What every answer has: a language by its path, headers that make it safe, and forms only from our own pages."""

import logging
import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

GetResponse = Callable[[HttpRequest], HttpResponse]
LANGUAGES = {code for code, _name in settings.LANGUAGES}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


class LanguageFromPath:
    """The language is the path's first part, and nothing else: not a cookie, not the browser's wish.

    Django's LocaleMiddleware would answer with `Vary: Accept-Language` and redirect on 404.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request.path_info)
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response


def language_of(path: str) -> str:
    """Return the language that a path is in: its first part, or the default one."""
    first = path.split("/", 2)[1]
    return first if first in LANGUAGES else settings.LANGUAGE_CODE


class VendorHosts:
    """Adds a vendor's hosts to the policy of the pages that ask about it, and of no other (COO-12).

    The tag that puts the cookie notice into a page leaves them on the request: {directive: [origin, …]}.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        hosts = getattr(request, "vendor_hosts", None)
        if hosts:
            response._csp_update = hosts  # type: ignore[attr-defined]
        return response


class SecurityHeaders:
    """Headers that Django has no setting for (SEC-3). A view that set one of them itself keeps it."""

    HEADERS = {
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class SameOriginForms:
    """Guards every view that does without Django's CSRF token: posts must come from our own pages (§4.1).

    Such pages carry no cookie, so that they can be cached whole; the browser itself says where a post comes from. A
    view marked `cross_origin_ok` has an authority of its own, such as a signed token.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        if request.method not in UNSAFE or not getattr(view, "csrf_exempt", False):
            return None
        if not getattr(view, "cross_origin_ok", False) and not is_same_origin(request):
            return render(request, "403.html", status=403)
        if _too_large(request):
            return render(request, "413.html", status=413)
        return None


def is_same_origin(request: HttpRequest) -> bool:
    """Tell whether an unsafe request comes from our own pages.

    `Sec-Fetch-Site` decides where it is present; an older browser's `Origin` must be ours, scheme included. With
    neither it is no browser, or a very old one, and passes (SEC-28): these forms use no cookies that it could borrow.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.get_host()}"


def _too_large(request: HttpRequest) -> bool:
    """Tell whether a public form is larger than any real one, or hides how large it is (SEC-24)."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return True
    return length > settings.PUBLIC_FORM_MAX_BYTES or "Transfer-Encoding" in request.headers


class HideTokens(logging.Filter):
    """Keeps the tokens of links in mails out of the logs (SEC-23)."""

    TOKEN = re.compile(r"(/(?:c|u|d)/)[^/\s?\"']+")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self.TOKEN.sub(r"\1[redacted]", record.getMessage())
        record.args = ()
        return True

"""What every answer has: a language by its path, headers that make it safe, and forms only from our own pages."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.views import redirect_to_login
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.urls import is_valid_path
from django.utils import translation
from whitenoise.middleware import WhiteNoiseMiddleware

from recruitcms import outages
from recruitcms.languages import codes, own_language

GetResponse = Callable[[HttpRequest], HttpResponse]
# Pages behind links in mails and for reviewers, and feeds of calendars: their addresses are secrets (SEC-23).
TOKEN_PAGE = re.compile(r"(/[a-z-]+)?/[cdfupr]/")
KNOWN_METHODS = ["GET", "HEAD", "POST"]
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


def on_admin_pages(middleware: type) -> Any:
    """Return a middleware that works on the admin's pages alone.

    Elsewhere not even a stale cookie may make an answer differ or set another (§4.1).
    """

    class OnAdminPages(middleware):
        def __call__(self, request: HttpRequest) -> HttpResponse:
            if not request.path_info.startswith("/admin/"):
                return self.get_response(request)
            return super().__call__(request)

    return OnAdminPages


AdminSessions = on_admin_pages(SessionMiddleware)
AdminCsrf = on_admin_pages(CsrfViewMiddleware)
AdminAuthentication = on_admin_pages(AuthenticationMiddleware)
AdminMessages = on_admin_pages(MessageMiddleware)


class GZipText(GZipMiddleware):
    """Compresses text. Pictures and PDF files are compressed already, and their ranges must stay true.

    Whole pages are left to the page cache, which compresses them once.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if settings.PAGE_CACHE_BYTES and getattr(response, "is_whole", False):
            return response
        if not re.match(r"text/|application/(json|xml|atom)", response.get("Content-Type", "")):
            return response
        return super().process_response(request, response)


class StaticFiles(WhiteNoiseMiddleware):
    """Serves what was collected, but for what collecting keeps beside it for itself."""

    OURS = {".collected", "staticfiles.json"}

    def add_file_to_dictionary(self, url: str, path: str, **more: Any) -> None:
        if url.removeprefix(self.static_prefix or "") not in self.OURS:
            super().add_file_to_dictionary(url, path, **more)


def language_of(path: str) -> str:
    """Return the language that a path is in: its first part, or the default one."""
    first = path.lstrip("/").split("/", 1)[0]
    return first if first in codes() else own_language()


class KnownMethods:
    """Refuses what no page of ours knows: the admin's views would take a PUT or a TRACE for a GET (SEC-3, SEC-12)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in KNOWN_METHODS:
            return HttpResponseNotAllowed(KNOWN_METHODS)
        return self.get_response(request)


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


class OldAddresses:
    """Forwards from old addresses, which is asked only where no page was found; counts both, and what is in vain."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from recruitcms import address_counts, addresses  # models, which are not there yet when middleware is loaded

        response = self.get_response(request)
        if response.status_code != 404:
            return response
        forwarded = addresses.forward(request)
        if request.method == "GET":
            if forwarded:
                address_counts.count_forward(addresses.normal(request.path_info))
            elif not is_valid_path(f"{request.path_info}/"):  # else the answer will be a forward to that
                address_counts.count_missing(request)
        return forwarded or response


class SecurityHeaders:
    """Headers that Django has no setting for (SEC-3). A view that set one of them itself keeps it.

    What stands behind a token stays out of caches, search engines and other sites' logs, whatever the answer is
    (SEC-20, SEC-23). A site that is not the live one stays out of search engines altogether.
    """

    HEADERS = {
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Reporting-Endpoints": f'csp="{settings.CSP_REPORTS}"',
    }
    TOKEN_HEADERS = {
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "same-origin",
    }

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.headers.setdefault(name, value)
        if not settings.PRODUCTION:
            response.headers["X-Robots-Tag"] = "noindex"
        if TOKEN_PAGE.match(request.path_info):
            for name, value in self.TOKEN_HEADERS.items():
                response.headers[name] = value
        return response


class RoomForReaders:
    """Keeps some of the server's threads for pages: forms that wait for a lock must not take them all (REL-11).

    A form that finds no room waits a moment, as long as others come and go. Where none has gone for a while something
    is stuck, and it gets the 503 page at once: nothing of it was read.
    """

    PATIENCE = 0.5  # seconds
    STUCK = 1.0  # seconds

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.room = threading.BoundedSemaphore(max(1, settings.WEB_THREADS - max(1, settings.WEB_THREADS // 4)))
        self.left_at = time.monotonic()  # when the last form came or went

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in UNSAFE:
            return self.get_response(request)
        if not self._enter():
            return outages.refusal()
        try:
            return self.get_response(request)
        finally:
            self.left_at = time.monotonic()
            self.room.release()

    def _enter(self) -> bool:
        """Take room, waiting for it unless forms are stuck. Return whether there was any."""
        if self.room.acquire(blocking=False):
            self.left_at = time.monotonic()
            return True
        is_stuck = time.monotonic() - self.left_at > self.STUCK
        return not is_stuck and self.room.acquire(timeout=self.PATIENCE)


class PublicFormLimits:
    """Refuses forms that are larger than any real one (SEC-24), unless somebody who is signed in sends them.

    It comes before whatever reads forms, the CSRF guard of the sign-in page included. A view with `max_bytes` takes
    longer posts than a form is.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        if request.method not in UNSAFE or is_signed_in(request):
            return None
        if _too_large(request, getattr(view, "max_bytes", settings.PUBLIC_FORM_MAX_BYTES)):
            if request.path_info.startswith("/admin/"):  # perhaps a long form of somebody who was signed out
                return redirect_to_login(request.get_full_path(), "admin:login")
            return render(request, "413.html", status=413)
        _body = request.body  # read now, it can be read again by views that need it as it came
        if sum(len(values) for _name, values in request.POST.lists()) > settings.PUBLIC_FORM_MAX_FIELDS:
            raise TooManyFieldsSent("A public form had more fields than PUBLIC_FORM_MAX_FIELDS.")
        return None


def is_signed_in(request: HttpRequest) -> bool:
    """Tell whether a member of staff sends a request. On public pages nobody is: they know no sessions."""
    user = getattr(request, "user", None)
    return user is not None and user.is_active and user.is_staff


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


def _too_large(request: HttpRequest, limit: int) -> bool:
    """Tell whether a public form is larger than any real one, or hides how large it is (SEC-24)."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return True
    return length > limit or "Transfer-Encoding" in request.headers

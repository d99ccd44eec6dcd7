"""Whole public pages, kept by each process and answered before anything else is done, compressed already.

A page is kept only where its view says so (`whole`), under its address and the parts of the query that pages know
(SEC-20). It is never older than the last commit: each request asks for the content version, which every publication and
every change of shared content counts up; and it ends when a scheduled page is due to appear or go.

nginx before us may keep an answer for the rest of the second in which it was given (deploy/nginx), and only one that
says so: also that a page is not there any more, or where it leads to instead, or nginx would go on showing what it kept
while the site is down.
"""

import gzip
import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode
from weakref import WeakSet

import brotli
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers

from recruitcms.content_state import ContentState, asked_once, content_state
from recruitcms.middleware import TOKEN_PAGE

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Key = tuple[str, str, str, str]  # scheme, host, path, query
KNOWN = ("category", "page", "sort")  # what a list may take from the query; whatever else stands there is ignored
SEARCH = "q"  # searches are counted, and are too many to keep
SECONDS = 600  # that a page is kept at most: some say how old something is
NO_PAGES = re.compile(r"/(?:(?:admin|static|media|cards)/|(?:healthz|readyz|metrics)$)")
NOT_REFUSED = r"(?![\w-]|\s*;\s*q=0(?:\.0*)?\s*(?:,|$))"
ACCEPTED = {name: re.compile(rf"(?:^|[\s,]){name}{NOT_REFUSED}", re.IGNORECASE) for name in ("br", "gzip")}
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=5),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}


def whole(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Say of a view that its answers to GET are the same for everybody, whatever stands in the query."""

    @wraps(view)
    def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return mark_whole(request, view(request, *args, **kwargs))

    return marked


def mark_whole(request: HttpRequest, response: HttpResponse, hangs_on_query: bool = False) -> HttpResponse:
    """Say the same of one answer; or that it hangs on what the query has of `KNOWN`, each of which must make sense.

    Browsers may keep it too, if they ask each time whether it still holds.
    """
    if request.method in {"GET", "HEAD"} and SEARCH not in request.GET:
        response.is_whole = True  # type: ignore[attr-defined]
        response.hangs_on_query = hangs_on_query  # type: ignore[attr-defined]
        response.headers.setdefault("Cache-Control", "no-cache")
    return response


@dataclass
class KeptPage:
    """An answer as it goes out: its headers, and its body plain and, once asked for, compressed."""

    headers: dict[str, str]
    body: bytes
    version: int
    ends_at: float
    hangs_on_query: bool
    compressed: dict[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.body) * 2  # with what is compressed of it

    def answer(self, request: HttpRequest) -> HttpResponse:
        accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
        encoding = next((name for name, pattern in ACCEPTED.items() if pattern.search(accepted)), "")
        if encoding and encoding not in self.compressed:
            self.compressed[encoding] = COMPRESS[encoding](self.body)
        response = HttpResponse(self.compressed[encoding] if encoding else self.body)
        for name, value in self.headers.items():
            response.headers[name] = value
        if encoding:
            response.headers["Content-Encoding"] = encoding
        response.headers["Content-Length"] = str(len(response.content))
        if "HTTP_IF_NONE_MATCH" in request.META:
            response = get_conditional_response(request, etag=self.headers["ETag"], response=response) or response
        if self.hangs_on_query or not request.META.get("QUERY_STRING"):  # else each made-up query would be kept
            until_this_second_ends(response)
        response.is_kept = True  # type: ignore[attr-defined]
        return response


def until_this_second_ends(response: HttpResponseBase) -> None:
    """Let nginx keep an answer that long, a 304 as well: it says that what nginx has still holds."""
    if settings.BEHIND_PROXY:
        response.headers["X-Accel-Expires"] = f"@{int(time.time())}"


_caches: WeakSet["PageCache"] = WeakSet()


def totals() -> tuple[int, int]:
    """Return how many pages this process keeps, and how many bytes they take, about."""
    return sum(len(cache.pages) for cache in _caches), sum(cache.size for cache in _caches)


class PageCache:
    """The outermost middleware but the one that counts.

    What it keeps has all headers, and costs nothing of what stands behind it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.room = settings.PAGE_CACHE_BYTES
        self.pages: OrderedDict[Key, KeptPage] = OrderedDict()
        self.size = 0
        self.lock = threading.Lock()
        _caches.add(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        with asked_once():
            response = self.answer(request)
        if is_gone(request, response):
            until_this_second_ends(response)
        return response

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        key = key_of(request) if self.room else None
        if key is None:
            return self.get_response(request)
        page = self.find(key)
        try:
            state = content_state()
        except DatabaseError:  # a kept page is better than none
            return page.answer(request) if page else self.get_response(request)
        if page and page.version == state.version and page.ends_at > time.time():
            return page.answer(request)
        response = self.get_response(request)
        if not may_be_kept(response):
            return response
        page = made(response, state)
        self.keep(key if page.hangs_on_query else without_query(key), page)
        return page.answer(request)

    def find(self, key: Key) -> KeptPage | None:
        page = self.pages.get(without_query(key))
        return page if page and not page.hangs_on_query else self.pages.get(key)

    def keep(self, key: Key, page: KeptPage) -> None:
        """Keep a page in place of what its address had; the one that was kept first goes where there is no room."""
        with self.lock:
            before = self.pages.pop(key, None)
            self.size += page.size - (before.size if before else 0)
            self.pages[key] = page
            while self.size > self.room:
                self.size -= self.pages.popitem(last=False)[1].size


def key_of(request: HttpRequest) -> Key | None:
    """Return what a page that is asked for is kept under, or None where it is not to be answered from here."""
    if NO_PAGES.match(request.path_info):
        return None
    meta, query = request.META, request.META.get("QUERY_STRING", "")
    if query:
        parts = parse_qsl(query, keep_blank_values=True)
        if any(name == SEARCH for name, _value in parts):
            return None
        query = urlencode(sorted((name, value) for name, value in dict(parts).items() if name in KNOWN))
    return request.scheme or "", meta.get("HTTP_HOST", ""), request.path_info, query


def without_query(key: Key) -> Key:
    return (*key[:3], "")


def is_gone(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Tell whether an answer says that a page is not there (any more), and nothing of a token or of the desk.

    A forward says so too. One to the same address with a slash at the end has no view, and needs no keeping.
    """
    if response.status_code not in {301, 302, 404, 410} or not request.resolver_match:
        return False
    return not (NO_PAGES.match(request.path_info) or TOKEN_PAGE.match(request.path_info))


def may_be_kept(response: HttpResponseBase) -> bool:
    """Tell whether an answer is a whole public page; nothing private ever is (SEC-20)."""
    if not getattr(response, "is_whole", False) or response.status_code != 200 or response.streaming:
        return False
    control = response.get("Cache-Control", "")
    return not (response.cookies or "private" in control or "no-store" in control)


def made(response: Any, state: ContentState) -> KeptPage:
    """Return an answer as a page to keep; it was made after `state` was asked for."""
    patch_vary_headers(response, ["Accept-Encoding"])
    response.headers["ETag"] = f'W/"{hashlib.sha256(response.content).hexdigest()[:20]}"'
    return KeptPage(
        headers={name: value for name, value in response.headers.items() if name != "Content-Length"},
        body=response.content,
        version=state.version,
        ends_at=min(state.changes_at, time.time() + SECONDS),
        hangs_on_query=response.hangs_on_query,
    )

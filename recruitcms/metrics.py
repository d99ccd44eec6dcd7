"""What those who watch the site count, in the text format of Prometheus, at /metrics. Nothing of persons (SEC-22).

Each web process keeps its own counts and is asked by itself, at its own port. Labels are names that we gave: of a view,
never a path, so that no visitor can make a new series. Asked from inside alone: nginx does not pass it on, and whatever
a proxy passed on gets the answer that an unknown address gets.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from recruitcms.networks import is_in

GetResponse = Callable[[HttpRequest], HttpResponseBase]
METHODS = {"GET", "HEAD", "POST"}
SECONDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
NO_VIEW = "-"  # static files, forwards, and addresses that do not exist
DATABASE_UP = "Whether the database answers: 0 also while it has not answered an earlier question yet."
KEPT = "kept page"  # answered from the page cache, which does not ask which view it was

registry = CollectorRegistry()
ProcessCollector(registry=registry)
REQUESTS = Histogram(
    "recruitcms_request_seconds",
    "Requests, by view, method and class of status.",
    ["view", "method", "status"],
    buckets=SECONDS,
    registry=registry,
)
FORMS = Counter(
    "recruitcms_forms",
    "Public forms, by kind, that were taken, held or refused.",
    ["kind", "became"],
    registry=registry,
)
OUTAGES = Counter(
    "recruitcms_outages",
    "Requests that the database, or the disk, was away for, or that found no room.",
    registry=registry,
)
CSP_REPORTS = Counter(
    "recruitcms_csp_reports",
    "What browsers reported to have refused on our pages, by directive.",
    ["directive"],
    registry=registry,
)
# Series that alarms compare are there from the start: the first count of a new one is no growth to Prometheus.
REQUESTS.labels(NO_VIEW, "GET", "5xx")
_series: dict[tuple[str, str, int], Any] = {}  # those of REQUESTS, found by what is at hand


class Measured:
    """The first middleware: counts every request and how long it took, those from the page cache included."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = match.view_name if match else KEPT if hasattr(response, "is_kept") else NO_VIEW
        key = view, request.method or "", response.status_code // 100
        (_series.get(key) or _new_series(key)).observe(time.perf_counter() - began)
        return response


def _new_series(key: tuple[str, str, int]) -> Any:
    """Return the series of a view, method and class of status; all pages of the desk are one view."""
    view, method, status = key
    name = "admin" if view.startswith("admin:") else view or NO_VIEW
    series = REQUESTS.labels(name, method if method in METHODS else "other", f"{status}xx")
    if method in METHODS:  # a made-up one is not remembered
        _series[key] = series
    return series


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all counts. Raises Http404 for whoever is not inside."""
    peer = request.META.get("REMOTE_ADDR", "")
    if "HTTP_X_FORWARDED_FOR" in request.META or not is_in(peer, settings.METRICS_NETWORKS):
        raise Http404
    headers = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4, headers=headers)


# --- what is looked up when somebody asks ---


def gauge(name: str, words: str, value: float, **labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"recruitcms_{name}", words, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


class State:
    """What is so at this moment: in the database, in memory, on the disk."""

    _asking = threading.Lock()

    def describe(self) -> list[Any]:
        """Say beforehand what there will be: nothing is asked when this module is loaded."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from recruitcms.page_cache import totals

        yield gauge("release_info", "What runs here.", 1, release=settings.RELEASE)
        yield gauge("disk_free_bytes", "Room where the data are.", shutil.disk_usage(settings.DATA_DIR).free)
        pages, size = totals()
        yield gauge("kept_pages", "Pages that this process keeps.", pages)
        yield gauge("kept_bytes", "What they take, about.", size)
        if self._asking.acquire(blocking=False):  # a database that is stuck takes one thread, not all
            try:
                yield from self._of_database()
            finally:
                self._asking.release()
        else:
            yield gauge("database_up", DATABASE_UP, 0)

    def _of_database(self) -> Iterator[GaugeMetricFamily]:
        try:
            found = list(_in_database())
        except DatabaseError:
            yield gauge("database_up", DATABASE_UP, 0)
            return
        yield gauge("database_up", DATABASE_UP, 1)
        yield from found


def _in_database() -> Iterator[GaugeMetricFamily]:
    from leads import ledger, outbox
    from leads.models import OutboxState, OutgoingMail, Submission

    now = timezone.now()
    mails = GaugeMetricFamily("recruitcms_mails", "Mails that are owed or were given up.", labels=["state"])
    for state in (OutgoingMail.State.PENDING, OutgoingMail.State.SENDING, OutgoingMail.State.DEAD):
        mails.add_metric([state.value], OutgoingMail.objects.filter(state=state).count())
    yield mails
    hour = now - timedelta(hours=1)
    sent = OutgoingMail.objects.filter(state=OutgoingMail.State.SENT, due_at__gte=hour).count()
    yield gauge("mails_sent_last_hour", "Mails that fell due within an hour, and left.", sent)
    oldest = outbox.oldest_owed(now).total_seconds()
    yield gauge(
        "oldest_owed_mail_seconds", "For how long the oldest mail is owed; not one that a limit put off.", oldest
    )
    queue = OutboxState.get()
    yield gauge("mail_paused", "Whether all mail waits, since the mail server refuses us.", int(queue.pauses > 0))
    if queue.beat_at:
        age = (now - queue.beat_at).total_seconds()
        yield gauge("worker_heartbeat_age_seconds", "Since a worker was last seen.", age)
    held = Submission.objects.filter(state=Submission.State.HELD).count()
    yield gauge("forms_held", "Forms that wait for a person to look at them.", held)
    yield gauge("ledger_entries", "Entries of the consent ledger; they have no gaps.", ledger.head().seq)


registry.register(State())

"""The web server: one process with threads by default, WEB_PROCESSES of them where the database is shared."""

import gc
import os

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from recruitcms.logs import logging_as


class NamelessLog(Logger):
    """Logs no visits, which gunicorn would still put together for longer than a page takes, and no visitor's address.

    Of a request that is none it says whose it was, and quotes from it (SEC-22).
    """

    def access(self, *args, **kwargs):
        pass

    def warning(self, msg, *args, **kwargs):
        super().warning("Invalid request." if msg.startswith("Invalid request from ip=") else msg, *args, **kwargs)


class DrainingWorker(ThreadWorker):
    """Takes everybody who has connected when it is told to stop, and listens no more (REL-10).

    gunicorn leaves its port open until the last answer is out, and then breaks off whoever connected meanwhile: nginx
    would not send their forms a second time. A port that is closed at once lets it ask the other process instead.
    """

    def set_accept_enabled(self, enabled):
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                before = None
                while before != self.nr_conns:
                    before = self.nr_conns
                    self.accept(listener)
                listener.close()


logger_class = NamelessLog
worker_class = DrainingWorker
workers = int(os.environ.get("WEB_PROCESSES", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 30
graceful_timeout = 20
keepalive = 5
limit_request_line = 8190  # as long as nginx lets one be
limit_request_fields = 60
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
logconfig_dict = logging_as(os.environ.get("LOG_FORMAT") or "line")
control_socket_disable = True  # systemd and Docker say when to stop; it would stand in the home of a user who has none
preload_app = True  # processes share the memory of what is loaded


def when_ready(server):
    """Load what every process needs, and leave it out of the garbage collector's rounds, which would copy it."""
    from django.conf import settings
    from django.urls import get_resolver
    from django.utils import translation

    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            get_resolver().reverse_dict  # noqa: B018  (made by reading it)
    gc.collect()
    gc.freeze()


def post_worker_init(worker):
    """Open what each process has for itself: SQLite's connections, and a thread that sends mail where no worker is.

    Not while a restore is under way, which in turn waits for none that runs.
    """
    from django.conf import settings

    from recruitcms import running, sqlite

    running.hold()
    if sqlite.keep_open():
        sqlite.keep_connections()
    if settings.EMBEDDED_WORKER:
        from leads.outbox import start_thread

        start_thread()

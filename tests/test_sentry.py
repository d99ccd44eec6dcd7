"""Error reports help to find a fault and name nobody: sent for real, to a server of our own (SEC-22, SEC-23)."""

import gzip
import json
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import brotli
import pytest

from tests.processes import bare_environment

ROOT = Path(__file__).parent.parent
START = "import django; django.setup()\n"


@pytest.fixture
def reports():
    """What arrives at the server, as [(path, event), …], and the DSN that leads there."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = {"br": brotli.decompress, "gzip": gzip.decompress}.get(self.headers["Content-Encoding"], bytes)(body)
            got.append((self.path, body.decode()))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield got, f"http://key@127.0.0.1:{server.server_port}/7"
    server.shutdown()
    server.server_close()


def run(tmp_path, code: str, **variables: str) -> subprocess.CompletedProcess:
    own = {"TEST_DATA_DIR": str(tmp_path / "var"), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment = bare_environment() | own
    command = [sys.executable, "-c", START + textwrap.dedent(code)]
    return subprocess.run(command, cwd=ROOT, env=environment | variables, capture_output=True, text=True, timeout=60)


FAULT = """
    import io, sentry_sdk
    from urllib.parse import urlencode
    from wsgiref.util import setup_testing_defaults
    from recruitcms import logs
    from recruitcms.wsgi import application
    def broken(request, *args, **kwargs):
        marta = "marta@local.example"
        text = request.POST.get("message")
        from django.db import connection
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", ["queried@quillstone.example"])
        detail = "DETAIL:  Failing row contains (7, Marta)."
        raise ValueError(f"marta@quillstone.example said {request.path}?q=1\\n{detail}")
    from django.urls import path
    from recruitcms import urls as all_urls
    from django.views.decorators.csrf import csrf_exempt
    broken.cross_origin_ok = True
    all_urls.urlpatterns.insert(0, path("c/<str:token>/", csrf_exempt(broken)))
    form = urlencode({"message": "A private message", "name": "Marta"}).encode()
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/c/a-secret-token/", "QUERY_STRING": "email=query@quillstone.example",
        "HTTP_HOST": "testserver", "HTTP_COOKIE": "session=a-secret-cookie", "HTTP_REFERER": "/u/tokenref/",
        "HTTP_SEC_FETCH_SITE": "same-origin", "REMOTE_ADDR": "203.0.113.9", "CONTENT_LENGTH": str(len(form)),
        "CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": io.BytesIO(form),
    }
    setup_testing_defaults(environ)
    answer = b"".join(application(environ, lambda status, headers, error=None: print(status))).decode()
    assert logs.owner() in answer
    print(logs.owner())
    sentry_sdk.flush(10)
"""


def test_an_error_arrives_without_address_token_form_cookie_or_values(tmp_path, reports):
    got, dsn = reports

    done = run(tmp_path, FAULT, SENTRY_DSN=dsn, RELEASE="1.2.3")

    assert done.returncode == 0, done.stderr
    assert [path for path, _body in got] == ["/api/7/envelope/"]
    sent = got[0][1]
    private = (
        "quillstone",
        "local.example",
        "a-secret-token",
        "tokenref",
        "A private message",
        "Marta",
        "secret-cookie",
        "203.0.113",
    )
    assert [word for word in private if word in sent] == []
    event = json.loads(sent.splitlines()[2])
    assert event["exception"]["values"][-1]["type"] == "ValueError"
    assert event["exception"]["values"][-1]["value"] == "[address] said /c/[redacted]/?[redacted]\nDETAIL: [redacted]"
    assert event["request"] == {"method": "POST", "url": "/c/[redacted]/"}
    assert event["release"] == "1.2.3"
    assert event["tags"] == {"belongs_to": done.stdout.split()[-1]}
    assert {"user", "breadcrumbs", "extra", "modules", "server_name"} & event.keys() == set()
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "broken"
    assert [frame for frame in frames if "vars" in frame] == []


def test_what_is_logged_as_an_error_is_reported_too(tmp_path, reports):
    got, dsn = reports

    done = run(
        tmp_path,
        """
        import logging, sentry_sdk
        logging.getLogger("leads.outbox").error("Mail %s to %s is lost.", 7, "marta@quillstone.example")
        sentry_sdk.flush(10)
        """,
        SENTRY_DSN=dsn,
    )

    assert done.returncode == 0, done.stderr
    assert "quillstone" not in got[0][1]
    assert "[address]" in got[0][1]


def test_without_a_dsn_the_library_is_not_even_loaded(tmp_path):
    done = run(tmp_path, "import sys; print('sentry_sdk' in sys.modules)")

    assert done.stdout.strip() == "False"


def test_a_dsn_without_the_library_stops_the_start(tmp_path):
    done = run(
        tmp_path,
        "",
        SENTRY_DSN="https://key@errors.example.com/1",
        PYTHONPATH=str(without_sentry(tmp_path)),
    )

    assert done.returncode != 0
    assert "requirements/server.txt" in done.stderr.splitlines()[-1]


def without_sentry(folder: Path) -> Path:
    """Return a folder in which sentry_sdk cannot be imported, as where it is not installed."""
    (folder / "none" / "sentry_sdk").mkdir(parents=True)
    (folder / "none" / "sentry_sdk" / "__init__.py").write_text("raise ImportError('No module named sentry_sdk')\n")
    return folder / "none"

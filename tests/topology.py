"""The whole topology of docs/operations.md on this machine, from Debian's packages: what compose.yaml starts as well.

PostgreSQL, Redis, object storage by S3 protocol, two web processes, two workers, nginx with deploy/nginx's file and a
mail server that keeps what it gets, all on loopback and in one temporary folder. `make topology` keeps it up until
Ctrl-C; tests/test_topology.py and the scans ask it questions.
"""

import contextlib
import http.client
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.servers import ROOT, Server
from tests import nginx, postgres
from tests.faults.databases import Postgres, as_other_user, free_port, give_away
from tests.faults.sink import Sink
from tests.faults.site import kill, wait_until
from tests.faults.visitors import BROWSER

NAME = "localhost"
UNITS = ROOT / "deploy" / "systemd"
PORTS = ("db", "cache", "files", "mail", "web-1", "web-2", "http", "https")
STORES = ("postgresql", "redis", "files")
KEYS = ("SECRET_KEY", "LINK_KEY", "PROOF_KEY", "LEDGER_KEY", "SUPPRESSION_KEY", "FACTOR_KEY")
PATIENCE = 60  # seconds
ROUND = 0.5  # seconds between two looks at what runs


@dataclass
class Service(Server):
    """A program that we start: `is_up` tells whether it can be used, `ends_on` is what asks it to end."""

    is_up: Callable[[], Any] = lambda: True
    ends_on: signal.Signals = signal.SIGTERM
    owner: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Start, and wait until it can be used. RuntimeError: it cannot; the end of its log says why."""
        self.launch(**self.owner)
        if not wait_until(lambda: self._answers() or not self.is_running, PATIENCE) or not self.is_running:
            raise RuntimeError(f"{self.name} did not come up. The end of its log:\n{self.last_words()}")

    def _answers(self) -> bool:
        with contextlib.suppress(Exception):
            return bool(self.is_up())
        return False

    def ask_to_end(self) -> None:
        if self.process:
            self.process.send_signal(self.ends_on)

    def end(self) -> None:
        """Ask it to end, wait, and kill it where it does not."""
        if self.process and self.is_running:
            self.ask_to_end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            kill(self.process)

    def kill(self) -> None:
        """Kill it and its children at once."""
        if self.process:
            kill(self.process)

    def last_words(self) -> str:
        """Return the end of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-15:]) or "(nothing)"


@dataclass(frozen=True)
class Reply:
    """What a request was answered; status 0: the connection ended without. Names of headers are lower-case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cookies: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class Topology:
    """All of it. `start` it and `close` it; `settings` are more variables for the site."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="recruitcms-topology-"))
        self.folder.chmod(0o711)  # PostgreSQL and nginx's workers are other users
        (self.folder / "logs").mkdir()
        self.ports = {name: free_port() for name in PORTS}
        self.services: dict[str, Service] = {}
        self.sink = Sink(self.ports["mail"])
        self.url = f"https://{NAME}:{self.ports['https']}"
        self.database = Postgres(f"postgres://site@127.0.0.1:{self.ports['db']}/site")
        self.environment = self._environment() | settings

    def _environment(self) -> dict[str, str]:
        """Return the site's settings as docs/operations.md has them; what a developer may have set is taken back."""
        unset = dict.fromkeys(("DEBUG", "EXTRA_HOSTS", "TRUSTED_PROXIES", "WEB_PROCESSES", "PAGE_CACHE_MB"), "")
        return {name: value for name, value in unset.items() if name in os.environ and name != "WEB_PROCESSES"} | {
            "DJANGO_SETTINGS_MODULE": "recruitcms.settings",
            "PRODUCTION": "1",
            "SITE_URL": self.url,
            "BEHIND_PROXY": "1",
            "EMBEDDED_WORKER": "0",
            "WEB_PROCESSES": "1",
            "DATA_DIR": str(self.folder / "data"),
            "DATABASE_URL": self.database.url,
            "CACHE_URL": f"redis://127.0.0.1:{self.ports['cache']}/0",
            "FILES_URL": f"s3+http://key:secret@127.0.0.1:{self.ports['files']}/site?region=eu-central-1",
            "MAIL_URL": f"smtp://127.0.0.1:{self.ports['mail']}",
            **{name: secrets.token_urlsafe(48) for name in KEYS},
        }

    # --- start and end ---

    def start(self, say: Callable[[str], Any] = bool) -> None:
        """Start everything, one after the other, and wait until the site says that all is well. RuntimeError: not."""
        self._make_cluster()
        self._make_certificate()
        self.sink.start()
        for make in (self._postgres, self._redis, self._files):
            self._begin(make(), say)
        self.manage("make_bucket")
        say("tables, static files and the demonstration")
        self.manage("prepare")
        for number in (1, 2):
            self._begin(self._web(number), say)
        for number in (1, 2):
            self._begin(self._unit(f"worker-{number}", "recruitcms-worker@.service", str(number)), say)
        self._begin(self._nginx(), say)
        if not wait_until(lambda: self.ask_web(1, "/readyz").status == 200, PATIENCE):
            raise RuntimeError(f"the site is not well: {self.ask_web(1, '/readyz').text}")

    def _begin(self, service: Service, say: Callable[[str], Any]) -> None:
        self.services[service.name] = service
        began = time.monotonic()
        service.begin()
        say(f"{service.name:10} {f'port {service.port}' if service.port else '':10} {time.monotonic() - began:4.1f} s")

    def close(self) -> None:
        """End what runs, the stores last, and remove the folder."""
        asked = [service for name, service in self.services.items() if name not in STORES and service.is_running]
        for service in asked:
            service.ask_to_end()
        for service in [*asked, *self.services.values()]:
            service.end()
        self.sink.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def manage(self, *words: str) -> str:
        """Run a command of manage.py and return what it said. RuntimeError: it failed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=dict(os.environ) | self.environment | {"PORT": str(free_port())},
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {words[0]} failed: {done.stderr[-2000:]}")
        return done.stdout

    # --- what is started ---

    def _service(self, name: str, words: list[str], port: int = 0, **more: Any) -> Service:
        return Service(name, words, self.environment, self.folder / "logs" / name, port, **more)

    def _make_cluster(self) -> None:
        cluster = self.folder / "postgresql"
        cluster.mkdir()
        give_away(cluster)
        words = [str(postgres.program("initdb")), "-D", str(cluster), "-A", "trust", "-U", "site", "-E", "UTF8"]
        subprocess.run(
            [*words, "--locale", "C", "--no-sync"], check=True, capture_output=True, cwd=cluster, **as_other_user()
        )

    def _postgres(self) -> Service:
        cluster = self.folder / "postgresql"
        options = {
            "fsync": "off",
            "port": self.ports["db"],
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": cluster,
        }
        words = [str(postgres.program("postgres")), "-D", str(cluster)]
        words += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return self._service(
            "postgresql",
            words,
            self.ports["db"],
            is_up=self._has_database,
            ends_on=signal.SIGINT,  # fast: connections end
            owner=as_other_user(),
        )

    def _has_database(self) -> bool:
        server = Postgres(self.database.url.removesuffix("site") + "postgres")
        if not server.rows("SELECT 1 FROM pg_database WHERE datname = 'site'"):
            server.change("CREATE DATABASE site")
        return True

    def _redis(self) -> Service:
        port = self.ports["cache"]
        words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        return self._service("redis", words, port, is_up=lambda: listens(port))

    def _files(self) -> Service:
        port = self.ports["files"]
        words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        return self._service("files", words, port, is_up=lambda: listens(port))

    def bucket(self) -> Any:
        """Return a client of the object storage."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.ports['files']}",
            aws_access_key_id="other",
            aws_secret_access_key="other",
            region_name="eu-central-1",
        )

    def _unit(self, name: str, unit: str, instance: str, **more: Any) -> Service:
        """Return a service that is started by the words of a unit of systemd."""
        return self._service(name, command_of(UNITS / unit, instance), **more)

    def _web(self, number: int) -> Service:
        name, unit = f"web-{number}", "recruitcms-web@.service"
        port = self.ports[name]
        return self._unit(
            name, unit, str(port), port=port, is_up=lambda: self.ask_web(number, "/healthz").status == 200
        )

    def _make_certificate(self) -> None:
        folder = self.folder / "nginx" / "tls"
        folder.mkdir(parents=True)
        key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        words += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "30"]
        subprocess.run([*words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        self.trust = ssl.create_default_context(cafile=str(certificate))

    def _nginx(self) -> Service:
        folder = self.folder / "nginx"
        ports = (self.ports["http"], self.ports["https"])
        upstreams = [self.ports["web-1"], self.ports["web-2"]]
        site = nginx.with_tls(nginx.SITE_FILE.read_text(), folder, NAME, ports, upstreams)
        (folder / "recruitcms.conf").write_text(site)
        (folder / "nginx.conf").write_text(nginx.main_file(folder))
        return self._service(
            "nginx",
            [str(shutil.which("nginx")), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"],
            self.ports["https"],
            is_up=lambda: self.get("/robots.txt").status == 200,
        )

    # --- questions ---

    def get(self, path: str, **headers: str) -> Reply:
        return self.request("GET", path, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        source: str = "127.0.0.1",
    ) -> Reply:
        """Ask nginx as a browser does, by TLS, from an address of loopback."""
        connection = http.client.HTTPSConnection(
            NAME, self.ports["https"], timeout=PATIENCE, source_address=(source, 0), context=self.trust
        )
        return ask(connection, method, path, form, {"Origin": self.url} | (headers or {}) if form else headers or {})

    def by_http(self, path: str) -> Reply:
        """Ask nginx without TLS."""
        return ask(http.client.HTTPConnection(NAME, self.ports["http"], timeout=PATIENCE), "GET", path, None, {})

    def ask_web(self, number: int, path: str, **headers: str) -> Reply:
        """Ask a web process itself, as only this machine can."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[f"web-{number}"], timeout=PATIENCE)
        return ask(connection, "GET", path, None, headers)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, form: dict[str, str] | None, headers: dict[str, str]
) -> Reply:
    """Send one request, and return what was answered."""
    sent = {"User-Agent": BROWSER, "Accept": "text/html"}
    if form is not None:
        sent |= {"Content-Type": "application/x-www-form-urlencoded"}
        sent |= {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    try:
        connection.request(method, path, urlencode(form) if form is not None else None, sent | headers)
        answer = connection.getresponse()
        cookies = tuple(answer.headers.get_all("Set-Cookie", []))
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status, names, answer.read(), cookies)
    except (OSError, http.client.HTTPException):
        return Reply(0)
    finally:
        connection.close()


def command_of(unit: Path, instance: str) -> list[str]:
    """Return the words with which a unit of systemd starts an instance, for this checkout."""
    line = re.search(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    assert line, f"{unit.name} starts nothing"
    programs = f"{Path(sys.executable).parent}/"
    return line[1].replace("/srv/recruitcms/.venv/bin/", programs).replace("%i", instance).split()


def listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def missing() -> str:
    """Return why the topology cannot be started here, or an empty string."""
    programs = {name: shutil.which(name) for name in ("nginx", "redis-server", "openssl")}
    programs |= {name: postgres.program(name) for name in ("initdb", "postgres")}
    lacking = [name for name, path in programs.items() if not path]
    return f"not on this machine: {', '.join(lacking)}" if lacking else ""


@contextmanager
def running(say: Callable[[str], Any] = bool, **settings: str) -> Iterator[Topology]:
    """Give a topology that is up, and end it."""
    topology = Topology(**settings)
    try:
        topology.start(say)
        yield topology
    finally:
        topology.close()


def watch(topology: Topology, over: threading.Event, say: Callable[[str], Any]) -> None:
    """Say which service died, once, with the end of its log, until it is over."""
    dead: set[str] = set()
    while not over.wait(ROUND):
        for name, service in topology.services.items():
            if name not in dead and not service.is_running:
                dead.add(name)
                say(f"\n{name} has ended. The end of its log:\n{service.last_words()}\n")


def main() -> None:
    """Keep the topology up until Ctrl-C or SIGTERM."""
    if missing():
        sys.exit(missing())
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with running(print) as topology:
        account, password = (topology.folder / "data" / "first-password").read_text().split()
        topology.sink.after_taking = lambda: print(f"\n{topology.sink.deliveries[-1].text}\n")
        print(f"\n  Site     {topology.url}/  (with a certificate of its own)\n  Admin    {topology.url}/admin/")
        print(f"  Account  {account}, password {password}\n  Mails    shown here as they come")
        print(f"  Logs     {topology.folder / 'logs'}\n\n  Ctrl-C ends it.\n", flush=True)
        watch(topology, over, print)
        print("Ending …", flush=True)


if __name__ == "__main__":
    main()

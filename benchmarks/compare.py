"""Our pages beside Wagtail's, a bare Django view and nginx, on one machine in one run. `make bench` measures, and says.

Every side has two processes of four threads under the same gunicorn, the same words, and the same database. Runs are
interleaved, and medians are compared; every answer is checked. Ends with 1 where a ratio falls short of the promise.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.desk import say
from benchmarks.load import Load, fetch, press
from benchmarks.servers import PROCESSES, ROOT, THREADS, Server, gunicorn, here
from benchmarks.texts import title_of
from tests import nginx

ROLE, NUMBER = "/roles/role-3/", 3
WAGTAIL = "wagtail==8.0.1"
SEARCH = "data+engineer"


@dataclass
class Target:
    """One page of one server, and what was measured of it. `server`: whose computing is counted, if any."""

    name: str
    url: str
    words: bytes
    server: Server | None = None
    loads: list[Load] = field(default_factory=list)

    def check(self) -> None:
        """RuntimeError: the page does not say what it should."""
        status, _headers, body = fetch(self.url, "identity")
        if status != 200 or self.words not in body:
            raise RuntimeError(f"{self.name}: {self.url} says something else")

    def run(self, seconds: float) -> None:
        self.check()
        before = self.server.cpu_seconds() if self.server else 0.0
        load = press(self.url, seconds)
        spent = self.server.cpu_seconds() - before if self.server else 0.0
        self.loads.append(Load(load.per_second, load.p50, load.p99, load.requests, spent * 1000 / load.requests))
        self.check()

    def median(self, part: str) -> float:
        return median(getattr(load, part) for load in self.loads)


@dataclass
class Ratio:
    """What is promised of two figures of one run."""

    name: str
    ours: float
    theirs: float
    at_least: float = 0.0
    at_most: float = 0.0

    @property
    def value(self) -> float:
        return self.ours / self.theirs if self.theirs else 0.0

    @property
    def holds(self) -> bool:
        return self.value >= self.at_least and (not self.at_most or self.value <= self.at_most)


def main() -> int:
    """Set both sides up in a temporary folder, measure, print the table; return 1 where a promise is not kept."""
    options = ArgumentParser(description=__doc__)
    options.add_argument("--roles", type=int, default=200)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--wagtail", type=Path, help="the Python that has Wagtail; else it is installed for this run")
    chosen = options.parse_args()
    for program in ("wrk", "nginx"):
        if not shutil.which(program):
            say(f"There is no {program} on this machine.")
            return 2
    folder = Path(tempfile.mkdtemp(prefix="recruitcms-bench-"))
    folder.chmod(0o755)
    try:
        return measure(folder, chosen)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, chosen: Namespace) -> int:
    with ExitStack() as stack:
        ours = set_up_ours(folder, chosen.roles)
        wagtail = set_up_wagtail(folder, chosen.roles, chosen.wagtail)
        uncached = stack.enter_context(running(our_server("uncached", folder, ours | {"PAGE_CACHE_MB": "0"}), ROLE))
        cached = stack.enter_context(running(our_server("cached", folder, ours), ROLE))
        theirs = stack.enter_context(running(wagtail, ROLE))
        body = folder / "body"
        body.write_bytes(fetch(cached.url + ROLE)[2])
        bare = here("benchmarks.bare.wsgi")
        bare_server = Server("bare Django view", bare, {"BENCH_BODY": str(body)}, folder / "bare.log")
        stack.enter_context(running(bare_server, "/page/"))
        (folder / "nginx").mkdir()
        shutil.chown(folder / "nginx", "www-data")
        front, static = stack.enter_context(nginx.serve(folder / "nginx", [cached.port], workers=PROCESSES))
        shutil.copy(body, folder / "nginx" / "bare" / "page")
        title = title_of(NUMBER).encode()
        targets = {
            "role, uncached": Target("role, uncached", uncached.url + ROLE, title, uncached),
            "role, cached": Target("role, cached", cached.url + ROLE, title, cached),
            "role, nginx": Target("role, behind nginx", f"http://127.0.0.1:{front}{ROLE}", title),
            "role, Wagtail": Target("role, Wagtail", theirs.url + ROLE, title, theirs),
            "bare": Target("bare Django view", f"{bare_server.url}/page/", b"", bare_server),
            "static": Target("nginx, static bytes", f"http://127.0.0.1:{static}/page", b""),
            "library": Target("library, uncached", f"{uncached.url}/roles/", b"role-", uncached),
            "index, Wagtail": Target("index, Wagtail", f"{theirs.url}/roles/", b"role-", theirs),
            "search": Target("search", f"{uncached.url}/roles/?q={SEARCH}", b"role-", uncached),
            "search, Wagtail": Target("search, Wagtail", f"{theirs.url}/search/?q={SEARCH}", b"role-", theirs),
        }
        for target in targets.values():
            press(target.url, 1)
        for _round in range(chosen.rounds):
            for target in targets.values():
                target.run(chosen.seconds)
        memory = {server.name: server.memory() for server in (uncached, cached, theirs)}
        say_loads(list(targets.values()), memory, [cached, theirs])
        rate = {name: target.median("per_second") for name, target in targets.items()}
        return say_ratios(
            [
                Ratio("role page, uncached, against Wagtail's", rate["role, uncached"], rate["role, Wagtail"], 15),
                Ratio("role page, cached, against the bare view", rate["role, cached"], rate["bare"], 0.8),
                Ratio("role page behind nginx, against static bytes", rate["role, nginx"], rate["static"], 0.9),
                Ratio("library page, uncached, against Wagtail's index", rate["library"], rate["index, Wagtail"], 10),
                Ratio("search, against Wagtail's", rate["search"], rate["search, Wagtail"], 5),
                Ratio("memory, against Wagtail's", memory[cached.name], memory[theirs.name], at_most=0.5),
                Ratio("seconds to the first answer", cached.seconds, 1.0, at_most=1.5),
            ]
        )


@contextmanager
def running(server: Server, path: str) -> Iterator[Server]:
    server.start(path)
    try:
        yield server
    finally:
        server.stop()


def our_server(name: str, folder: Path, environment: dict[str, str]) -> Server:
    server = Server(
        f"recruitcms, {name}",
        here("recruitcms.wsgi", "--config", "deploy/gunicorn.conf.py"),
        environment,
        folder / "ours.log",
    )
    server.environment = environment | {"SITE_URL": server.url, "PORT": str(server.port)}
    return server


def set_up_ours(folder: Path, roles: int) -> dict[str, str]:
    """Prepare our site as `make run` does, with more roles. Return its environment."""
    environment = {"DATA_DIR": str(folder / "ours"), "DATABASE_URL": "", "EMBEDDED_WORKER": "0", "DEBUG": "0"}
    environment |= {"PRODUCTION": "1", "BEHIND_PROXY": "1", "WEB_THREADS": str(THREADS), "FORMS_IN_ALL": "1000000"}
    run([sys.executable, "manage.py", "prepare"], environment)
    run([sys.executable, "-m", "benchmarks.our_roles", str(roles)], environment)
    return environment


def set_up_wagtail(folder: Path, roles: int, python: Path | None) -> Server:
    """Install Wagtail where it is not given, and make a site of the same roles."""
    if python is None:
        run([sys.executable, "-m", "venv", str(folder / "venv")], {})
        python = folder / "venv" / "bin" / "python"
        packages = [WAGTAIL, "gunicorn", "dj-database-url", "psycopg[binary]"]
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], {})
    migrations = folder / "wagtail" / "made_migrations"
    migrations.mkdir(parents=True)
    (migrations / "__init__.py").touch()
    environment = {"BENCH_DATABASE_URL": f"sqlite:///{folder / 'wagtail' / 'db.sqlite3'}"}
    environment |= {"PYTHONPATH": str(migrations.parent), "BENCH_MEDIA": str(folder / "wagtail" / "media")}
    run([str(python), "-m", "benchmarks.wagtail_site.fill", str(roles)], environment)
    return Server("Wagtail", gunicorn(python, "benchmarks.wagtail_site.wsgi"), environment, folder / "wagtail.log")


def run(words: list[str], environment: dict[str, str]) -> None:
    """Run a program to its end. RuntimeError: it failed, with what it said last."""
    done = subprocess.run(words, cwd=ROOT, env=dict(os.environ) | environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr[-2000:]}")


def say_loads(targets: list[Target], memory: dict[str, float], servers: list[Server]) -> None:
    say("| page | requests a second | p50 ms | p99 ms | CPU ms a request |")
    say("|---|---|---|---|---|")
    for target in targets:
        figures = [target.median(part) for part in ("per_second", "p50", "p99", "cpu")]
        cpu = f"{figures[3]:.2f}" if target.server else "-"
        say(f"| {target.name} | {figures[0]:,.0f} | {figures[1]:.1f} | {figures[2]:.1f} | {cpu} |")
    for name, megabytes in memory.items():
        say(f"Memory of {PROCESSES} processes, {name}: {megabytes:.0f} MB")
    for server in servers:
        say(f"From start to first answer, {server.name}: {server.seconds:.2f} s")


def say_ratios(ratios: list[Ratio]) -> int:
    say("\n| against | promised | measured | held |")
    say("|---|---|---|---|")
    for ratio in ratios:
        promised = f"≤ {ratio.at_most:g}" if ratio.at_most else f"≥ {ratio.at_least:g}"
        say(f"| {ratio.name} | {promised} | {ratio.value:.2f} | {'yes' if ratio.holds else 'NO'} |")
    return int(not all(ratio.holds for ratio in ratios))


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.faults [--database sqlite|postgresql] [--only NAME] [--posts 1000] [--seed N]`.

Ends with 1 where a promise was broken, and with 2 where a database was left out that was to be tried.
"""

import argparse
import platform
import random
import secrets
import signal
import sys
import time
from collections.abc import Callable

from tests.faults.databases import LeftOutError, PostgresServer, SqliteServer
from tests.faults.double_click import double_click
from tests.faults.figures import Figures
from tests.faults.fresh_pages import fresh_pages
from tests.faults.full_disk import full_disk
from tests.faults.graceful_stop import graceful_stop
from tests.faults.locked_database import locked_database
from tests.faults.mail_server import mail_server
from tests.faults.restore_drill import restore_drill
from tests.faults.site import Bench
from tests.faults.upgrade_drill import upgrade_drill
from tests.faults.web_kills import web_kills
from tests.faults.worker_kills import worker_kills
from tests.faults.wrong_clock import wrong_clock

SERVERS = {"sqlite": SqliteServer, "postgresql": PostgresServer}
SCENARIOS: list[Callable[[Bench], None]] = [
    double_click,
    web_kills,
    worker_kills,
    mail_server,
    full_disk,
    locked_database,
    wrong_clock,
    fresh_pages,
    graceful_stop,
    restore_drill,
    upgrade_drill,
]


def main() -> int:
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    random.seed(options.seed)
    print(f"seed {options.seed}, Python {platform.python_version()}", flush=True)
    figures, left_out = Figures(), []
    for name in options.database or SERVERS:
        try:
            run(SERVERS[name], figures, options)
        except LeftOutError as reason:
            left_out.append(f"{name} was left out: {reason}")
    print("\n" + figures.table() + "\n")
    for line in left_out:
        print(line)
    print(f"{len(figures.broken)} promises broken, {time.monotonic() - figures.began:.0f} s, seed {options.seed}.")
    return 1 if figures.broken else 2 if left_out else 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Breaks the site and counts.")
    parser.add_argument("--database", action="append", choices=SERVERS, help="one alone; both where not given")
    names = [scenario.__name__ for scenario in SCENARIOS]
    parser.add_argument("--only", action="append", choices=names, help="one scenario; all where not given")
    parser.add_argument("--posts", type=int, default=1000, help="forms sent, and mails owed, under kills")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    return parser.parse_args()


def run(make_server: type, figures: Figures, options: argparse.Namespace) -> None:
    """Run the scenarios on one database. Raises LeftOutError where there is none."""
    server = make_server()
    bench = Bench(server, figures, options.posts)
    try:
        figures.scenario = server.name
        figures.tell(server.version())
        bench.prepare()
        for scenario in SCENARIOS:
            if not options.only or scenario.__name__ in options.only:
                try_out(scenario, bench)
    finally:
        bench.close()
        server.close()


def try_out(scenario: Callable[[Bench], None], bench: Bench) -> None:
    """Run one scenario; one that cannot end as it should is a broken promise too."""
    bench.figures.scenario = f"{bench.server.name}: {scenario.__name__}"
    try:
        scenario(bench)
    except LeftOutError as reason:
        bench.figures.tell(f"left out: {reason}")
    except Exception as error:
        bench.figures.promise(f"{type(error).__name__}: {error}", "the scenario ends", False)


if __name__ == "__main__":
    sys.exit(main())

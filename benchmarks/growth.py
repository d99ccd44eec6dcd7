"""What a page costs with 20 roles and with 20,000, and a request with 1,000 people and with 1,000,000.

Sites of all sizes run side by side and are asked in turn, without the page cache; what is compared is the computing
that one request takes. `make growth` ends with 1 where it grows by more than a fifth.
"""

import shutil
import sys
import tempfile
from argparse import ArgumentParser
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.compare import ROLE, Ratio, Target, our_server, prepared, run, running, say_ratios
from benchmarks.desk import say
from benchmarks.forms import our_form
from benchmarks.load import Load
from benchmarks.servers import Server
from benchmarks.texts import title_of

AT_MOST = 1.2


def main() -> int:
    """Set the sites up in a temporary folder, measure, print, and return the exit code."""
    options = ArgumentParser(description=__doc__)
    options.add_argument("--roles", type=int, nargs="+", default=[20, 200, 2000, 20_000])
    options.add_argument("--people", type=int, nargs="+", default=[1000, 1_000_000])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=3)
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="recruitcms-growth-"))
    try:
        ratios = of_roles(folder, chosen.roles, chosen.rounds, chosen.seconds)
        ratios += of_people(folder, chosen.people, chosen.rounds, chosen.seconds)
        return say_ratios(ratios)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def of_roles(folder: Path, sizes: list[int], rounds: int, seconds: float) -> list[Ratio]:
    """Measure a role page and the library's first page on a site of each size."""
    with ExitStack() as stack:
        targets: dict[int, list[Target]] = {}
        for size in sizes:
            environment = prepared(folder / f"roles-{size}") | {"PAGE_CACHE_MB": "0"}
            run([sys.executable, "-m", "benchmarks.our_roles", str(size)], environment)
            server = our_server(f"{size} roles", folder, environment)
            stack.enter_context(running(server, ROLE))
            targets[size] = [
                Target("role page", server.url + ROLE, title_of(3).encode(), server),
                Target("library", f"{server.url}/roles/", b"role-", server),
            ]
        for _round in range(rounds):
            for pages in targets.values():
                for page in pages:
                    page.run(seconds)
    say("| roles | page | CPU ms a request | p50 ms |\n|---|---|---|---|")
    for size, pages in targets.items():
        for page in pages:
            say(f"| {size:,} | {page.name} | {page.median('cpu'):.2f} | {page.median('p50'):.1f} |")
    least, most = targets[sizes[0]], targets[sizes[-1]]
    against = f"{sizes[-1]:,} roles against {sizes[0]:,}"
    return [
        Ratio(f"{few.name}, {against}", many.median("cpu"), few.median("cpu"), at_most=AT_MOST)
        for few, many in zip(least, most, strict=True)
    ]


def of_people(folder: Path, sizes: list[int], rounds: int, seconds: float) -> list[Ratio]:
    """Measure a request for the report on a site with each number of people."""
    with ExitStack() as stack:
        servers: dict[int, Server] = {}
        for size in sizes:
            environment = prepared(folder / f"people-{size}")
            run([sys.executable, "-m", "benchmarks.our_leads", str(size)], environment)
            server = our_server(f"{size} people", folder, environment)
            servers[size] = stack.enter_context(running(server, "/"))
        loads: dict[int, list[Load]] = {size: [] for size in sizes}
        for _round in range(rounds):
            for size, server in servers.items():
                loads[size].append(server.measured(partial(our_form(server.url).press, seconds)))
    say("\n| people | request for the report: CPU ms | p50 ms |\n|---|---|---|")
    cpu = {size: sorted(load.cpu for load in found)[len(found) // 2] for size, found in loads.items()}
    for size, found in loads.items():
        say(f"| {size:,} | {cpu[size]:.2f} | {sorted(load.p50 for load in found)[len(found) // 2]:.1f} |")
    return [
        Ratio(f"request, {sizes[-1]:,} people against {sizes[0]:,}", cpu[sizes[-1]], cpu[sizes[0]], at_most=AT_MOST)
    ]


if __name__ == "__main__":
    sys.exit(main())

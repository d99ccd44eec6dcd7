"""The tests on PostgreSQL: `python -m tests.on_postgresql [what pytest is told]`, which `make test-postgresql` runs.

The server is the one of TEST_POSTGRES_URL, else one of our own that ends with the tests. Tests about SQLite itself are
skipped, each with its reason.
"""

import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

from tests import postgres


def main() -> int:
    """Run pytest with the site's database on a server, and return how it ended."""
    if postgres.missing():
        sys.exit(postgres.missing())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server ends with us
    with postgres.server() as server:
        # pytest-django makes test_recruitcms_… there, and drops it; tests that want databases of their own make them.
        site = urlunsplit(urlsplit(server)._replace(path=f"/recruitcms_{os.getpid()}"))
        environment = os.environ | {"DATABASE_URL": site, "TEST_POSTGRES_URL": server}
        return subprocess.run([sys.executable, "-m", "pytest", *sys.argv[1:]], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())

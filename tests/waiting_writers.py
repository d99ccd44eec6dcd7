"""Two writers for tests/test_outages.py, in a process of their own: `waiting_writers.py DATABASE`.

One has left a cursor behind as garbage, and waits for the write lock that the other holds, who makes garbage until
somebody collects it. Says what became of the one that waited.
"""

import gc
import os
import sqlite3
import sys
import threading
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recruitcms.settings")
SECONDS = 4


def waits(path: str, may_wait: threading.Event, said: list[str]) -> None:
    database = sqlite3.connect(path, timeout=SECONDS, isolation_level=None)
    cursor = database.execute("SELECT 1 UNION SELECT 2")
    cursor.fetchone()  # there is another row: somebody has to end it
    circle: list[object] = [cursor]
    circle.append(circle)
    del cursor, circle
    may_wait.wait()
    try:
        database.execute("BEGIN IMMEDIATE")
        said.append("had its turn")
    except sqlite3.OperationalError as error:
        said.append(str(error))


def main(path: str) -> str:
    from recruitcms import sqlite

    sqlite.keep_connections()
    may_wait = threading.Event()
    said: list[str] = []
    holds = sqlite3.connect(path, isolation_level=None)
    holds.execute("BEGIN IMMEDIATE")
    gc.collect()  # the next round is far: not before the one waits
    thread = threading.Thread(target=waits, args=(path, may_wait, said))
    thread.start()
    may_wait.set()
    time.sleep(SECONDS / 8)
    circles = [[] for _number in range(100_000)]  # type: ignore[var-annotated]
    for circle in circles:
        circle.append(circle)
    del circles, circle
    time.sleep(SECONDS / 8)
    holds.execute("COMMIT")
    thread.join()
    return said[0]


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1]))

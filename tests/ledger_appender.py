"""A writer for tests/test_ledger_writers.py, in a process of its own: `ledger_appender.py THREADS ENTRIES [hold]`.

Each thread appends so many entries and prints the number of each once it is committed. With `hold` it appends one,
says so, and waits inside the transaction to be killed.
"""

import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recruitcms.settings")

import django
from django.db import connection, transaction

django.setup()

from leads import ledger  # noqa: E402  (models need the set-up)
from leads.models import ConsentEvent, ConsentText  # noqa: E402


def append(text: ConsentText, who: str) -> int:
    return ledger.append(who, text, ConsentEvent.State.REQUESTED, ConsentEvent.Method.WEB_FORM).seq


def say(words: object) -> None:
    os.write(1, f"{words}\n".encode())  # one write: lines of several threads do not mix


def write(text: ConsentText, name: str, entries: int) -> None:
    for number in range(entries):
        with transaction.atomic():
            seq = append(text, f"{name}-{number}")
        say(seq)
    connection.close()


def main() -> None:
    threads, entries = int(sys.argv[1]), int(sys.argv[2])
    text = ConsentText.objects.select_related("purpose").get()
    say("ready")
    sys.stdin.readline()  # all start together
    if sys.argv[3:] == ["hold"]:
        with transaction.atomic():
            append(text, "held")
            say("holding")
            time.sleep(600)
    names = [f"{os.getpid()}-{number}" for number in range(threads)]
    writers = [threading.Thread(target=write, args=[text, name, entries]) for name in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()


if __name__ == "__main__":
    main()

"""`python -m benchmarks.imports [MEGABYTES]`: read a large WordPress export in a fresh process; time and memory."""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

READ = """
import json, os, resource, sys, time
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recruitcms.settings")
import django
django.setup()
from roles.moving.incoming import Seen
from roles.moving.wordpress import read_export
begun = time.monotonic()
with open(sys.argv[1], "rb") as file:
    items = sum(1 for item in read_export(file, Seen()))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"items": items, "seconds": round(time.monotonic() - begun), "megabytes": peak}))
"""


def large_export(path: Path, megabytes: int, each: int = 3_000) -> None:
    """Write a WordPress export of a size; `each`: sentences of an item, of which a page has some hundred."""
    from tests.corpora.wordpress import FOOT, HEAD, cdata

    sentence = "<p>Own the design of our pipelines, from first event to final table, in [city].</p>\n"
    content = cdata(f"<h2>Key responsibilities</h2>\n{sentence * each}<h2>What you’ll need</h2>\n{sentence}")
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD.format(version="1.2"))
        number = 0
        while file.tell() < megabytes * 1024 * 1024:
            number += 1
            file.write(
                f"<item><title>Role {number}</title><link>https://old.example/role-{number}/</link>"
                f"<content:encoded>{content}</content:encoded><wp:post_id>{number}</wp:post_id>"
                f"<wp:post_type>post</wp:post_type><wp:status>publish</wp:status></item>\n"
            )
        file.write(FOOT)


def measure(path: Path) -> dict[str, int]:
    """Return {"items", "seconds", "megabytes"} of reading an export in a fresh process."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        large_export(Path(folder) / "export.xml", size)
        print(f"{size} MB: {measure(Path(folder) / 'export.xml')}")
    print(f"This process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")

"""Scenario h: pages are kept in memory by several processes, and editors change what stands on them."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.faults.editor import Editor
from tests.faults.site import Bench, Site
from tests.faults.visitors import request

READERS = 16
PROCESSES = 2
PATH = "/roles/lead-data-engineer/"
SOON = 3  # seconds from now at which a scheduled page is due
AFTER = 1.0  # seconds that readers go on after each change


@dataclass
class Readers:
    """People who read one page again and again, and note when they asked and whether it said certain words."""

    url: str
    over: threading.Event = field(default_factory=threading.Event)
    words: str = ""
    seen: list[tuple[float, str, bool]] = field(default_factory=list)

    def read(self, number: int) -> None:
        while not self.over.is_set():
            words, asked = self.words, time.time()
            answer = request(self.url, PATH, network=f"10.1.0.{number}")
            if answer.status == 200:
                self.seen.append((asked, words, words in answer.body))

    def old_after(self, moment: float, words: str) -> tuple[int, int]:
        """Return how many who asked after a moment saw the old page, and how many asked."""
        after = [new for asked, looked_for, new in self.seen if looked_for == words and asked > moment]
        return after.count(False), len(after)


def fresh_pages(bench: Bench) -> None:
    """No reader sees the old page after the editor's answer, in any process: shared content, a page, a schedule."""
    with bench.site() as (site, _sink):
        site.processes = PROCESSES
        site.start_web()
        readers = Readers(site.url)
        with ThreadPoolExecutor(READERS) as pool:
            reading = [pool.submit(readers.read, number) for number in range(READERS)]
            try:
                _change(bench, site, readers)
            finally:
                readers.over.set()
            for reader in reading:
                reader.result()


def _change(bench: Bench, site: Site, readers: Readers) -> None:
    name, password = (site.data / "first-password").read_text().split()[:2]
    editor = Editor(site.url, name, password)
    role = site.database.rows("SELECT id FROM roles_role WHERE slug = 'lead-data-engineer' AND language = 'en'")[0][0]
    form = f"/admin/roles/role/{role}/change/"
    settings = "/admin/recruitcms/sitesettings/1/change/"
    texts = editor.get(settings).select_one("[name$=-tagline]")
    assert texts is not None
    acts: list[tuple[str, str, Callable[[str], float]]] = [
        ("shared content", "Words of the footer", lambda words: _save(editor, settings, **{str(texts["name"]): words})),
        ("a page", "Lead Data Builder", lambda words: _save(editor, form, title=words, _publish="1")),
        ("a schedule", "Lead Data Planner", lambda words: _schedule(site, words)),
    ]
    for name, words, act in acts:
        readers.words = words
        time.sleep(AFTER)
        moment = act(words)
        time.sleep(max(0.0, moment - time.time()) + AFTER)
        old, asked = readers.old_after(moment, words)
        bench.figures.promise(f"{name}: saw the old page {old} of {asked}", "0 of many", not old and asked > READERS)


def _save(editor: Editor, path: str, **changes: str) -> float:
    editor.save(path, **changes)
    return time.time()


def _schedule(site: Site, words: str) -> float:
    """Schedule a title by the site's own code in a process of its own; return the moment when it is due."""
    code = (
        "from datetime import timedelta; from django.utils import timezone; from roles.models import Role; "
        "role = Role.objects.get(slug='lead-data-engineer', language='en'); "
        f"role.title = {words!r}; role.save(); at = timezone.now() + timedelta(seconds={SOON}); "
        "role.publish(at=at); print('due', at.timestamp())"
    )
    done = site.manage("shell", "-c", code)
    assert done.returncode == 0, done.stderr[-500:]
    return float(done.stdout.split("due ")[1])

"""Reading files into a run: the dry run, stored, so that it can be looked at, corrected and applied."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction

from recruitcms.models import Person
from roles.models import Category
from roles.moving.incoming import Incoming, Seen, UnreadableError, bounded
from roles.moving.models import ImportItem, ImportRun, Origin
from roles.moving.reading import Opened, read

BATCH = 50


def read_into_run(
    name: str,
    files: Iterable[Opened],
    form: str = "auto",
    by: Any = None,
    tell: Callable[[int], None] = lambda count: None,
) -> ImportRun:
    """Read files into a new run and return it. What cannot be read to its end leaves `problem`; no page changes."""
    seen = Seen()
    return _store(name, seen, _until_a_problem(read(files, seen, form)), by, tell)


def run_of(name: str, items: Iterable[Incoming], by: Any = None) -> ImportRun:
    """Return a new run of documents that are read already."""
    seen = Seen()
    items = list(items)
    for item in items:
        seen.count(item)
    return _store(name, seen, ((item, "") for item in items), by, lambda count: None)


def _until_a_problem(items: Iterable[Incoming]) -> Iterable[tuple[Incoming | None, str]]:
    """Yield (item, "") for each; at the first that cannot be read (None, why), and end."""
    try:
        for item in items:
            yield item, ""
    except UnreadableError as error:
        yield None, str(error)


@transaction.atomic
def _store(name: str, seen: Seen, items: Iterable[Any], by: Any, tell: Callable[[int], None]) -> ImportRun:
    run = ImportRun.objects.create(name=name[:200], created_by=by)
    rows: list[ImportItem] = []
    position = 0
    for item, problem in items:
        if problem:
            run.problem = problem
            continue
        position += 1
        rows.append(_row(run, position, bounded(item)))
        if len(rows) == BATCH:
            _save(rows)
            tell(position)
            rows = []
    _save(rows)
    tell(position)
    run.seen = seen.as_dict()
    run.authors = guessed(run.seen["authors"], Person)
    run.categories = guessed(run.seen["categories"], Category)
    run.save()
    _name_pictures(run)
    return run


def _row(run: ImportRun, position: int, item: Incoming) -> ImportItem:
    content = {name: getattr(item, name) for name in ("fields", "sections", "picture", "resumes", "related", "levels")}
    return ImportItem(
        run=run,
        position=position,
        source=item.source[:200],
        key=item.key[:300],
        type=item.type[:100],
        title=item.title[:120],
        language=item.language,
        slug=item.slug[:120],
        target=item.target,
        author=item.author[:200],
        category=item.category[:200],
        group=item.group[:200],
        content=content,
        old_paths=item.old_paths,
        notes=item.notes,
    )


def _save(rows: list[ImportItem]) -> None:
    """Store items. What was imported before and deleted here since is left out, until somebody chooses otherwise."""
    keys = [row.key for row in rows]
    gone = set(Origin.objects.filter(key__in=keys, role=None, page=None).values_list("source", "key"))
    for row in rows:
        if (row.source, row.key) in gone and row.target != ImportItem.Target.LEAVE:
            row.target = ImportItem.Target.LEAVE
            row.notes = [*row.notes, "Was imported before and deleted here since."]
    ImportItem.objects.bulk_create(rows)


def guessed(names: dict[str, int], model: Any) -> dict[str, Any]:
    """Return what is here under the names that were seen: {name: pk}, by slug or name."""
    rows = list(model.objects.order_by("pk"))
    found = {row.slug.casefold(): row.pk for row in reversed(rows)} | {
        row.name.casefold(): row.pk for row in reversed(rows)
    }
    return {name: found[name.casefold()] for name in names if name.casefold() in found}


def _name_pictures(run: ImportRun) -> None:
    """Put the file names of featured pictures in the place of their numbers, which alone the pages name."""
    media = dict(run.items.filter(type="attachment").values_list("key", "content__picture"))
    if not media:
        return
    changed = []
    for item in run.items.exclude(type="attachment").exclude(content__picture="").iterator(chunk_size=BATCH):
        name = media.get(item.content["picture"])
        item.content["picture"] = name or ""
        if not name:
            item.notes = [*item.notes, "Left out: its picture is not among the media of the file"]
        changed.append(item)
    ImportItem.objects.bulk_update(changed, ["content", "notes"], batch_size=BATCH)

"""What a translation was made from, and what has changed there since.

A translation remembers the texts of its source as they were when a translator last said “up to date”: when it was
copied, or by a tick in its form. Its source is the row that it was copied from; for older rows the one in the site's
own language. What a translation owes is what visitors see of its source: a document's live revision. A draft of the
source makes nothing stale until it is live; what has no revisions counts as it stands.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.safestring import SafeString

from recruitcms.languages import direction, language_name, own_language
from recruitcms.spans import marked

# What there is to translate: [name, text] pairs in the order of the page. A row that belongs to the document, such as a
# section, is named “sections:duties-1:body”: relation, kind with its number among those of the kind, field. One of a
# level has the level with its kind: “sections:duties@senior-1:body”.
Texts = list[list[str]]
REMEMBERED = ["source_language", "source_hash", "source_at", "source_texts"]


# --- texts ---


def fingerprint(texts: Texts) -> str:
    """Return a hash of texts that does not depend on their order: a section that was moved says what it said."""
    return hashlib.sha256(json.dumps(sorted(texts), ensure_ascii=False).encode()).hexdigest()


class Passage(NamedTuple):
    """One text that there is to translate: a field of a document, or of a row that belongs to it.

    `key` names it as `Texts` do. Of a row, `relation` is where it belongs and `number` its place there, from 0.
    """

    row: Any
    field: str
    key: str
    relation: str = ""
    number: int | None = None

    @property
    def text(self) -> str:
        return getattr(self.row, self.field)

    @property
    def label(self) -> str:
        return str(self.row._meta.get_field(self.field).verbose_name)

    @property
    def is_markdown(self) -> bool:
        return self.field in self.row.markdown_fields


def passages_of(model: Any, row: Any, rows: Mapping[str, Sequence[Any]]) -> list[Passage]:
    """Return the passages of a row of a model and, by relation, of the rows that belong to it; empty ones, too."""
    found = [Passage(row, field, field) for field in model.translated_fields]
    for relation, members in rows.items():
        fields = model._meta.get_field(relation).related_model.translated_fields
        names = numbered(kind_of(relation, vars(member)) for member in members)
        found += [
            Passage(member, field, f"{relation}:{name}:{field}", relation, number)
            for number, (member, name) in enumerate(zip(members, names, strict=True))
            for field in fields
        ]
    return found


def texts_of(passages: Iterable[Passage]) -> Texts:
    """Return what passages say, without the empty ones."""
    return [[passage.key, passage.text] for passage in passages if passage.text.strip()]


def kind_of(relation: str, values: Mapping[str, Any]) -> str:
    """Return what a row that belongs to a document is numbered among: its kind and level, where it has those."""
    kind, level = values.get("kind", relation), values.get("level", "")
    return f"{kind}@{level}" if level else kind


def numbered(kinds: Iterable[str]) -> list[str]:
    """Name rows by their kind and which of that kind they are: ["duties-1", "other-1", "other-2"]."""
    seen: Counter[str] = Counter()
    names = []
    for kind in kinds:
        seen[kind] += 1
        names.append(f"{kind}-{seen[kind]}")
    return names


def matched(mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """Return the source's row that each row of a translation stands for, "" for none: by name, else by place."""
    alone = [name for name in theirs if name not in mine]
    found = []
    for place, name in enumerate(mine):
        there = theirs[place] if place < len(theirs) else ""
        if name not in theirs:
            name = there if there in alone else ""
        found.append(name)
    return found


# --- what a translation was made from ---


def source_language(row: Any, by_language: Mapping[str, Any]) -> str:
    """Return the language of a row's source among the rows of its group, "" for an original."""
    if row.source_language != row.language and row.source_language in by_language:
        return row.source_language
    own = by_language.get(own_language())
    is_original = own is None or own.language == row.language or own.source_language == row.language
    return "" if is_original else own_language()


def remember_source(translation: Any, language: str, texts: Texts) -> None:
    """Note on a translation, not saved yet, that it says what these texts in a language say."""
    translation.source_language = language
    translation.source_texts = texts
    translation.source_hash = fingerprint(texts)
    translation.source_at = timezone.now()


def made_from(translation: Any) -> dict[str, Any]:
    """Return what a translation remembers of its source, as JSON."""
    remembered = {name: getattr(translation, name) for name in REMEMBERED}
    return remembered | {"source_at": translation.source_at.isoformat()}


def made_from_live(source: Any, at: datetime) -> dict[str, Any]:
    """Return what a translation that was written at a moment remembers, had it followed what was live then."""
    live = source.revisions.live(at).first()
    texts = live.texts if live else []
    known = {"source_texts": texts, "source_hash": fingerprint(texts) if texts else ""}
    return known | {"source_language": source.language, "source_at": at.isoformat()}


def recall(translation: Any, made_from: dict[str, Any]) -> None:
    """Let a translation, not saved yet, remember what `made_from` returned."""
    for name, value in made_from.items():
        setattr(translation, name, datetime.fromisoformat(value) if name == "source_at" else value)


def mark_up_to_date(translation: Any, source: "Source") -> None:
    """Keep that a translation says what its source says now.

    `updated_at` stays as it is: no text has changed, for visitors or for somebody else who is writing.
    """
    remember_source(translation, source.language, source.texts)
    remembered = {name: getattr(translation, name) for name in REMEMBERED}
    type(translation)._default_manager.filter(pk=translation.pk).update(**remembered)


def has_moved_on(translation: Any, live_hash: str, live_from: datetime) -> bool:
    """Tell whether its source's live revision, known by its texts' hash, is something else than a translation follows.

    It counts since somebody said “up to date”; where nobody did, or the revision is older than hashes are, since the
    translation was last changed: then what was published later counts as news.
    """
    since = translation.source_at or translation.updated_at
    return live_from > since and not (translation.source_hash and translation.source_hash == live_hash)


@dataclass(frozen=True)
class Piece:
    """One text of a source, to stand beside the field that translates it."""

    language: str
    html: SafeString
    is_changed: bool = False

    @property
    def name(self) -> str:
        return language_name(self.language)

    @property
    def direction(self) -> str:
        return direction(self.language)


@dataclass(frozen=True)
class Source:
    """The row that a translation is shown beside: its texts now, and as they were when the translation was made.

    `before` is None where nothing is remembered of them: then nothing is marked.
    """

    row: Any
    texts: Texts
    before: Texts | None
    is_stale: bool = False

    @property
    def language(self) -> str:
        return self.row.language

    @property
    def name(self) -> str:
        return language_name(self.language)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.texts)

    @cached_property
    def pieces(self) -> dict[str, Piece]:
        """The texts by their names, each with its changes marked; those that are gone as well."""
        now, before = dict(self.texts), dict(self.texts if self.before is None else self.before)
        names = [*now, *(name for name in before if name not in now)]
        return {
            name: Piece(
                self.language, marked(before.get(name, ""), now.get(name, "")), before.get(name) != now.get(name)
            )
            for name in names
        }

    @property
    def changed(self) -> list[str]:
        """The names of the texts that have changed since the translation was made."""
        return [name for name, piece in self.pieces.items() if piece.is_changed]

    @property
    def is_open(self) -> bool:
        """Whether there is something to say yes to: “up to date” was never said, or may not hold any more."""
        return self.before is None or self.is_stale or bool(self.changed)

    def rows(self, relation: str) -> list[str]:
        """Return the names of the rows of a relation that have texts now, in order."""
        names = [name.split(":")[1] for name, _text in self.texts if name.startswith(f"{relation}:")]
        return list(dict.fromkeys(names))


def source_of(translation: Any, rows: Iterable[Any], language: str = "") -> Source | None:
    """Return what a translation stands beside, out of the rows of its group: its source, or the row in a language."""
    by_language = {row.language: row for row in rows}
    made_from = source_language(translation, by_language)
    row = by_language.get(language or made_from)
    if row is None or row.language == translation.language:
        return None
    live: Any = row.live_revision if hasattr(row, "revisions") else None
    now = live.texts if live and live.texts else row.texts()
    if row.language != made_from:
        return Source(row, now, None)
    before = translation.source_texts if translation.source_hash else None
    if not hasattr(row, "revisions"):
        return Source(row, now, before, before is not None and translation.source_hash != fingerprint(now))
    is_stale = bool(live) and has_moved_on(translation, live.texts_hash, live.live_from)
    if live and before is not None and not is_stale:
        now = before  # a copy of a draft is ahead of what visitors see
    return Source(row, now, before, is_stale)

"""The full-text index of the database: SQLite's FTS5 or PostgreSQL's tsvector, both over `SearchEntry`.

The database keeps it in step by itself, in the same transaction. On SQLite by triggers: whoever changes that table by a
migration calls `install` after it, since Django makes the table anew and its triggers go with the old one.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import IntegerField
from django.db.models.expressions import RawSQL

TABLE = "roles_searchentry"
KEY = '"roles_rolerevision"."id" + 0'  # not the column itself: SQLite would read each row for what its index holds
COLUMNS = "title, headings, text"
TITLE, HEADINGS, ANYWHERE = "title", "headings", "anywhere"  # where words must stand; headings: there or in the title
SQLITE_PLACES = {TITLE: "{title} : ", HEADINGS: "{title headings} : ", ANYWHERE: ""}
# A column each, not weights in one: GIN knows no weights, and PostgreSQL would read every long vector to check them.
POSTGRES_PLACES = {TITLE: "in_title", HEADINGS: "in_headings", ANYWHERE: "anywhere"}
POSTGRES_TEXTS = {
    "in_title": "title",
    "in_headings": "title || ' ' || headings",
    "anywhere": "title || ' ' || headings || ' ' || text",
}


class Term(NamedTuple):
    """Words that stand one after the other, or, `loose`, anywhere; `begun`: each may go on."""

    words: Sequence[str]
    begun: bool
    loose: bool = False


Query = list[list[Term]]  # every unit must be found, in one of its terms


def holding(query: Query, place: str) -> RawSQL:
    """Return the pks of the revisions that hold a query in a place, as a subquery."""
    if connection.vendor == "sqlite":
        sql = "SELECT rowid FROM roles_search WHERE roles_search MATCH %s"
        return RawSQL(sql, [f"{SQLITE_PLACES[place]}({_written(query, ' AND ', _sqlite_term)})"])  # noqa: S611
    sql = f"SELECT revision_id FROM {TABLE} WHERE {POSTGRES_PLACES[place]} @@ to_tsquery('simple', %s)"  # noqa: S608
    return RawSQL(sql, [_written(query, " & ", _postgres_term)])  # noqa: S611


def rank(asked: Sequence[tuple[Query, str]]) -> RawSQL:
    """Return, for each revision, the number of the first query and place that it holds; one more than all if none.

    By hand: the ORM takes longer to put this together than the database to answer it.
    """
    held = [holding(query, place) for query, place in asked]
    steps = " ".join(f"WHEN {KEY} IN ({each.sql}) THEN {number}" for number, each in enumerate(held))
    params = [param for each in held for param in each.params]
    return RawSQL(f"CASE {steps} ELSE {len(held)} END", params, IntegerField())  # noqa: S611


def _written(query: Query, both: str, write: Any) -> str:
    either = " OR " if both == " AND " else " | "
    return both.join(f"({either.join(write(term) for term in unit)})" for unit in query)


def _sqlite_term(term: Term) -> str:
    """Write a term in FTS5's language. Words are letters and digits alone, so nothing needs escaping."""
    star = "*" if term.begun else ""
    phrases = list(term.words) if term.loose else [" ".join(term.words)]
    return "(" + " AND ".join(f'"{phrase}"{star}' for phrase in phrases) + ")"


def _postgres_term(term: Term) -> str:
    mark = ":*" if term.begun else ""
    return "(" + (" & " if term.loose else " <-> ").join(word + mark for word in term.words) + ")"


def install(schema_editor: Any) -> None:
    """Make the index where it is missing, over what the table holds."""
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)


def remove(schema_editor: Any) -> None:
    """Take the index away."""
    if schema_editor.connection.vendor == "sqlite":
        for act in ("insert", "delete", "update"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS roles_search_{act}")
        schema_editor.execute("DROP TABLE IF EXISTS roles_search")
    else:
        for column in POSTGRES_TEXTS:
            schema_editor.execute(f"ALTER TABLE {TABLE} DROP COLUMN IF EXISTS {column}")


_NEW, _OLD = (", ".join(f"{row}.{name}" for name in ("revision_id", *COLUMNS.split(", "))) for row in ("new", "old"))
_LEARN = f"INSERT INTO roles_search (rowid, {COLUMNS}) VALUES ({_NEW});"  # noqa: S608
_FORGET = f"INSERT INTO roles_search (roles_search, rowid, {COLUMNS}) VALUES ('delete', {_OLD});"  # noqa: S608
SQLITE = [
    f"""CREATE VIRTUAL TABLE IF NOT EXISTS roles_search USING fts5(
        {COLUMNS}, content='{TABLE}', content_rowid='revision_id', tokenize='unicode61', prefix='1 2 3')""",
    f"CREATE TRIGGER IF NOT EXISTS roles_search_insert AFTER INSERT ON {TABLE} BEGIN {_LEARN} END",
    f"CREATE TRIGGER IF NOT EXISTS roles_search_delete AFTER DELETE ON {TABLE} BEGIN {_FORGET} END",
    f"CREATE TRIGGER IF NOT EXISTS roles_search_update AFTER UPDATE ON {TABLE} BEGIN {_FORGET} {_LEARN} END",
    "INSERT INTO roles_search (roles_search) VALUES ('rebuild')",
]
POSTGRES = [
    f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS {column} tsvector "
    f"GENERATED ALWAYS AS (to_tsvector('simple', {text})) STORED"
    for column, text in POSTGRES_TEXTS.items()
] + [
    f"CREATE INDEX IF NOT EXISTS roles_search_{column} ON {TABLE} USING gin ({column}) WITH (fastupdate = off)"
    for column in POSTGRES_TEXTS
]

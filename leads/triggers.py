"""The database's own refusal to change what was agreed to: entries of the ledger (I8) and published wordings (CON-3).

Migrations install it; `manage.py ledger verify` looks whether it is there. On SQLite a later migration that alters one
of these tables rebuilds it without its triggers: such a migration must call `install` again.

A database for tests is emptied between tests that commit: tests/conftest.py removes the triggers for that moment.
"""

from typing import Any

EVENTS, PAYLOADS, TEXTS = "leads_consentevent", "leads_consentpayload", "leads_consenttext"
WORDING = (
    "purpose_id", "language", "version", "body", "sha256", "policy_version", "notice_url", "published_at"
)  # fmt: skip
# (name, what is refused, on which table, for which rows, in which words)
ROW_RULES = [
    ("ledger_no_update", "UPDATE", EVENTS, "", "The ledger is only ever added to."),
    ("ledger_no_delete", "DELETE", EVENTS, "", "The ledger is only ever added to."),
    ("payload_no_update", "UPDATE", PAYLOADS, "", "Details of a consent are deleted or left alone."),
    (
        "wording_no_update",
        f"UPDATE OF {', '.join(WORDING)}",
        TEXTS,
        "OLD.published_at IS NOT NULL",
        "A published wording cannot be changed.",
    ),
    ("wording_no_delete", "DELETE", TEXTS, "OLD.published_at IS NOT NULL", "A published wording cannot be deleted."),
]
TABLE_RULES = [
    ("ledger_no_truncate", "TRUNCATE", EVENTS, "", "The ledger is only ever added to."),
    ("wording_no_truncate", "TRUNCATE", TEXTS, "", "A published wording cannot be deleted."),
]


def install(editor: Any) -> None:
    """Write the triggers through a schema editor, on SQLite and PostgreSQL. Raises NotImplementedError elsewhere."""
    vendor = editor.connection.vendor
    if vendor not in {"sqlite", "postgresql"}:
        raise NotImplementedError(f"The ledger has no triggers for {vendor}: use SQLite or PostgreSQL.")
    remove(editor)
    for rule in ROW_RULES:
        editor.execute(_on_sqlite(*rule) if vendor == "sqlite" else _on_postgresql(*rule, each="ROW"))
    for rule in TABLE_RULES if vendor == "postgresql" else []:
        editor.execute(_on_postgresql(*rule, each="STATEMENT"))


def remove(editor: Any) -> None:
    """Take the triggers away: to install them anew, or to empty a database for tests."""
    postgresql = editor.connection.vendor == "postgresql"
    for name, _act, table, _rows, _words in [*ROW_RULES, *TABLE_RULES]:
        editor.execute(f"DROP TRIGGER IF EXISTS {name}{f' ON {table}' if postgresql else ''}")
        if postgresql:
            editor.execute(f"DROP FUNCTION IF EXISTS {name}()")


def missing(connection: Any) -> list[str]:
    """Return the names of triggers that should be in the database and are not, or are switched off."""
    sqlite = connection.vendor == "sqlite"
    installed = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if sqlite
        else "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
    )
    with connection.cursor() as cursor:
        cursor.execute(installed)
        found = {name for (name,) in cursor.fetchall()}
    return [rule[0] for rule in (ROW_RULES if sqlite else [*ROW_RULES, *TABLE_RULES]) if rule[0] not in found]


def _on_sqlite(name: str, act: str, table: str, rows: str, words: str) -> str:
    only = f" WHEN {rows}" if rows else ""
    return f"CREATE TRIGGER {name} BEFORE {act} ON {table}{only} BEGIN SELECT RAISE(ABORT, '{words}'); END"


def _on_postgresql(name: str, act: str, table: str, rows: str, words: str, *, each: str) -> str:
    only = f" WHEN ({rows})" if rows else ""
    refuse = f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{words}'; END $$"
    return f"{refuse}; CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH {each}{only} EXECUTE FUNCTION {name}()"

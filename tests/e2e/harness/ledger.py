"""The ledger as other programs see it: asked through SQLite, also while a run goes on."""

import sqlite3
from contextlib import closing

# What of a row depends on the entry and the server alone, and so not on how many runs it took.
_OF_THE_ENTRY = "entry, url, path, outcome, class, status, bytes, sha256, media_type, etag, last_modified"


def path(dest):
    """Where the ledger of a folder for downloads is."""
    return dest / ".flagdl" / "ledger.db"


def reader(dest):
    """A connection that cannot write, and begins no transaction by itself.

    When it is the last to close, the files of SQLite's log stay behind, which the next run takes away.
    """
    # Not for ever, should a lock be held that nobody may hold for long.
    return sqlite3.connect(f"{path(dest).as_uri()}?mode=ro", uri=True, timeout=2, isolation_level=None)


def ask(dest, sql):
    """All rows that a question gives."""
    with closing(reader(dest)) as connection:
        return connection.execute(sql).fetchall()


def items(dest):
    """The row of each entry, without what tells of the run that wrote it, in the order of paths."""
    return ask(dest, f"SELECT {_OF_THE_ENTRY} FROM items ORDER BY path")


def change(database, sql):
    """Changes a database behind flagdl's back, while no run goes on."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(sql)
        connection.commit()

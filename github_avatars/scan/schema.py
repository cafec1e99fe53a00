"""The tables of a store, and the SQLite file that they are in."""

import sqlite3

from github_avatars.errors import BadInput

SCHEMA = """
CREATE TABLE accounts (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    login TEXT,
    named_id INTEGER,
    settled INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'pending',
    error TEXT,
    label TEXT,
    probability REAL,
    github_grey INTEGER,
    distinct_colors INTEGER,
    identicon_error REAL,
    verified INTEGER,
    pictures INTEGER NOT NULL DEFAULT 0,
    agreed INTEGER NOT NULL DEFAULT 0,
    left_out TEXT,
    account_id INTEGER,
    href TEXT,
    etag TEXT,
    size INTEGER,
    model TEXT,
    fetched TEXT,
    checked TEXT
) STRICT;
CREATE TABLE inputs (
    place INTEGER PRIMARY KEY,
    login TEXT,
    account_id INTEGER,
    account INTEGER NOT NULL REFERENCES accounts
) STRICT;
CREATE INDEX inputs_by_account ON inputs (account);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    started TEXT NOT NULL,
    ended TEXT,
    outcome TEXT,
    model TEXT NOT NULL
) STRICT;
CREATE VIEW found AS SELECT
    place, account, settled, checked,
    inputs.login AS login, inputs.account_id AS named_id,
    status, error, label, probability, github_grey, distinct_colors, identicon_error, verified, pictures, agreed,
    left_out, accounts.account_id AS account_id, href
FROM inputs JOIN accounts ON number = account;
"""
"""`accounts` holds each account once: `name` tells it from others (name_of), `login` and `named_id` are as a source
gave them, `settled` is whether it needs no asking, `size` and `etag` are those of the picture that was judged, `model`
is the sha256 of the model file that judged it, `fetched` when it came, and `checked` when the account was last asked
for. `inputs` are those of the run that began last, in their order; `found` is what was found for them."""

APPLICATION = 0x67686176
"""In the file's head, as SQLite's application_id: by it a store is told from other databases."""

VERSION = 1
"""Of the schema, as SQLite's user_version."""


def connect(path: str) -> sqlite3.Connection:
    """A connection to the store in the file `path`, made if need be, that no other program can have meanwhile.

    Raises BadInput where the file is another database, and what sqlite3 raises: sqlite3.Error.
    """
    connection = sqlite3.connect(path, timeout=1, isolation_level=None)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    run = connection.execute
    # To have the file for oneself from the first access on also spares a second file, of shared memory.
    run("PRAGMA locking_mode = EXCLUSIVE")
    ((application,),) = run("PRAGMA application_id")
    ((tables,),) = run("SELECT count(*) FROM sqlite_schema")
    ((version,),) = run("PRAGMA user_version")
    if (tables or application) and (application, version) != (APPLICATION, VERSION):
        raise BadInput(f"{path} is no store of a scan that this version made: give another file as --db.")
    run("PRAGMA journal_mode = WAL")
    # A power failure may take what was written last, the end of the program nothing.
    run("PRAGMA synchronous = NORMAL")
    if not tables:
        connection.executescript(
            f"BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT"
        )
    run("BEGIN IMMEDIATE")
    run("COMMIT")

"""The tables of a scan's store, and opening a file: it is created, checked and converted to this version."""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from github_avatars.errors import BadFile

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
"""`accounts` holds each account once: `name` is its account_key; `login` and `named_id` are the source's; `settled` is
whether it needs no request; `size` and `etag` are those of the classified picture; `model` is the sha256 of the model
file; `fetched` and `checked` are when the picture came and when the account was last requested. `inputs` are those of
the last run, in their order; `found` joins them with the results."""

OPTIONAL_TABLES = """
CREATE TABLE IF NOT EXISTS pictures (
    account INTEGER PRIMARY KEY REFERENCES accounts,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS pages (
    number INTEGER PRIMARY KEY,
    list TEXT NOT NULL,
    accounts TEXT NOT NULL,
    cursor TEXT,
    count INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS pages_by_list ON pages (list);
CREATE TABLE IF NOT EXISTS labels (
    account INTEGER PRIMARY KEY REFERENCES accounts,
    label TEXT NOT NULL,
    picture BLOB NOT NULL,
    labelled TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS hosts (
    url TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS profiles (
    account INTEGER PRIMARY KEY REFERENCES accounts,
    type TEXT,
    created_at TEXT,
    name TEXT,
    company TEXT,
    location TEXT,
    followers INTEGER,
    following INTEGER,
    public_repositories INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS edges (
    follower INTEGER NOT NULL REFERENCES accounts,
    followed INTEGER NOT NULL REFERENCES accounts,
    PRIMARY KEY (follower, followed)
) STRICT, WITHOUT ROWID;
"""
"""`pictures` are the originals of ScanOptions.keep_pictures, `profiles` are those of ScanOptions.profiles; `pages` are
those of GitHub's lists while a run reads them (sources.py); `labels` are a person's (labels.py). `hosts` has at most
one row: the address of the host, as in GITHUB_URL, whose accounts these are; stores of version 0.1 do not have it.
`edges` has, once, each pair of accounts of which one follows the other. Stores of version 0.2 have neither `edges` nor
`profiles`."""

CHECKSUMS = """
ALTER TABLE accounts ADD COLUMN crc INTEGER;
CREATE TRIGGER accounts_changed AFTER UPDATE ON accounts WHEN NEW.crc IS OLD.crc BEGIN
    UPDATE accounts SET crc = NULL WHERE number = NEW.number;
END;
"""
"""The checksum of CHECKED, which stores of version 0.1 do not have. It is NULL until the end of a change, or until the
next run if another program makes it."""

VERSION_2 = """
ALTER TABLE accounts ADD COLUMN avatar_url TEXT;
ALTER TABLE accounts ADD COLUMN email TEXT;
ALTER TABLE inputs ADD COLUMN email TEXT;
ALTER TABLE inputs ADD COLUMN forgeable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inputs ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
DROP VIEW found;
CREATE VIEW found AS SELECT
    place, account, settled, checked,
    inputs.login AS login, inputs.account_id AS named_id, inputs.email AS email, forgeable, depth,
    status, error, label, probability, github_grey, distinct_colors, identicon_error, verified, pictures, agreed,
    left_out, accounts.account_id AS account_id, href
FROM inputs JOIN accounts ON number = account;
UPDATE accounts SET settled = 0, etag = NULL WHERE name LIKE '#%' AND login LIKE '%[bot]';
UPDATE accounts SET crc = NULL;
PRAGMA user_version = 2;
"""
"""What version 2 of the schema adds: `avatar_url` and `email` are the source's; `depth` is that of Row. New stores
begin as version 1, too, so that the definitions of their tables are the same. The checksums cover the new columns of
accounts from the next run on. Accounts of GitHub Apps are fetched again, because version 1 has the identicons of their
ids."""

CHECKED_1 = (
    "name, login, named_id, settled, status, error, label, probability, github_grey, distinct_colors, identicon_error,"
    "verified, pictures, agreed, left_out, account_id, href, etag, size, model, fetched, checked"
)
"""The columns of `accounts` that the checksum covers in version 1. SQLite checks the others itself."""

CHECKED = f"{CHECKED_1}, avatar_url, email"
"""The same for this version."""

APPLICATION = 0x67686176
"""SQLite's application_id, which distinguishes a store from other databases."""

VERSION = 2
"""SQLite's user_version: the version of the schema."""


def connect(path: str | Path) -> sqlite3.Connection:
    """A connection that holds the file's lock until it is closed. Raises BadFile and sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=1, isolation_level=None)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str | Path) -> None:
    run = connection.execute
    # Exclusive from the first access on, SQLite needs no second file with shared memory.
    run("PRAGMA locking_mode = EXCLUSIVE")
    ((application,),) = run("PRAGMA application_id")
    ((tables,),) = run("SELECT count(*) FROM sqlite_schema")
    ((version,),) = run("PRAGMA user_version")
    if (tables or application) and not (application == APPLICATION and 1 <= version <= VERSION):
        raise BadFile(f"{path} is not the store of a scan by this version: give another path.")
    connection.create_function("crc32", -1, _crc32, deterministic=True)
    if tables and (fault := _fault(connection, CHECKED if version == VERSION else CHECKED_1)):
        raise BadFile(f"{path} is damaged ({fault}): restore a copy, or give another path.")
    run("PRAGMA journal_mode = WAL")
    # A power failure can lose the last transactions; the end of the program cannot.
    run("PRAGMA synchronous = NORMAL")
    if not tables:
        connection.executescript(
            f"BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 1; COMMIT"
        )
    connection.executescript(f"BEGIN IMMEDIATE; {OPTIONAL_TABLES} COMMIT")
    if not _has_checksums(connection):
        connection.executescript(f"BEGIN IMMEDIATE; {CHECKSUMS} COMMIT")
    if version < VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {VERSION_2} COMMIT")


def _fault(connection: sqlite3.Connection, checked: str) -> str | None:
    """What is damaged in the store; None if nothing is. It is read completely. The checksums cover `checked`."""
    ((message,),) = connection.execute("PRAGMA integrity_check(1)")
    if message != "ok":
        return str(message).splitlines()[-1]
    if not _schema(connection) <= _possible_schema():
        return "its tables are not those of a scan"
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        return "a row belongs to no account"
    if _has_checksums(connection):
        condition = f"crc != crc32({checked})"
        try:
            damaged = connection.execute(f"SELECT number FROM accounts WHERE {condition} LIMIT 1").fetchone()  # noqa: S608
        except sqlite3.OperationalError:  # raised for text that is not UTF-8
            return "an account is not UTF-8"
        if damaged:
            return f"the checksum of account {damaged[0]} is wrong"
    return None


def _has_checksums(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM pragma_table_info('accounts') WHERE name = 'crc'").fetchone())


def _schema(connection: sqlite3.Connection) -> set[bytes]:
    """The definitions of the tables, indexes, triggers and views, with single spaces."""
    definitions = connection.execute("SELECT CAST(sql AS BLOB) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'")
    return {b" ".join(definition.split()) for (definition,) in definitions}


def _possible_schema() -> set[bytes]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA + OPTIONAL_TABLES)
        without_checksums = _schema(connection)
        connection.executescript(CHECKSUMS)
        version_1 = _schema(connection)
        connection.executescript(VERSION_2)
        return without_checksums | version_1 | _schema(connection)


def _crc32(*values: object) -> int:
    return zlib.crc32(repr(values).encode("utf-8", "backslashreplace"))

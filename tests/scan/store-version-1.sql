BEGIN TRANSACTION;
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
, crc INTEGER) STRICT;
INSERT INTO "accounts" VALUES(1,'@zeke','zeke',NULL,1,'judged',NULL,'default',0.99,300,2,0.0,1,1,1,NULL,3,'https://github.com/zeke.png','"a"',64,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-27T19:06:26Z','2026-11-27T19:06:26Z',192874574);
INSERT INTO "accounts" VALUES(2,'#12','anna',12,1,'judged',NULL,'custom',0.5,0,200,0.9,NULL,1,1,NULL,12,'https://a/b','"b"',64,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-27T19:06:26Z','2026-11-27T19:06:26Z',1014652768);
INSERT INTO "accounts" VALUES(3,'@hans','hans',NULL,1,'no-such-account','https://github.com has no account hans: check the spelling.',NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-27T19:06:26Z',2869512993);
INSERT INTO "accounts" VALUES(4,'#7',NULL,7,0,'pending',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1304468472);
CREATE TABLE hosts (
    url TEXT NOT NULL
) STRICT;
INSERT INTO "hosts" VALUES('https://github.com');
CREATE TABLE inputs (
    place INTEGER PRIMARY KEY,
    login TEXT,
    account_id INTEGER,
    account INTEGER NOT NULL REFERENCES accounts
) STRICT;
INSERT INTO "inputs" VALUES(1,'zeke',NULL,1);
INSERT INTO "inputs" VALUES(2,'anna',12,2);
INSERT INTO "inputs" VALUES(3,'hans',NULL,3);
INSERT INTO "inputs" VALUES(4,NULL,7,4);
CREATE TABLE labels (
    account INTEGER PRIMARY KEY REFERENCES accounts,
    label TEXT NOT NULL,
    picture BLOB NOT NULL,
    labelled TEXT NOT NULL
) STRICT;
CREATE TABLE pages (
    number INTEGER PRIMARY KEY,
    list TEXT NOT NULL,
    accounts TEXT NOT NULL,
    cursor TEXT,
    count INTEGER
) STRICT;
CREATE TABLE pictures (
    account INTEGER PRIMARY KEY REFERENCES accounts,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    started TEXT NOT NULL,
    ended TEXT,
    outcome TEXT,
    model TEXT NOT NULL
) STRICT;
INSERT INTO "runs" VALUES(1,'2026-11-27T19:06:26Z','2026-11-27T19:06:26Z','interrupted','0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "runs" VALUES(2,'2026-11-27T19:06:26Z',NULL,NULL,'0000000000000000000000000000000000000000000000000000000000000000');
CREATE INDEX inputs_by_account ON inputs (account);
CREATE VIEW found AS SELECT
    place, account, settled, checked,
    inputs.login AS login, inputs.account_id AS named_id,
    status, error, label, probability, github_grey, distinct_colors, identicon_error, verified, pictures, agreed,
    left_out, accounts.account_id AS account_id, href
FROM inputs JOIN accounts ON number = account;
CREATE TRIGGER accounts_changed AFTER UPDATE ON accounts WHEN NEW.crc IS OLD.crc BEGIN
    UPDATE accounts SET crc = NULL WHERE number = NEW.number;
END;
COMMIT;
PRAGMA application_id = 1734893942;
PRAGMA user_version = 1;

-- What was used of limits. With each group of exchanges one row of the journal is written; now and then the journal is folded into the accounts.
CREATE TABLE limit_accounts (
    id     INTEGER PRIMARY KEY AUTOINCREMENT, -- the journal names accounts by it
    rule   TEXT NOT NULL,    -- id of the rule
    bucket TEXT NOT NULL,    -- the values that it is grouped by
    until  INTEGER NOT NULL, -- ticks (UTC) after which nothing of it counts any more
    state  BLOB NOT NULL,    -- parts of time and what was used in each, as variable-length integers
    UNIQUE (rule, bucket)
) STRICT;

CREATE TABLE limit_journal (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    charges BLOB NOT NULL -- account, part of time and amount, as variable-length integers
) STRICT;

-- Limits made through the admin API.
CREATE TABLE limits (
    id         TEXT NOT NULL PRIMARY KEY,
    item       TEXT NOT NULL, -- JSON, as under limits of gatehouse.yaml
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- Temporary raises.
CREATE TABLE limit_raises (
    rule       TEXT NOT NULL,
    bucket     TEXT NOT NULL,
    amount     INTEGER NOT NULL, -- in the unit of the rule; nano-USD for money
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL, -- ticks (UTC)
    until      INTEGER NOT NULL, -- ticks (UTC)
    PRIMARY KEY (rule, bucket)
) STRICT;

ALTER TABLE api_keys ADD COLUMN updated_at TEXT; -- null: never changed

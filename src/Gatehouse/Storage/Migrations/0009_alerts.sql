-- Conditions that a person should know of, from their beginning to their end. Times are microseconds since 1970.
CREATE TABLE alerts (
    id              TEXT    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    severity        TEXT    NOT NULL,
    message         TEXT    NOT NULL,
    details         TEXT    NOT NULL, -- JSON object of texts
    opened_at       INTEGER NOT NULL,
    sent_at         INTEGER NOT NULL, -- when sinks were last given it
    count           INTEGER NOT NULL, -- how often it was raised
    last_at         INTEGER NOT NULL,
    resolved_at     INTEGER,          -- null while it is open
    resolution      TEXT,
    acknowledged_at INTEGER,
    told            TEXT    NOT NULL  -- JSON list: the sinks that have taken it
) STRICT;

CREATE INDEX alerts_open ON alerts (id) WHERE resolved_at IS NULL;

-- What sinks are to be told, and what came of it.
CREATE TABLE alert_deliveries (
    sequence INTEGER PRIMARY KEY,      -- the order in which a sink is told
    id       TEXT    NOT NULL UNIQUE,
    alert_id TEXT    NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    sink     TEXT    NOT NULL,
    notice   TEXT    NOT NULL,         -- JSON: what happened, and the alert as it was then
    event    TEXT    NOT NULL,
    state    TEXT    NOT NULL,         -- waiting, delivered, refused, given_up, dropped, not_told
    attempts INTEGER NOT NULL,
    error    TEXT,
    ended_at INTEGER
) STRICT;

CREATE INDEX alert_deliveries_waiting ON alert_deliveries (sequence) WHERE state = 'waiting';
CREATE INDEX alert_deliveries_by_alert ON alert_deliveries (alert_id);

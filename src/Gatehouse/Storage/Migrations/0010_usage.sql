-- Sums of the ledger for reports, written with its rows. A set of dimensions is written once and named by its number.
CREATE TABLE usage_dimensions (
    id             INTEGER PRIMARY KEY,
    digest         BLOB    NOT NULL UNIQUE, -- first 16 bytes of the SHA-256 of what follows
    key_id         TEXT    NOT NULL,
    key_name       TEXT    NOT NULL,
    organization   TEXT,
    team           TEXT,
    project        TEXT,
    user           TEXT,                    -- '(other)' beyond a number of sets in an hour; then labels, agent and the target's model, too
    agent          TEXT,
    labels         TEXT,                    -- JSON object, or '(other)'
    route          TEXT,
    target         TEXT,                    -- provider/model
    kind           TEXT    NOT NULL,
    operation      TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    cache          TEXT    NOT NULL,
    service_tier   TEXT    NOT NULL,
    price_revision INTEGER NOT NULL
) STRICT;

-- Exchanges by the hour in which they started; of days that are over, those that came after they were packed.
CREATE TABLE usage_hours (
    hour                        INTEGER NOT NULL, -- since 1970, UTC
    dimensions                  INTEGER NOT NULL,
    exchanges                   INTEGER NOT NULL,
    input_tokens                INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens           INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens          INTEGER NOT NULL DEFAULT 0,
    output_tokens               INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens            INTEGER NOT NULL DEFAULT 0, -- of output_tokens
    cost_nano_usd               INTEGER NOT NULL DEFAULT 0, -- of exchanges whose cost is known
    estimated_cost_nano_usd     INTEGER NOT NULL DEFAULT 0, -- of cost_nano_usd
    estimated_exchanges         INTEGER NOT NULL DEFAULT 0, -- with a cost that is an estimate
    unpriced_exchanges          INTEGER NOT NULL DEFAULT 0, -- were answered by a target, and their cost is not known
    saved_nano_usd              INTEGER NOT NULL DEFAULT 0,
    prompt_cache_saved_nano_usd INTEGER NOT NULL DEFAULT 0,
    attempts                    INTEGER NOT NULL DEFAULT 0, -- at targets
    total_us                    INTEGER NOT NULL DEFAULT 0, -- sum of durations
    upstream_us                 INTEGER NOT NULL DEFAULT 0,
    others                      INTEGER NOT NULL DEFAULT 0, -- 1: one of the columns from here on is not 0
    cache_write_one_hour_tokens INTEGER NOT NULL DEFAULT 0, -- of cache_write_tokens
    audio_input_tokens          INTEGER NOT NULL DEFAULT 0, -- of input_tokens
    audio_cache_read_tokens     INTEGER NOT NULL DEFAULT 0, -- of cache_read_tokens
    audio_output_tokens         INTEGER NOT NULL DEFAULT 0, -- of output_tokens
    image_input_tokens          INTEGER NOT NULL DEFAULT 0, -- of input_tokens
    image_output_tokens         INTEGER NOT NULL DEFAULT 0, -- of output_tokens
    web_search_calls            INTEGER NOT NULL DEFAULT 0,
    continuations               INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (hour, dimensions)
) STRICT, WITHOUT ROWID;

-- The same by days, of the hours before usage.folded_until.
CREATE TABLE usage_days (
    day                         INTEGER NOT NULL, -- since 1970, UTC
    dimensions                  INTEGER NOT NULL,
    exchanges                   INTEGER NOT NULL,
    input_tokens                INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens           INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens          INTEGER NOT NULL DEFAULT 0,
    output_tokens               INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens            INTEGER NOT NULL DEFAULT 0, -- of output_tokens
    cost_nano_usd               INTEGER NOT NULL DEFAULT 0, -- of exchanges whose cost is known
    estimated_cost_nano_usd     INTEGER NOT NULL DEFAULT 0, -- of cost_nano_usd
    estimated_exchanges         INTEGER NOT NULL DEFAULT 0, -- with a cost that is an estimate
    unpriced_exchanges          INTEGER NOT NULL DEFAULT 0, -- were answered by a target, and their cost is not known
    saved_nano_usd              INTEGER NOT NULL DEFAULT 0,
    prompt_cache_saved_nano_usd INTEGER NOT NULL DEFAULT 0,
    attempts                    INTEGER NOT NULL DEFAULT 0, -- at targets
    total_us                    INTEGER NOT NULL DEFAULT 0, -- sum of durations
    upstream_us                 INTEGER NOT NULL DEFAULT 0,
    others                      INTEGER NOT NULL DEFAULT 0, -- 1: one of the columns from here on is not 0
    cache_write_one_hour_tokens INTEGER NOT NULL DEFAULT 0, -- of cache_write_tokens
    audio_input_tokens          INTEGER NOT NULL DEFAULT 0, -- of input_tokens
    audio_cache_read_tokens     INTEGER NOT NULL DEFAULT 0, -- of cache_read_tokens
    audio_output_tokens         INTEGER NOT NULL DEFAULT 0, -- of output_tokens
    image_input_tokens          INTEGER NOT NULL DEFAULT 0, -- of input_tokens
    image_output_tokens         INTEGER NOT NULL DEFAULT 0, -- of output_tokens
    web_search_calls            INTEGER NOT NULL DEFAULT 0,
    continuations               INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, dimensions)
) STRICT, WITHOUT ROWID;

-- The hours of days that are over. What came later is in usage_hours, beside it.
CREATE TABLE usage_packed_days (
    place INTEGER PRIMARY KEY, -- day * 4294967296 + dimensions
    has   INTEGER NOT NULL,    -- a bit for each hour that is in it
    hours BLOB    NOT NULL     -- PackedHours.cs
) STRICT;

INSERT INTO settings (name, value) VALUES ('usage.folded_until', CAST(unixepoch() / 3600 AS TEXT));

-- Exchanges up to this one are summed up after the start, a few at a time.
INSERT INTO settings (name, value) SELECT 'usage.history_until', max(id) FROM exchanges HAVING max(id) IS NOT NULL;

-- One row per exchange. Ids begin with their time, so the primary key is also the order of time; rows are appended to its end.
CREATE TABLE exchanges (
    id                  TEXT    NOT NULL PRIMARY KEY,
    started_at          INTEGER NOT NULL, -- microseconds since 1970, UTC
    kind                TEXT    NOT NULL, -- model, tool, agent
    operation           TEXT    NOT NULL,
    revision            INTEGER NOT NULL, -- of the configuration that the exchange ran under
    key_id              TEXT    NOT NULL,
    key_name            TEXT    NOT NULL,
    run                 TEXT    NOT NULL,
    requested           TEXT    NOT NULL, -- the model as the caller wrote it
    route               TEXT,
    target              TEXT,
    attempts            TEXT    NOT NULL, -- JSON
    status              INTEGER NOT NULL, -- HTTP status towards the caller; 499 when the caller left first
    outcome             TEXT    NOT NULL, -- completed, refused, failed, truncated, cancelled
    error_code          TEXT,
    error_message       TEXT,
    error_phase         TEXT,
    stream              INTEGER NOT NULL,
    response_id         TEXT,
    response_model      TEXT,
    finish_reason       TEXT,
    input_tokens        INTEGER, -- usage: exclusive buckets, null where the provider reported nothing
    cache_read_tokens   INTEGER,
    cache_write_tokens  INTEGER,
    output_tokens       INTEGER,
    reasoning_tokens    INTEGER, -- of output_tokens
    audio_input_tokens  INTEGER, -- of the input
    audio_output_tokens INTEGER, -- of output_tokens
    delivered_bytes     INTEGER NOT NULL, -- of the answer's body
    delivered_text      INTEGER NOT NULL, -- bytes of generated text in them
    cost_nano_usd       INTEGER,
    price_revision      INTEGER,
    total_us            INTEGER NOT NULL,
    upstream_us         INTEGER NOT NULL,
    overhead_us         INTEGER NOT NULL,
    first_byte_us       INTEGER
) STRICT, WITHOUT ROWID;

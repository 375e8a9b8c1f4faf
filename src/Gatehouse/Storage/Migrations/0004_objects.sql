-- Objects that clients made at providers (files, batches, stored responses, ...), so that their ids find the way back, for their owner only.
CREATE TABLE objects (
    id         TEXT    NOT NULL, -- the provider's own
    provider   TEXT    NOT NULL,
    key_id     TEXT    NOT NULL, -- of the key that made it
    created_at INTEGER NOT NULL, -- seconds since 1970, UTC
    PRIMARY KEY (id, provider)
) STRICT, WITHOUT ROWID;

CREATE INDEX objects_by_age ON objects (created_at);

-- Keys made through the admin API. The secret itself is never kept.
CREATE TABLE api_keys (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE, -- SHA-256 of the secret, hexadecimal
    hint       TEXT NOT NULL,        -- its first characters
    models     TEXT NOT NULL,        -- JSON list of patterns
    labels     TEXT NOT NULL,        -- JSON object
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
) STRICT;

-- Every configuration that has been in force.
CREATE TABLE revisions (
    number     INTEGER PRIMARY KEY,
    created_at TEXT NOT NULL,
    cause      TEXT NOT NULL,
    digest     TEXT NOT NULL -- SHA-256 of the configuration, secrets included
) STRICT;

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

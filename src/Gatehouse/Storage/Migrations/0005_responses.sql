-- Answers of the Responses API that the gateway keeps for providers that have no state. Times are milliseconds since 1970.
CREATE TABLE responses (
    id          TEXT    NOT NULL PRIMARY KEY,
    key_id      TEXT    NOT NULL, -- only this key may see it
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    items       BLOB    NOT NULL, -- JSON list: what was put in, earlier turns included, then what came out
    input_count INTEGER NOT NULL, -- how many of the items were put in
    response    BLOB    NOT NULL  -- JSON: the response object
) STRICT;

CREATE INDEX responses_by_expiry ON responses (expires_at);

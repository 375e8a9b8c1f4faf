-- Answers of the Responses API that the gateway keeps for providers that have no state.
CREATE TABLE responses (
    id         TEXT    NOT NULL PRIMARY KEY,
    key_id     TEXT    NOT NULL, -- only this key may see it
    created_at INTEGER NOT NULL, -- microseconds since 1970
    expires_at INTEGER NOT NULL, -- microseconds since 1970
    input      BLOB    NOT NULL, -- JSON list: all items before the answer
    response   BLOB    NOT NULL  -- JSON: the response object, with the items of the answer
) STRICT;

CREATE INDEX responses_by_expiry ON responses (expires_at);

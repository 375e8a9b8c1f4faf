-- What costs more or less than the tokens it is among, so that a row tells all that its cost was made of.
ALTER TABLE exchanges ADD COLUMN cache_write_one_hour_tokens INTEGER; -- of cache_write_tokens
ALTER TABLE exchanges ADD COLUMN audio_cache_read_tokens     INTEGER; -- of cache_read_tokens
ALTER TABLE exchanges ADD COLUMN image_input_tokens          INTEGER; -- of the input
ALTER TABLE exchanges ADD COLUMN image_output_tokens         INTEGER; -- of output_tokens
ALTER TABLE exchanges ADD COLUMN web_search_calls            INTEGER;
ALTER TABLE exchanges ADD COLUMN service_tier                TEXT;    -- batch, flex, priority; null: standard

-- All prices that have been in force: a row of exchanges can be priced again with its own.
CREATE TABLE price_revisions (
    number     INTEGER PRIMARY KEY,
    created_at TEXT NOT NULL,
    catalog    TEXT NOT NULL, -- revision of the data file
    overrides  TEXT NOT NULL  -- JSON: catalog.models of the configuration
) STRICT;

-- Who pays for an exchange, and what it did not cost.
ALTER TABLE exchanges ADD COLUMN organization TEXT;
ALTER TABLE exchanges ADD COLUMN team         TEXT;
ALTER TABLE exchanges ADD COLUMN project      TEXT;
ALTER TABLE exchanges ADD COLUMN user         TEXT; -- the end user, as the caller names it
ALTER TABLE exchanges ADD COLUMN agent        TEXT;
ALTER TABLE exchanges ADD COLUMN labels       TEXT; -- JSON object; null for none
ALTER TABLE exchanges ADD COLUMN parent       TEXT; -- the exchange in whose course this one was made
ALTER TABLE exchanges ADD COLUMN cache        TEXT; -- hit, semantic, miss; null: no cache was asked
ALTER TABLE exchanges ADD COLUMN saved_nano_usd              INTEGER; -- what a hit would have cost
ALTER TABLE exchanges ADD COLUMN prompt_cache_saved_nano_usd INTEGER; -- by the provider's own cache, against uncached input; less what writing to it cost
ALTER TABLE exchanges ADD COLUMN cost_is_estimated           INTEGER; -- 1: the provider did not report all of the usage

ALTER TABLE api_keys ADD COLUMN organization TEXT;
ALTER TABLE api_keys ADD COLUMN team         TEXT;
ALTER TABLE api_keys ADD COLUMN project      TEXT;
ALTER TABLE api_keys ADD COLUMN agent        TEXT;
ALTER TABLE api_keys ADD COLUMN priority     TEXT; -- class; null: default
ALTER TABLE api_keys ADD COLUMN limits       TEXT; -- JSON list, as under a key of gatehouse.yaml; null for none

-- The first exchange of the same run of the same tenant; null for that one itself. Ids of exchanges begin with their time, so the index of
-- those that follow grows at its end, where the active runs are; one over the names that callers choose would touch a page for each row.
ALTER TABLE exchanges ADD COLUMN run_first TEXT;

CREATE INDEX exchanges_of_run ON exchanges (run_first) WHERE run_first IS NOT NULL;
CREATE INDEX exchanges_that_begin_runs ON exchanges (run) WHERE run_first IS NULL;

-- Runs that were stopped, and those that may go on.
CREATE TABLE run_states (
    tenant     TEXT    NOT NULL,
    run        TEXT    NOT NULL,
    state      TEXT    NOT NULL, -- stopped, resumed
    reason     TEXT    NOT NULL, -- calls, tokens, budget, depth, fan_out, wall_time, amplification, anomaly, loop, administrator
    message    TEXT    NOT NULL,
    changed_at INTEGER NOT NULL, -- microseconds since 1970, UTC
    PRIMARY KEY (tenant, run)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_states_by_age ON run_states (changed_at);

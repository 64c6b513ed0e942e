-- M7: the order of an account's events. Ids follow creation, and what is created first may be committed last; so what is
-- committed gets its number afterwards, in batches, and a reader who goes on from a number misses nothing.
CREATE TABLE event_order (
    account_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (account_id, sequence)
);
CREATE UNIQUE INDEX event_order_by_event ON event_order (account_id, event_id);
-- One row per account, written once per batch: the last number, and the id up to which every event has one.
CREATE TABLE event_heads (
    account_id TEXT NOT NULL,
    last BIGINT NOT NULL,
    settled TEXT NOT NULL,
    PRIMARY KEY (account_id)
);

CREATE TABLE webhook_endpoints (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
-- The secret that signs, and for a day the one before it. `generation` counts up.
CREATE TABLE webhook_secrets (
    account_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    expires BIGINT,
    PRIMARY KEY (account_id, endpoint_id, generation)
);
-- How far an enabled endpoint has come in its account's order: every event up to `position` was tried or is not wanted.
-- Whoever holds the lease sends; a failing endpoint rests until `rest_until` before it is sent further events, and
-- `retry_at` is when the first of its failed deliveries is due again. Disabled endpoints have no row.
CREATE TABLE webhook_cursors (
    account_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    rest_until BIGINT NOT NULL,
    retry_at BIGINT,
    failures BIGINT NOT NULL,
    failing_since BIGINT,
    lease TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (account_id, endpoint_id)
);
-- What was tried, one row per event and endpoint, written after the first try. `sealed` holds what receivers answered,
-- under the key of the event's customer.
CREATE TABLE webhook_deliveries (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    state TEXT NOT NULL,
    next_try BIGINT,
    give_up BIGINT NOT NULL,
    created BIGINT NOT NULL,
    doc TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX webhook_deliveries_by_event ON webhook_deliveries (account_id, event_id, endpoint_id);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (account_id, endpoint_id, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (account_id, endpoint_id, next_try)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created);

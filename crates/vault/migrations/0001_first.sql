-- Accounts as the server pushed them.
CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    livemode BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE TABLE publishable_keys (
    account_id TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE TABLE origins (
    account_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (account_id, origin)
);
-- A preflight request names an origin and no account.
CREATE INDEX origins_by_origin ON origins (origin);
-- Sources (until expires_at, when they die unless redeemed) and kept methods (expires_at is null).
-- The record is sealed: number, expiry, name and address are nowhere else.
CREATE TABLE instruments (
    account_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    method_id TEXT,
    used_by TEXT,
    record BYTEA NOT NULL,
    kek_version BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, source_id)
);
CREATE UNIQUE INDEX instruments_by_method ON instruments (account_id, method_id) WHERE method_id IS NOT NULL;
CREATE INDEX instruments_by_expiry ON instruments (expires_at) WHERE expires_at IS NOT NULL;
-- Requests to processors that may have had an effect. No account data is in them: request_hash is of the order
-- without the card, answer is scrubbed. sendings counts how often the request may have left.
CREATE TABLE orders (
    account_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    carried_cvc BIGINT NOT NULL,
    sendings BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    answered_at BIGINT,
    status BIGINT,
    answer TEXT,
    PRIMARY KEY (account_id, operation_id)
);

-- Every key starts with account_id: the schema spreads over nodes by account (Citus) as it is.
-- Ids sort by creation, so lists page over primary keys. `doc` is the object as JSON; columns beside it are what
-- statements filter, lock or constrain by. Times are Unix milliseconds.

CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    livemode BIGINT NOT NULL,
    demo BIGINT NOT NULL,
    doc TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE TABLE api_keys (
    account_id TEXT NOT NULL REFERENCES accounts,
    digest BYTEA NOT NULL,
    kind TEXT NOT NULL,
    hint TEXT NOT NULL,
    created BIGINT NOT NULL,
    revoked BIGINT,
    PRIMARY KEY (account_id, digest)
);
CREATE TABLE customers (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    email TEXT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    deleted BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX customers_by_email ON customers (account_id, email, id);
CREATE TABLE customer_keys (
    account_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (account_id, customer_id)
);
CREATE TABLE payment_methods (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX payment_methods_by_customer ON payment_methods (account_id, customer_id, id);
-- Numbers that the vault has still to destroy: written with the removal, deleted when the vault has done it. What it
-- refuses is asked again ever less often (`tries`), and holds up nothing else.
CREATE TABLE vault_destructions (
    account_id TEXT NOT NULL,
    payment_method_id TEXT NOT NULL,
    due BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (account_id, payment_method_id)
);
CREATE TABLE consents (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    payment_method_id TEXT NOT NULL,
    customer_id TEXT,
    doc TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX consents_by_method ON consents (account_id, payment_method_id);
CREATE TABLE setup_intents (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX setup_intents_by_customer ON setup_intents (account_id, customer_id, id);
CREATE TABLE payment_intents (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX payment_intents_by_customer ON payment_intents (account_id, customer_id, id);
CREATE TABLE charges (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT,
    payment_intent_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX charges_by_customer ON charges (account_id, customer_id, id);
CREATE INDEX charges_by_intent ON charges (account_id, payment_intent_id, id);
CREATE TABLE receipts (
    account_id TEXT NOT NULL,
    token TEXT NOT NULL,
    charge_id TEXT NOT NULL,
    PRIMARY KEY (account_id, token)
);
CREATE TABLE refunds (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    charge_id TEXT NOT NULL,
    payment_intent_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX refunds_by_charge ON refunds (account_id, charge_id, id);
CREATE INDEX refunds_by_intent ON refunds (account_id, payment_intent_id, id);

-- M1: one row per operation at a processor, committed as 'sending' before anything is sent.
CREATE TABLE operations (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    debt_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    initiator TEXT NOT NULL,
    counts_as_attempt BIGINT NOT NULL,
    check_at BIGINT NOT NULL,
    checks BIGINT NOT NULL,
    fingerprint TEXT,
    created BIGINT NOT NULL,
    settled BIGINT,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
-- M2: at most one open operation per debt.
CREATE UNIQUE INDEX operations_one_open ON operations (account_id, debt_id)
    WHERE state IN ('sending', 'pending', 'unknown');
CREATE INDEX operations_by_debt ON operations (account_id, debt_id, id);
CREATE INDEX operations_to_check ON operations (check_at, account_id, id)
    WHERE state IN ('sending', 'unknown');

-- M7: what happened, written with the change itself. `sealed` opens with the customer's key (or the account's).
CREATE TABLE events (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    object_version BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    request_id TEXT,
    idempotency_key TEXT,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX events_by_type ON events (account_id, type, id);

-- Answers kept under the caller's key. `state`: 'working' until the answer is stored.
CREATE TABLE idempotency_keys (
    account_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    state TEXT NOT NULL,
    working_until BIGINT NOT NULL,
    object_id TEXT,
    status BIGINT,
    sealed BYTEA,
    request_id TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (account_id, idempotency_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created);

CREATE TABLE staff (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, email)
);
-- One-time sign-in links and the sessions they open; `subject` is a staff or a customer id.
CREATE TABLE sign_ins (
    account_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    subject TEXT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT,
    PRIMARY KEY (account_id, digest)
);
CREATE TABLE sessions (
    account_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    subject TEXT NOT NULL,
    csrf TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, digest)
);

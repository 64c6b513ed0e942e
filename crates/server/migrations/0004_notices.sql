-- What customers are told by mail, written in the transaction of the change that causes it. `sealed` holds the address
-- and what is said, under the customer's key (or the process's own): erasing a customer shreds it. `due` is when a
-- 'queued' one may be sent, and when the lease of a 'sending' one ends.
CREATE TABLE notices (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    customer_id TEXT,
    payment_intent_id TEXT,
    about TEXT NOT NULL,
    occasion TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempts BIGINT NOT NULL,
    due BIGINT NOT NULL,
    settled BIGINT,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (account_id, id),
    -- M8: the same is never told twice.
    UNIQUE (account_id, kind, about, occasion)
);
CREATE INDEX notices_by_customer ON notices (account_id, customer_id, id);
CREATE INDEX notices_by_payment ON notices (account_id, payment_intent_id, id);
CREATE INDEX notices_to_send ON notices (due, account_id, id) WHERE state IN ('queued', 'sending');

-- Bank debits: agreements to debit, debits that settled and may still come back, and what came back.
CREATE TABLE mandates (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    payment_method_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX mandates_by_method ON mandates (account_id, payment_method_id, id);
CREATE TABLE disputes (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    charge_id TEXT NOT NULL,
    payment_intent_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id),
    -- A debit comes back once.
    UNIQUE (account_id, charge_id)
);
CREATE INDEX disputes_by_intent ON disputes (account_id, payment_intent_id, id);
-- Debits that settled are looked up until `until`: their money may be taken back for 60 days.
CREATE TABLE settled_debits (
    account_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    check_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (account_id, operation_id)
);
CREATE INDEX settled_debits_to_check ON settled_debits (check_at, account_id, operation_id);
CREATE INDEX operations_pending ON operations (check_at, account_id, id) WHERE state = 'pending';

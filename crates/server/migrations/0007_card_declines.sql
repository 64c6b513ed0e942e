-- What networks count per card, over all debts and whoever asked: its declines of the last 30 days. `number` is the
-- fingerprint; in test mode the customer is part of it, since test cards are everybody's. `at` is the customer's time in
-- Unix seconds: a test clock's, where they live on one.
CREATE TABLE card_declines (
    account_id TEXT NOT NULL,
    number TEXT NOT NULL,
    at BIGINT NOT NULL,
    operation_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    never BIGINT NOT NULL,
    PRIMARY KEY (account_id, number, at, operation_id)
);

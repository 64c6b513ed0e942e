-- Agreements, what they owe, and the batches in which that is collected.

-- `next_due` is when something is to be done about a subscription next (an occurrence billed, an end carried out), in
-- Unix milliseconds of its customer's time; none when nothing ever is. `clock_id` is empty for real time. `parked` says
-- why it cannot be billed: it is passed over until somebody changes it.
CREATE TABLE subscriptions (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    status TEXT NOT NULL,
    clock_id TEXT NOT NULL,
    next_due BIGINT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    parked TEXT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX subscriptions_by_customer ON subscriptions (account_id, customer_id, id);
CREATE INDEX subscriptions_due ON subscriptions (clock_id, next_due, account_id, id)
    WHERE next_due IS NOT NULL AND parked IS NULL;

-- M3: an occurrence of a subscription is billed once. `next_attempt` is when it is to be collected again.
CREATE TABLE invoices (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT,
    occurrence BIGINT,
    status TEXT NOT NULL,
    run_id TEXT,
    clock_id TEXT NOT NULL,
    next_attempt BIGINT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, subscription_id, occurrence)
);
CREATE INDEX invoices_by_customer ON invoices (account_id, customer_id, id);
CREATE INDEX invoices_by_subscription ON invoices (account_id, subscription_id, id);
CREATE INDEX invoices_by_run ON invoices (account_id, run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX invoices_due ON invoices (clock_id, next_attempt, account_id, id) WHERE next_attempt IS NOT NULL;

-- Amounts that wait for their customer's next invoice, or stand on one.
CREATE TABLE invoice_items (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    invoice_id TEXT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX invoice_items_by_customer ON invoice_items (account_id, customer_id, id);
CREATE INDEX invoice_items_by_invoice ON invoice_items (account_id, invoice_id, id) WHERE invoice_id IS NOT NULL;

-- The last invoice number of each customer. Numbers are given with the finalisation itself, so that there is no gap.
CREATE TABLE invoice_numbers (
    account_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (account_id, customer_id)
);

CREATE TABLE test_clocks (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    status TEXT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, id)
);

-- Batches. One is running for an account and a clock at a time; several nodes share it. 'running' takes more work,
-- 'finishing' waits for outcomes, 'finished' is over.
CREATE TABLE runs (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    clock_id TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX runs_one_running ON runs (account_id, clock_id) WHERE state = 'running';
CREATE INDEX runs_unfinished ON runs (state, account_id, id) WHERE state <> 'finished';

-- What a run does about one invoice: 'sent' until the outcome is known.
CREATE TABLE run_items (
    account_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    next_attempt BIGINT,
    PRIMARY KEY (account_id, run_id, invoice_id)
);
CREATE INDEX run_items_by_state ON run_items (account_id, run_id, state, currency, reason, amount);

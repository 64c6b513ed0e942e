-- Files of customers with their agreements. `clock_id` is empty for real time. The same content is one import, however
-- often it is sent. Whoever holds the lease works on it.
CREATE TABLE imports (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    clock_id TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX imports_by_content ON imports (account_id, clock_id, content_hash);
CREATE INDEX imports_unfinished ON imports (lease_until, account_id, id) WHERE state = 'running';

-- Their rows: 'pending', then 'imported' or 'parked' with a reason. `doc` is what the row says and which ids its customer
-- and method get; it is emptied once the row is done, since the customer has it then. A merchant's number for a customer
-- is taken once, also by two files; a parked row gives it free.
CREATE TABLE import_rows (
    account_id TEXT NOT NULL,
    import_id TEXT NOT NULL,
    line BIGINT NOT NULL,
    clock_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    customer_id TEXT,
    reason TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, import_id, line)
);
CREATE UNIQUE INDEX import_rows_by_reference ON import_rows (account_id, clock_id, reference) WHERE state <> 'parked';
CREATE INDEX import_rows_by_state ON import_rows (account_id, import_id, state, tries, line);

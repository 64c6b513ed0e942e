-- What objects are found by. Nothing of this is written by what changes an object: a worker follows the account's events.

-- A term is a keyed hash of kind of object, field and value; the hash of one account says nothing about another's. Ids
-- begin with their time, so what has a term is paged newest first over the key.
CREATE TABLE search_terms (
    account_id TEXT NOT NULL,
    term BIGINT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (account_id, term, id)
) WITHOUT ROWID;
-- The terms under which an object stands there, eight bytes each, so that those that it has no more can be taken away.
CREATE TABLE search_documents (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    terms BYTEA NOT NULL,
    PRIMARY KEY (account_id, id)
);
-- How far the worker has come in the account's order, and the key of its terms. `version` counts the batches; whoever
-- writes a batch raises it, and two can never write on the same footing. `complete` is 1 once the end was reached for the
-- first time: before, what was there earlier may be missing.
CREATE TABLE search_progress (
    account_id TEXT NOT NULL,
    sealed_key BYTEA NOT NULL,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    complete BIGINT NOT NULL,
    PRIMARY KEY (account_id)
);
-- Changes that no event tells of, or not of this object: each is looked at once, then deleted.
CREATE TABLE search_changes (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    object_id TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);

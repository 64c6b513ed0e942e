-- What is sold, and for how much. A merchant may choose a product's id, so lists of products follow `place`, an id of our
-- own that begins with the time; where nothing was chosen, it is the id.
CREATE TABLE products (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    place TEXT NOT NULL,
    active BIGINT NOT NULL,
    shippable BIGINT NOT NULL,
    url TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX products_by_place ON products (account_id, place);
-- `recurring_interval` is empty for what is paid once.
CREATE TABLE prices (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    active BIGINT NOT NULL,
    currency TEXT NOT NULL,
    kind TEXT NOT NULL,
    recurring_interval TEXT NOT NULL,
    lookup_key TEXT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX prices_by_product ON prices (account_id, product_id, id);
CREATE INDEX prices_by_lookup_key ON prices (account_id, lookup_key, id);
-- One active price at most answers to a lookup key.
CREATE UNIQUE INDEX prices_one_lookup_key ON prices (account_id, lookup_key) WHERE active = 1;

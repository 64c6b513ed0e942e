-- Coupons, the codes that stand for them, and who has redeemed which.

-- A merchant may choose a coupon's id, so lists follow `place`, as those of products. `exhausted` is 1 once it was redeemed
-- as often as it can be; `redeem_by` is in Unix seconds.
CREATE TABLE coupons (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    place TEXT NOT NULL,
    exhausted BIGINT NOT NULL,
    redeem_by BIGINT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX coupons_by_place ON coupons (account_id, place);

-- `customer_id` is empty where everybody can use it; `code_key` is the code in capital letters.
CREATE TABLE promotion_codes (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    coupon_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    code_key TEXT NOT NULL,
    active BIGINT NOT NULL,
    exhausted BIGINT NOT NULL,
    expires_at BIGINT,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX promotion_codes_by_code ON promotion_codes (account_id, code_key, id);
CREATE INDEX promotion_codes_by_coupon ON promotion_codes (account_id, coupon_id, id);
-- Of active codes, one at most is spelt like this for each customer, and one for everybody.
CREATE UNIQUE INDEX promotion_codes_one_active ON promotion_codes (account_id, code_key, customer_id) WHERE active = 1;

CREATE TABLE discounts (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);

CREATE TABLE tax_rates (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    active BIGINT NOT NULL,
    inclusive BIGINT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);

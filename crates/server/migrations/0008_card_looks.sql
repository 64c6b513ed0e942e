-- When it is next looked at whether an agreement's card will have ended by its next charge, in milliseconds of its
-- customer's time; none where nothing will be charged.
ALTER TABLE subscriptions ADD COLUMN card_look BIGINT;
UPDATE subscriptions SET card_look = 0 WHERE next_due IS NOT NULL;
CREATE INDEX subscriptions_to_look ON subscriptions (clock_id, card_look, account_id, id)
    WHERE card_look IS NOT NULL AND parked IS NULL;
-- What time it is for a clock's customers, in milliseconds. A clock that was made before tells it once it moves.
ALTER TABLE test_clocks ADD COLUMN now_ms BIGINT NOT NULL DEFAULT 0;

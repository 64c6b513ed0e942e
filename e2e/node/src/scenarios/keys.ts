// Idempotency keys: what was asked twice is done once.

import assert from "node:assert/strict";
import { Agent } from "node:http";

import { clientWith, ledger, mark, secretKey, stripe } from "../client.js";
import { cardOnFile } from "../shop.js";
import { refusal, step } from "../steps.js";

const { away } = await cardOnFile({ name: "Emmy Noether" });

await step("the same key pays once, and answers as before", async () => {
  const params = away({ amount: 48_217 });
  const before = (await ledger("capture", 48_217)).length;
  const first = await stripe.paymentIntents.create(params, { idempotencyKey: `order-${mark}` });
  const again = await stripe.paymentIntents.create(params, { idempotencyKey: `order-${mark}` });
  assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(first)));
  assert.equal(first.lastResponse.headers["idempotent-replayed"], undefined);
  assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
  assert.equal((await ledger("capture", 48_217)).length - before, 1);
});

await step("a button that is pressed twice pays once, as the SDK tries again", async () => {
  const agent = new Agent({ keepAlive: true });
  const shop = clientWith(secretKey, { httpAgent: agent, maxNetworkRetries: 5 });
  const before = (await ledger("capture", 48_227)).length;
  const press = () => shop.paymentIntents.create(away({ amount: 48_227 }), { idempotencyKey: `pressed-${mark}` });
  const [first, again] = await Promise.all([press(), press()]);
  // The SDK leaves an answer that it tries again after unread; this program would wait until its connection is closed.
  agent.destroy();
  assert.deepEqual([again.id, again.status], [first.id, "succeeded"]);
  assert.equal((await ledger("capture", 48_227)).length - before, 1);
});

await step("the same key for something else is refused", async () => {
  const refused = await refusal(
    stripe.errors.StripeIdempotencyError,
    stripe.paymentIntents.create(away({ amount: 48_218 }), { idempotencyKey: `order-${mark}` }),
  );
  assert.deepEqual(
    [refused.type, refused.rawType, refused.statusCode],
    ["StripeIdempotencyError", "idempotency_error", 400],
  );
});

// Money given back, in parts and no more than was paid, and told of.

import assert from "node:assert/strict";

import { stripe } from "../client.js";
import { cardOnFile } from "../shop.js";
import { all, expanded, invalid, present, step } from "../steps.js";

const { away } = await cardOnFile({ name: "Caroline Herschel" });
const paid = await stripe.paymentIntents.create(away({}));
const charge = await stripe.charges.retrieve(String(present(paid.latest_charge, "the charge")));

await step("a part is given back", async () => {
  const refund = await stripe.refunds.create({
    payment_intent: paid.id,
    amount: 907,
    reason: "requested_by_customer",
    metadata: { item: "2" },
    expand: ["charge"],
  });
  assert.deepEqual([refund.status, refund.amount, refund.reason], ["succeeded", 907, "requested_by_customer"]);
  assert.deepEqual([expanded(refund.charge).amount_refunded, expanded(refund.charge).refunded], [907, false]);
});

await step("no more is given back than was paid", async () => {
  const refused = await invalid(stripe.refunds.create({ payment_intent: paid.id, amount: 2_001 }));
  assert.equal(refused.param, "amount");
});

await step("the rest is given back, and both refunds are listed", async () => {
  const rest = await stripe.refunds.create({ charge: charge.id });
  assert.equal(rest.amount, 2_000);
  const refunds = await all(stripe.refunds.list({ payment_intent: paid.id, limit: 1 }));
  assert.deepEqual(
    refunds.map((refund) => refund.amount),
    [2_000, 907],
  );
  const found = await stripe.charges.retrieve(charge.id);
  assert.deepEqual([found.refunded, found.amount_refunded], [true, 2_907]);
});

await step("what happened is told in events, typed by what they are about", async () => {
  const created = { gte: paid.created };
  const told = await all(stripe.events.list({ type: "payment_intent.succeeded", created, limit: 2 }));
  const about = told.flatMap((event) => (event.type === "payment_intent.succeeded" ? [event.data.object] : []));
  const own = about.find((intent) => intent.id === paid.id);
  assert.deepEqual([own?.status, own?.amount_received], ["succeeded", 2_907]);
  const refunded = await all(stripe.events.list({ types: ["charge.refunded", "refund.created"], created }));
  const charges = refunded.flatMap((event) => (event.type === "charge.refunded" ? [event.data.object.id] : []));
  assert.equal(charges.filter((id) => id === charge.id).length, 2);
});

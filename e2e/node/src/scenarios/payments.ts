// Payments by a card on file: made, confirmed, held, declined, given back, once for each key.

import assert from "node:assert/strict";

import type { Stripe } from "stripe";

import { clientWith, ledger, mark, publishableKey, stripe } from "../client.js";
import { all, expanded, present, refusal, step } from "../steps.js";

const customer = await stripe.customers.create({ name: "Mary Somerville", email: "mary@example.com" });
const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });

/** A payment while the customer is away. */
function away(changes: Partial<Stripe.PaymentIntentCreateParams>): Stripe.PaymentIntentCreateParams {
  return {
    amount: 2_907, currency: "usd", customer: customer.id, payment_method: card.id, confirm: true, off_session: true,
    ...changes,
  };
}

const paid = await step("a card pays while the customer is away", async () => {
  const intent = await stripe.paymentIntents.create(away({ metadata: { order: "6735" }, description: "Order 6735" }));
  assert.deepEqual([intent.status, intent.amount_received, intent.currency], ["succeeded", 2_907, "usd"]);
  assert.deepEqual([intent.metadata, intent.description], [{ order: "6735" }, "Order 6735"]);
  return intent;
});

const charge = await step("customer, card and charge come expanded", async () => {
  const found = await stripe.paymentIntents.retrieve(paid.id, { expand: ["customer", "payment_method", "latest_charge"] });
  const who = expanded(found.customer);
  assert.ok(!who.deleted);
  assert.deepEqual([who.email, expanded(found.payment_method).card?.last4], ["mary@example.com", "4242"]);
  const latest = expanded(found.latest_charge);
  assert.deepEqual([latest.paid, latest.captured, latest.payment_intent], [true, true, paid.id]);
  return latest;
});

await step("the charge shows what a receipt needs", async () => {
  const found = await stripe.charges.retrieve(charge.id);
  assert.deepEqual([found.status, found.amount_captured, found.refunded], ["succeeded", 2_907, false]);
  assert.deepEqual([found.payment_method_details?.card?.brand, found.outcome?.type], ["visa", "authorized"]);
});

await step("a list comes with its charges expanded", async () => {
  const listed = await stripe.paymentIntents.list({ customer: customer.id, limit: 3, expand: ["data.latest_charge"] });
  assert.equal(expanded(present(listed.data[0], "the payment").latest_charge).id, charge.id);
});

await step("a payment is made, changed, and confirmed later", async () => {
  const made = await stripe.paymentIntents.create({
    amount: 1_207, currency: "usd", customer: customer.id,
  });
  assert.equal(made.status, "requires_payment_method");
  const changed = await stripe.paymentIntents.update(made.id, { amount: 1_307, payment_method: card.id });
  assert.deepEqual([changed.status, changed.amount], ["requires_confirmation", 1_307]);
  const done = await stripe.paymentIntents.confirm(made.id, { off_session: true });
  assert.deepEqual([done.status, done.amount_received], ["succeeded", 1_307]);
});

await step("a browser's key sees a payment with its secret, less what is not its business", async () => {
  const client_secret = present(paid.client_secret, "the client's secret");
  const seen = await clientWith(publishableKey).paymentIntents.retrieve(paid.id, { client_secret });
  assert.deepEqual([seen.id, seen.status, seen.amount], [paid.id, "succeeded", 2_907]);
});

await step("money is held, and a part of it is taken", async () => {
  const held = await stripe.paymentIntents.create(away({ amount: 4_007, capture_method: "manual" }));
  assert.deepEqual([held.status, held.amount_capturable], ["requires_capture", 4_007]);
  const taken = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 3_007 });
  assert.deepEqual([taken.status, taken.amount_received, taken.amount_capturable], ["succeeded", 3_007, 0]);
});

await step("held money is let go", async () => {
  const held = await stripe.paymentIntents.create(away({ amount: 4_017, capture_method: "manual" }));
  const canceled = await stripe.paymentIntents.cancel(held.id, { cancellation_reason: "requested_by_customer" });
  assert.deepEqual([canceled.status, canceled.cancellation_reason], ["canceled", "requested_by_customer"]);
  await refusal(stripe.errors.StripeInvalidRequestError, stripe.paymentIntents.capture(held.id));
});

await step("a declined card is an error that says why", async () => {
  const declined = await refusal(
    stripe.errors.StripeCardError,
    stripe.paymentIntents.create(away({ payment_method: "pm_card_chargeDeclinedInsufficientFunds" })),
  );
  assert.deepEqual([declined.type, declined.rawType, declined.statusCode], ["StripeCardError", "card_error", 402]);
  assert.deepEqual([declined.code, declined.decline_code], ["card_declined", "insufficient_funds"]);
  const raw = declined.raw as Stripe.StripeRawError;
  assert.deepEqual([raw.code, raw.decline_code, raw.message], [declined.code, declined.decline_code, declined.message]);
  assert.match(present(declined.requestId, "the request"), /^req_/);
  const intent = present(declined.payment_intent, "the payment");
  assert.deepEqual([intent.status, intent.last_payment_error?.decline_code], ["requires_payment_method", "insufficient_funds"]);
  const attempt = await stripe.charges.retrieve(present(declined.charge, "the charge"));
  assert.deepEqual([attempt.status, attempt.failure_code, attempt.paid], ["failed", "card_declined", false]);
});

await step("a declined payment is paid by another card", async () => {
  const declined = await refusal(
    stripe.errors.StripeCardError,
    stripe.paymentIntents.create(away({ amount: 1_417, payment_method: "pm_card_chargeDeclined" })),
  );
  const id = present(declined.payment_intent, "the payment").id;
  const done = await stripe.paymentIntents.confirm(id, { payment_method: card.id, off_session: true });
  assert.deepEqual([done.status, done.amount_received], ["succeeded", 1_417]);
  const charges = await all(stripe.charges.list({ payment_intent: id }));
  assert.deepEqual(charges.map((each) => each.status), ["succeeded", "failed"]);
});

await step("a card that wants its owner cannot pay while they are away", async () => {
  const refused = await refusal(
    stripe.errors.StripeCardError,
    stripe.paymentIntents.create(away({ payment_method: "pm_card_authenticationRequired" })),
  );
  assert.deepEqual([refused.code, refused.payment_intent?.status], ["authentication_required", "requires_payment_method"]);
});

await step("a card that wants its owner sends them to their bank when they are there", async () => {
  const asked = await stripe.paymentIntents.create({
    amount: 1_507, currency: "usd", customer: customer.id, payment_method: "pm_card_authenticationRequired",
    confirm: true, return_url: "https://shop.example/back",
  });
  assert.deepEqual([asked.status, asked.next_action?.type], ["requires_action", "redirect_to_url"]);
  assert.match(present(asked.next_action?.redirect_to_url?.url, "the bank's address"), /^http/);
  assert.equal((await stripe.paymentIntents.cancel(asked.id)).status, "canceled");
});

await step("a part is given back", async () => {
  const refund = await stripe.refunds.create({
    payment_intent: paid.id, amount: 907, reason: "requested_by_customer", metadata: { item: "2" }, expand: ["charge"],
  });
  assert.deepEqual([refund.status, refund.amount, refund.reason], ["succeeded", 907, "requested_by_customer"]);
  assert.deepEqual([expanded(refund.charge).amount_refunded, expanded(refund.charge).refunded], [907, false]);
});

await step("no more is given back than was paid", async () => {
  const refused = await refusal(
    stripe.errors.StripeInvalidRequestError,
    stripe.refunds.create({ payment_intent: paid.id, amount: 2_001 }),
  );
  assert.equal(refused.param, "amount");
});

await step("the rest is given back, and both refunds are listed", async () => {
  const rest = await stripe.refunds.create({ charge: charge.id });
  assert.equal(rest.amount, 2_000);
  const refunds = await all(stripe.refunds.list({ payment_intent: paid.id, limit: 1 }));
  assert.deepEqual(refunds.map((refund) => refund.amount), [2_000, 907]);
  const found = await stripe.charges.retrieve(charge.id);
  assert.deepEqual([found.refunded, found.amount_refunded], [true, 2_907]);
});

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

await step("the same key for something else is refused", async () => {
  const refused = await refusal(
    stripe.errors.StripeIdempotencyError,
    stripe.paymentIntents.create(away({ amount: 48_218 }), { idempotencyKey: `order-${mark}` }),
  );
  assert.deepEqual([refused.type, refused.rawType, refused.statusCode], ["StripeIdempotencyError", "idempotency_error", 400]);
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

// Payments by a card on file: made, confirmed, held, declined.

import assert from "node:assert/strict";

import type { Stripe } from "stripe";

import { clientWith, publishableKey, stripe } from "../client.js";
import { cardOnFile } from "../shop.js";
import { all, expanded, invalid, present, refusal, step } from "../steps.js";

const { customer, card, away } = await cardOnFile({ name: "Mary Somerville", email: "mary@example.com" });

const paid = await step("a card pays while the customer is away", async () => {
  const intent = await stripe.paymentIntents.create(away({ metadata: { order: "6735" }, description: "Order 6735" }));
  assert.deepEqual([intent.status, intent.amount_received, intent.currency], ["succeeded", 2_907, "usd"]);
  assert.deepEqual([intent.metadata, intent.description], [{ order: "6735" }, "Order 6735"]);
  return intent;
});

const charge = await step("customer, card and charge come expanded", async () => {
  const found = await stripe.paymentIntents.retrieve(paid.id, {
    expand: ["customer", "payment_method", "latest_charge"],
  });
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
    amount: 1_207,
    currency: "usd",
    customer: customer.id,
  });
  assert.equal(made.status, "requires_payment_method");
  const changed = await stripe.paymentIntents.update(made.id, { amount: 1_307, payment_method: card.id });
  assert.deepEqual([changed.status, changed.amount], ["requires_confirmation", 1_307]);
  const done = await stripe.paymentIntents.confirm(made.id, { off_session: true });
  assert.deepEqual([done.status, done.amount_received], ["succeeded", 1_307]);
});

await step("a browser's key sees a payment with its secret, and not with another", async () => {
  const client_secret = present(paid.client_secret, "the client's secret");
  const browser = clientWith(publishableKey);
  const seen = await browser.paymentIntents.retrieve(paid.id, { client_secret });
  assert.deepEqual([seen.id, seen.status, seen.amount], [paid.id, "succeeded", 2_907]);
  await invalid(browser.paymentIntents.retrieve(paid.id, { client_secret: `${client_secret}x` }));
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
  await invalid(stripe.paymentIntents.capture(held.id));
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
  assert.deepEqual(
    [intent.status, intent.last_payment_error?.decline_code],
    ["requires_payment_method", "insufficient_funds"],
  );
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
  assert.deepEqual(
    charges.map((each) => each.status),
    ["succeeded", "failed"],
  );
});

await step("a card that wants its owner cannot pay while they are away", async () => {
  const refused = await refusal(
    stripe.errors.StripeCardError,
    stripe.paymentIntents.create(away({ payment_method: "pm_card_authenticationRequired" })),
  );
  assert.deepEqual(
    [refused.code, refused.payment_intent?.status],
    ["authentication_required", "requires_payment_method"],
  );
});

await step("a card that wants its owner sends them to their bank when they are there", async () => {
  const asked = await stripe.paymentIntents.create({
    amount: 1_507,
    currency: "usd",
    customer: customer.id,
    payment_method: "pm_card_authenticationRequired",
    confirm: true,
    return_url: "https://shop.example/back",
  });
  assert.deepEqual([asked.status, asked.next_action?.type], ["requires_action", "redirect_to_url"]);
  assert.match(present(asked.next_action?.redirect_to_url?.url, "the bank's address"), /^http/);
  assert.equal((await stripe.paymentIntents.cancel(asked.id)).status, "canceled");
});

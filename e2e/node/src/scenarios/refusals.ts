// What is refused: each kind of mistake is the class of error that the SDK has for it, and changes nothing.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

import { clientWith, mark, publishableKey, secretKey, stripe } from "../client.js";
import { all, invalid, present, refusal, step } from "../steps.js";

const { StripeAuthenticationError, StripeConnectionError, StripePermissionError } = stripe.errors;

await step("a wrong key is nobody", async () => {
  const refused = await refusal(StripeAuthenticationError, clientWith(`sk_test_${"0".repeat(40)}`).customers.list());
  assert.deepEqual(
    [refused.statusCode, refused.type, refused.rawType],
    [401, "StripeAuthenticationError", "invalid_request_error"],
  );
  assert.ok(!refused.message.includes("0".repeat(40)));
});

await step("a key of another kind is told so", async () => {
  const refused = await refusal(StripePermissionError, clientWith(publishableKey).customers.list());
  assert.deepEqual([refused.statusCode, refused.code], [403, "secret_key_required"]);
});

await step("a key of one request alone is used for that request", async () => {
  const refused = await refusal(StripeAuthenticationError, stripe.customers.list({}, { apiKey: `${secretKey}x` }));
  assert.equal(refused.statusCode, 401);
  assert.equal((await stripe.customers.list({ limit: 1 })).object, "list");
});

await step("an answer that never comes is a connection error", async () => {
  const mute = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(mute, "listening");
  const { port } = mute.address() as AddressInfo;
  await refusal(StripeConnectionError, clientWith(secretKey, { port }).customers.list());
  mute.close();
});

await step("what is not there is missing", async () => {
  const refused = await invalid(stripe.paymentIntents.retrieve("pi_1Nothing"));
  assert.deepEqual([refused.statusCode, refused.code, refused.param], [404, "resource_missing", "intent"]);
  assert.match(refused.message, /^No such payment_intent: 'pi_1Nothing'/);
  assert.match(present(refused.requestId, "the request"), /^req_/);
});

await step("an unknown parameter is named, and nothing is made", async () => {
  const email = `nobody+${mark}@example.com`;
  const refused = await invalid(stripe.rawRequest("POST", "/v1/customers", { email, adress: "Rome" }));
  assert.deepEqual([refused.code, refused.param, refused.statusCode], ["parameter_unknown", "adress", 400]);
  assert.deepEqual(await all(stripe.customers.list({ email })), []);
});

await step("a missing parameter is named", async () => {
  const refused = await invalid(stripe.rawRequest("POST", "/v1/payment_intents", { currency: "usd" }));
  assert.deepEqual([refused.code, refused.param], ["parameter_missing", "amount"]);
});

await step("an amount that is too small, or no whole number, is refused", async () => {
  const tiny = await invalid(stripe.paymentIntents.create({ amount: 0, currency: "usd" }));
  assert.deepEqual([tiny.code, tiny.param], ["parameter_invalid_integer", "amount"]);
  const half = await invalid(stripe.paymentIntents.create({ amount: 99.5, currency: "usd" }));
  assert.deepEqual([half.code, half.param], ["parameter_invalid_integer", "amount"]);
});

await step("an unknown currency is refused", async () => {
  const refused = await invalid(stripe.paymentIntents.create({ amount: 900, currency: "zzz" }));
  assert.equal(refused.param, "currency");
});

await step("a nested parameter is named with its path", async () => {
  const refused = await invalid(
    stripe.prices.create({
      currency: "usd",
      unit_amount: 900,
      product_data: { name: "Line" },
      recurring: { interval: "month", interval_count: 500 },
    }),
  );
  assert.equal(refused.param, "recurring[interval_count]");
});

await step("a limit that is too large is refused", async () => {
  const refused = await invalid(stripe.customers.list({ limit: 101 }));
  assert.equal(refused.param, "limit");
});

await step("a cursor that is nobody is refused", async () => {
  const refused = await invalid(stripe.customers.list({ starting_after: "cus_Nobody" }));
  assert.deepEqual([refused.code, refused.param], ["resource_missing", "starting_after"]);
});

await step("what cannot be expanded is refused", async () => {
  const customer = await stripe.customers.create();
  const refused = await invalid(stripe.customers.retrieve(customer.id, { expand: ["nothing"] }));
  assert.match(refused.message, /expand/);
});

await step("a confirmed payment is not confirmed again", async () => {
  const customer = await stripe.customers.create();
  const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
  const paid = await stripe.paymentIntents.create({
    amount: 1_607,
    currency: "usd",
    customer: customer.id,
    payment_method: card.id,
    confirm: true,
    off_session: true,
  });
  const refused = await invalid(stripe.paymentIntents.confirm(paid.id));
  assert.deepEqual([refused.code, refused.payment_intent?.status], ["payment_intent_unexpected_state", "succeeded"]);
});

await step("an address that the API does not have is refused", async () => {
  const refused = await invalid(stripe.rawRequest("GET", "/v1/nothing_at_all"));
  assert.equal(refused.statusCode, 404);
});

await step("a webhook to nowhere good is refused", async () => {
  const refused = await invalid(
    stripe.webhookEndpoints.create({ url: "http://169.254.169.254/latest", enabled_events: ["*"] }),
  );
  assert.equal(refused.param, "url");
});

await step("a clock does not go backwards", async () => {
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1_801_389_600 });
  const refused = await invalid(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: 1_801_389_599 }));
  assert.equal(refused.param, "frozen_time");
});

// Cards on file: attached, listed, made the default, set up, refused, detached.

import assert from "node:assert/strict";

import { clientWith, publishableKey, stripe } from "../client.js";
import { all, expanded, invalid, present, refusal, step } from "../steps.js";

const customer = await stripe.customers.create({ name: "Ada Lovelace" });

const visa = await step("a card is attached, and shows its last digits and no more", async () => {
  const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
  assert.deepEqual(
    [card.type, card.card?.brand, card.card?.last4, card.customer],
    ["card", "visa", "4242", customer.id],
  );
  return card;
});

const second = await step("a token becomes a payment method", async () => {
  const made = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_mastercard" } });
  assert.deepEqual([made.card?.brand, made.customer], ["mastercard", null]);
  return stripe.paymentMethods.attach(made.id, { customer: customer.id });
});

await step("the name and address on a card are changed", async () => {
  const changed = await stripe.paymentMethods.update(visa.id, {
    billing_details: { name: "A. Lovelace", address: { postal_code: "N1 1AA" } },
    metadata: { drawer: "left" },
  });
  assert.deepEqual(
    [changed.billing_details.name, changed.billing_details.address?.postal_code],
    ["A. Lovelace", "N1 1AA"],
  );
  assert.deepEqual(changed.metadata, { drawer: "left" });
});

await step("a card's end is changed", async () => {
  const changed = await stripe.paymentMethods.update(visa.id, { card: { exp_month: 11, exp_year: 2035 } });
  assert.deepEqual([changed.card?.exp_month, changed.card?.exp_year], [11, 2035]);
});

await step("the default card comes expanded with its customer", async () => {
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: second.id } });
  const found = await stripe.customers.retrieve(customer.id, { expand: ["invoice_settings.default_payment_method"] });
  assert.ok(!found.deleted);
  assert.equal(expanded(found.invoice_settings.default_payment_method).card?.brand, "mastercard");
});

await step("a customer's cards are listed in two ways, and one is found", async () => {
  const ids = [second.id, visa.id];
  const listed = await all(stripe.paymentMethods.list({ customer: customer.id, type: "card", limit: 1 }));
  assert.deepEqual(
    listed.map((card) => card.id),
    ids,
  );
  const own = await all(stripe.customers.listPaymentMethods(customer.id, { limit: 1 }));
  assert.deepEqual(
    own.map((card) => card.id),
    ids,
  );
  assert.equal((await stripe.customers.retrievePaymentMethod(customer.id, visa.id)).id, visa.id);
});

const intent = await step("a setup intent is made for later", async () => {
  const made = await stripe.setupIntents.create({
    customer: customer.id,
    usage: "off_session",
    metadata: { from: "the counter" },
  });
  assert.deepEqual([made.status, made.usage, made.payment_method], ["requires_payment_method", "off_session", null]);
  assert.match(present(made.client_secret, "the client's secret"), new RegExp(`^${made.id}_secret_`));
  return made;
});

await step("a browser's key sees it with its secret, and not without", async () => {
  const browser = clientWith(publishableKey);
  const secret = present(intent.client_secret, "the client's secret");
  assert.equal((await browser.setupIntents.retrieve(intent.id, { client_secret: secret })).id, intent.id);
  const refused = await invalid(browser.setupIntents.retrieve(intent.id));
  assert.deepEqual([refused.code, refused.param], ["parameter_missing", "client_secret"]);
});

const third = await step("it is confirmed, and its card is kept", async () => {
  const done = await stripe.setupIntents.confirm(intent.id, {
    payment_method: "pm_card_amex",
    expand: ["payment_method"],
  });
  const card = expanded(done.payment_method);
  assert.deepEqual([done.status, card.card?.brand, card.customer], ["succeeded", "amex", customer.id]);
  return card;
});

await step("setup intents are listed for their customer", async () => {
  const listed = await all(stripe.setupIntents.list({ customer: customer.id }));
  assert.deepEqual(
    listed.map((each) => [each.id, each.status]),
    [[intent.id, "succeeded"]],
  );
});

await step("a card that its issuer refuses is not kept", async () => {
  const refused = await refusal(
    stripe.errors.StripeCardError,
    stripe.setupIntents.create({
      customer: customer.id,
      payment_method: "pm_card_chargeDeclined",
      confirm: true,
    }),
  );
  assert.deepEqual([refused.code, refused.decline_code, refused.statusCode], ["card_declined", "generic_decline", 402]);
  assert.equal(refused.setup_intent?.status, "requires_payment_method");
  assert.equal((await all(stripe.customers.listPaymentMethods(customer.id))).length, 3);
});

await step("a card that wants its owner sends them to their bank", async () => {
  const asked = await stripe.setupIntents.create({
    customer: customer.id,
    payment_method: "pm_card_authenticationRequired",
    confirm: true,
    return_url: "https://shop.example/back",
  });
  assert.deepEqual([asked.status, asked.next_action?.type], ["requires_action", "redirect_to_url"]);
  assert.equal(asked.next_action?.redirect_to_url?.return_url, "https://shop.example/back");
  const canceled = await stripe.setupIntents.cancel(asked.id, { cancellation_reason: "abandoned" });
  assert.deepEqual([canceled.status, canceled.cancellation_reason], ["canceled", "abandoned"]);
});

await step("a detached card is nobody's, and cannot come back", async () => {
  const gone = await stripe.paymentMethods.detach(third.id);
  assert.equal(gone.customer, null);
  assert.equal((await all(stripe.customers.listPaymentMethods(customer.id))).length, 2);
  await invalid(stripe.paymentMethods.attach(third.id, { customer: customer.id }));
});

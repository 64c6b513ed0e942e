// Agreements and invoices: trials, quantities, declined renewals, the end of a period, invoices of the shop's own.

import assert from "node:assert/strict";

import { ledger, stripe } from "../client.js";
import { advance, moment } from "../clock.js";
import { all, expanded, invalid, present, step } from "../steps.js";

const AMOUNT = 2_329;
const startedAt = Math.floor(Date.now() / 1000);

const clock = await stripe.testHelpers.testClocks.create({ frozen_time: moment(2027, 3, 10, 9) });
const customer = await stripe.customers.create({ name: "Ada", email: "ada@example.com", test_clock: clock.id });
const { id: price } = await stripe.prices.create({
  currency: "usd",
  unit_amount: AMOUNT,
  recurring: { interval: "month" },
  product_data: { name: "Line" },
});

/** Makes a card the one that pays. */
async function give(card: string): Promise<void> {
  const { id } = await stripe.paymentMethods.attach(card, { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } });
}

const trial = await step("a trial costs nothing until it ends", async () => {
  await give("pm_card_visa");
  const made = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price, quantity: 2 }],
    trial_period_days: 7,
    metadata: { contract: "12" },
  });
  assert.deepEqual(
    [made.status, made.trial_end, made.metadata],
    ["trialing", moment(2027, 3, 17, 9), { contract: "12" }],
  );
  await advance(clock.id, moment(2027, 3, 17, 10));
  const now = await stripe.subscriptions.retrieve(made.id, { expand: ["latest_invoice.payments"] });
  const invoice = expanded(now.latest_invoice);
  assert.deepEqual([now.status, invoice.status, invoice.amount_paid], ["active", "paid", 2 * AMOUNT]);
  const payment = present(invoice.payments?.data[0], "the invoice's payment");
  assert.deepEqual([payment.status, payment.amount_paid, payment.payment.type], ["paid", 2 * AMOUNT, "payment_intent"]);
  return now;
});

await step("the invoice says what it is for, line by line", async () => {
  const invoice = await stripe.invoices.retrieve(expanded(trial.latest_invoice).id);
  const lines = await all(stripe.invoices.listLineItems(invoice.id, { limit: 1 }));
  assert.deepEqual(
    lines.map((line) => [line.amount, line.quantity, line.currency]),
    [[2 * AMOUNT, 2, "usd"]],
  );
  assert.deepEqual(
    lines.map((line) => line.pricing?.price_details?.price),
    [price],
  );
  assert.equal(invoice.parent?.subscription_details?.subscription, trial.id);
  assert.match(present(invoice.hosted_invoice_url, "its page"), /^http/);
});

await step("a quantity counts from the next period on", async () => {
  const item = present(trial.items.data[0], "the item").id;
  const changed = await stripe.subscriptions.update(trial.id, {
    items: [{ id: item, quantity: 3 }],
    proration_behavior: "none",
  });
  assert.equal(changed.items.data[0]?.quantity, 3);
  await advance(clock.id, moment(2027, 4, 17, 10));
  const [latest] = (await stripe.invoices.list({ subscription: trial.id, limit: 1 })).data;
  assert.deepEqual([latest?.status, latest?.amount_paid], ["paid", 3 * AMOUNT]);
});

const owed = await step("a declined renewal is owed, and the agreement past due", async () => {
  await give("pm_card_chargeDeclinedInsufficientFunds");
  await advance(clock.id, moment(2027, 5, 17, 10));
  const [latest] = (await stripe.invoices.list({ subscription: trial.id, status: "open" })).data;
  const invoice = present(latest, "the open invoice");
  assert.deepEqual([invoice.amount_remaining, invoice.attempt_count], [3 * AMOUNT, 1]);
  assert.ok(present(invoice.next_payment_attempt, "the next attempt") > moment(2027, 5, 17, 10));
  assert.equal((await stripe.subscriptions.retrieve(trial.id)).status, "past_due");
  return invoice;
});

await step("it is paid with another card, and all is well", async () => {
  await give("pm_card_mastercard");
  const paid = await stripe.invoices.pay(owed.id);
  assert.deepEqual([paid.status, paid.amount_remaining], ["paid", 0]);
  assert.equal((await stripe.subscriptions.retrieve(trial.id)).status, "active");
});

await step("the agreement ends with its period, and not before", async () => {
  const ending = await stripe.subscriptions.update(trial.id, { cancel_at_period_end: true });
  assert.deepEqual([ending.status, ending.cancel_at_period_end], ["active", true]);
  await advance(clock.id, moment(2027, 6, 17, 10));
  const ended = await stripe.subscriptions.retrieve(trial.id);
  assert.deepEqual([ended.status, ended.ended_at], ["canceled", moment(2027, 6, 17, 9)]);
  assert.equal((await all(stripe.invoices.list({ subscription: trial.id, status: "paid", limit: 2 }))).length, 3);
});

await step("agreements are listed by their state", async () => {
  const canceled = await all(stripe.subscriptions.list({ customer: customer.id, status: "canceled" }));
  const rest = await all(stripe.subscriptions.list({ customer: customer.id }));
  assert.deepEqual([canceled.map((each) => each.id), rest], [[trial.id], []]);
});

const draft = await step("an invoice of the shop's own is drafted from its items", async () => {
  for (const amount of [1_001, 251]) {
    await stripe.invoiceItems.create({
      customer: customer.id,
      amount,
      currency: "usd",
      description: `Hours ${amount}`,
    });
  }
  const made = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: "include" });
  assert.deepEqual([made.status, made.total, made.lines.data.length], ["draft", 1_252, 2]);
  return made;
});

await step("it is made final, numbered, and paid", async () => {
  const final = await stripe.invoices.finalizeInvoice(draft.id);
  assert.deepEqual([final.status, final.amount_due], ["open", 1_252]);
  assert.match(present(final.number, "the number"), /-\d{4}$/);
  const before = (await ledger("capture", 1_252)).length;
  assert.equal((await stripe.invoices.pay(draft.id)).status, "paid");
  assert.equal((await ledger("capture", 1_252)).length - before, 1);
});

await step("a paid invoice is neither paid again nor void", async () => {
  await invalid(stripe.invoices.pay(draft.id));
  await invalid(stripe.invoices.voidInvoice(draft.id));
});

await step("an open invoice is void, another one given up", async () => {
  const ways = [stripe.invoices.voidInvoice, stripe.invoices.markUncollectible];
  const ended = [];
  for (const way of ways) {
    const { id } = await stripe.invoices.create({ customer: customer.id });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: id, amount: 501, currency: "usd" });
    await stripe.invoices.finalizeInvoice(id);
    ended.push((await way.call(stripe.invoices, id)).status);
  }
  assert.deepEqual(ended, ["void", "uncollectible"]);
});

await step("what happened to invoices is told in events, in order", async () => {
  const told = await all(
    stripe.events.list({ types: ["invoice.payment_failed", "invoice.paid"], created: { gte: startedAt } }),
  );
  const about = told.flatMap((event) =>
    event.type === "invoice.payment_failed" || event.type === "invoice.paid"
      ? [[event.type, event.data.object.id]]
      : [],
  );
  assert.deepEqual(
    about.filter(([, id]) => id === owed.id),
    [
      ["invoice.paid", owed.id],
      ["invoice.payment_failed", owed.id],
    ],
  );
});

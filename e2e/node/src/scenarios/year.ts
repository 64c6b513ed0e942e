// An agreement is made, a year goes by, every month is paid and heard of once, and it ends.

import assert from "node:assert/strict";

import type { Stripe } from "stripe";

import { ledger, mark, stripe } from "../client.js";
import { advance, moment } from "../clock.js";
import { Receiver } from "../receiver.js";
import { all, expanded, present, refusal, step } from "../steps.js";

const AMOUNT = 3_719;
const MONTHS = 12;
const PAYMENTS = MONTHS + 1;
const PAGE = 5;

const capturesBefore = (await ledger("capture", AMOUNT)).length;

const clock = await step("a clock stands on the last day of January", () =>
  stripe.testHelpers.testClocks.create({ frozen_time: moment(2027, 1, 31, 10), name: "A year in Node" }),
);

const receiver = await step("a receiver is registered and told its secret", async () => {
  const made = await Receiver.listen(["invoice.paid", "customer.subscription.deleted", "customer.updated"]);
  assert.match(made.secret, /^whsec_/);
  assert.equal((await stripe.webhookEndpoints.retrieve(made.endpoint.id)).secret, undefined);
  return made;
});

try {
  await year();
} finally {
  await receiver.close();
}

async function year(): Promise<void> {
  const customer = await step("a customer lives by the clock", async () => {
    const made = await stripe.customers.create({ email: "ada@example.com", name: "Ada", test_clock: clock.id });
    assert.equal(made.test_clock, clock.id);
    return made;
  });

  const card = await step("a card is attached and made the default", async () => {
    const attached = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    const updated = await stripe.customers.update(customer.id, {
      invoice_settings: { default_payment_method: attached.id },
    });
    assert.equal(updated.invoice_settings.default_payment_method, attached.id);
    return attached;
  });

  const price = await step("a product has a monthly price", async () => {
    const product = await stripe.products.create({ name: "Line" });
    return stripe.prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: AMOUNT,
      recurring: { interval: "month" },
    });
  });

  const subscription = await step("the customer subscribes, and has paid", async () => {
    const made = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      expand: ["latest_invoice"],
    });
    const invoice = expanded(made.latest_invoice);
    assert.deepEqual([made.status, invoice.status, invoice.amount_paid], ["active", "paid", AMOUNT]);
    assert.equal(present(made.items.data[0], "the item").price.id, price.id);
    return made;
  });

  const paid = () => receiver.deliveries.filter(({ event }) => paidBy(event)?.customer === customer.id);
  await step("the first payment is heard of, signed", () => receiver.until(() => paid().length >= 1));

  for (let month = 1; month <= MONTHS; month += 1) {
    await step(`month ${month} is paid and heard of once`, async () => {
      // Day 0 is the last one of the month before: agreements of the 31st fall due then.
      await advance(clock.id, moment(2027, month + 2, 0, 12));
      await receiver.until(() => paid().length >= month + 1);
      assert.equal(paid().length, month + 1);
    });
  }

  const invoices = await step("thirteen invoices are listed, page after page, all paid", async () => {
    const listed = await all(stripe.invoices.list({ subscription: subscription.id, limit: PAGE }));
    assert.deepEqual(
      listed.map((invoice) => [invoice.status, invoice.amount_paid]),
      Array(PAYMENTS).fill(["paid", AMOUNT]),
    );
    assert.equal(new Set(listed.map((invoice) => invoice.id)).size, PAYMENTS);
    return listed.reverse();
  });

  await step("what was heard are those invoices, each once, in order, as they are", async () => {
    const heard = paid().map(({ event }) => present(paidBy(event), "the invoice"));
    assert.deepEqual(
      heard.map((invoice) => invoice.id),
      invoices.map((invoice) => invoice.id),
    );
    assert.ok(heard.every((invoice) => invoice.status === "paid" && invoice.amount_paid === AMOUNT));
    assert.deepEqual(receiver.refused, []);
  });

  await step("thirteen payments by the card are listed, page after page", async () => {
    const payments = await all(stripe.paymentIntents.list({ customer: customer.id, limit: PAGE }));
    assert.deepEqual(
      payments.map((payment) => [payment.status, payment.amount_received, payment.payment_method]),
      Array(PAYMENTS).fill(["succeeded", AMOUNT, card.id]),
    );
  });

  await step("the processor's ledger has thirteen captures", async () => {
    assert.equal((await ledger("capture", AMOUNT)).length - capturesBefore, PAYMENTS);
  });

  await step("a body that somebody has changed is refused", async () => {
    const { body, signature } = present(paid()[0], "a delivery");
    const changed = body.replace(String(AMOUNT), String(AMOUNT + 1));
    assert.notEqual(changed, body);
    await forged(() => stripe.webhooks.constructEvent(changed, signature, receiver.secret));
  });

  await step("another secret, no signature and an old one verify nothing", async () => {
    const { body, signature } = present(paid()[0], "a delivery");
    await forged(() => stripe.webhooks.constructEvent(body, signature, `whsec_${"0".repeat(32)}`));
    await forged(() => stripe.webhooks.constructEvent(body, "", receiver.secret));
    const signedAt = Number(present(/t=(\d+)/.exec(signature)?.[1], "the time of the signature"));
    const at = (seconds: number) =>
      stripe.webhooks.constructEvent(body, signature, receiver.secret, 300, undefined, (signedAt + seconds) * 1000);
    assert.equal(at(300).type, "invoice.paid");
    await forged(() => at(301));
  });

  await step("the agreement is canceled, and that is heard of", async () => {
    const ended = await stripe.subscriptions.cancel(subscription.id);
    assert.equal(ended.status, "canceled");
    const isEnd = (event: Stripe.Event) =>
      event.type === "customer.subscription.deleted" &&
      event.data.object.id === subscription.id &&
      event.data.object.status === "canceled";
    await receiver.until(() => receiver.deliveries.some(({ event }) => isEnd(event)));
  });

  await step("two months later nothing more was billed, charged or told", async () => {
    await advance(clock.id, moment(2027, MONTHS + 4, 0, 12));
    // Events come in order: whatever was told before this change has arrived when it has.
    await stripe.customers.update(customer.id, { description: mark });
    const isMark = (event: Stripe.Event) => event.type === "customer.updated" && event.data.object.description === mark;
    await receiver.until(() => receiver.deliveries.some(({ event }) => isMark(event)));
    assert.equal(paid().length, PAYMENTS);
    assert.equal((await all(stripe.invoices.list({ customer: customer.id, limit: PAGE }))).length, PAYMENTS);
    assert.equal((await ledger("capture", AMOUNT)).length - capturesBefore, PAYMENTS);
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).status, "canceled");
  });
}

/** The invoice that an event says was paid. */
function paidBy(event: Stripe.Event): Stripe.Invoice | undefined {
  return event.type === "invoice.paid" ? event.data.object : undefined;
}

/** What the SDK must not believe. */
async function forged(construct: () => Stripe.Event): Promise<void> {
  await refusal(stripe.errors.StripeSignatureVerificationError, (async () => construct())());
}

// Bank accounts: kept with the customer's agreement, debited, and submitted until the bank has settled.

import assert from "node:assert/strict";

import type { Stripe } from "stripe";

import { stripe } from "../client.js";
import { invalid, present, step } from "../steps.js";

const agreement: Stripe.SetupIntentCreateParams.MandateData = {
  customer_acceptance: { type: "online", online: { ip_address: "203.0.113.7", user_agent: "Browser 1" } },
};

const customer = await stripe.customers.create({ name: "Hertha Ayrton", email: "hertha@example.com" });

const account = await step("a bank account is kept with the customer's agreement", async () => {
  const setup = await stripe.setupIntents.create({
    customer: customer.id,
    allowed_payment_method_types: ["us_bank_account"],
    payment_method: "pm_usBankAccount_success",
    confirm: true,
    mandate_data: agreement,
  });
  assert.deepEqual([setup.status, setup.allowed_payment_method_types], ["succeeded", ["us_bank_account"]]);
  assert.deepEqual(setup.payment_method_types, ["us_bank_account"]);
  const kept = present(setup.payment_method, "the account");
  const method = await stripe.paymentMethods.retrieve(typeof kept === "string" ? kept : kept.id);
  assert.deepEqual([method.type, method.us_bank_account?.last4, method.customer], ["us_bank_account", "6789", customer.id]);
  return method;
});

await step("it is debited, and the bank takes its time", async () => {
  const intent = await stripe.paymentIntents.create({
    amount: 4_913,
    currency: "usd",
    customer: customer.id,
    payment_method: account.id,
    allowed_payment_method_types: ["card", "us_bank_account"],
    confirm: true,
    off_session: true,
  });
  assert.deepEqual([intent.status, intent.amount_received], ["processing", 0]);
  assert.deepEqual(intent.allowed_payment_method_types, ["card", "us_bank_account"]);
});

await step("a payment that allows no bank accounts takes none", async () => {
  const refused = await invalid(
    stripe.paymentIntents.create({
      amount: 4_917,
      currency: "usd",
      customer: customer.id,
      payment_method: account.id,
      allowed_payment_method_types: ["card"],
      confirm: true,
      off_session: true,
    }),
  );
  assert.equal(refused.param, "payment_method");
});

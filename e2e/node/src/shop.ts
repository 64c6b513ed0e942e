// What several scenarios begin with: a customer with a card on file.

import type { Stripe } from "stripe";

import { stripe } from "./client.js";

type Params = Stripe.PaymentIntentCreateParams;

export interface OnFile {
  customer: Stripe.Customer;
  card: Stripe.PaymentMethod;
  /** A payment by that card while the customer is away. */
  away: (changes: Partial<Params>) => Params;
}

export async function cardOnFile(who: Stripe.CustomerCreateParams): Promise<OnFile> {
  const customer = await stripe.customers.create(who);
  const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
  const usual = { amount: 2_907, currency: "usd", payment_method: card.id, confirm: true, off_session: true };
  return { customer, card, away: (changes) => ({ ...usual, customer: customer.id, ...changes }) };
}

// The official SDK, unchanged but for the address that it speaks to, and what it is told about the installation.

import Stripe from "stripe";

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} has to be set`);
  return value;
}

const api = new URL(setting("ONFILE_API"));

export const secretKey = setting("ONFILE_SECRET_KEY");
export const publishableKey = setting("ONFILE_PUBLISHABLE_KEY");

/** A client that shows this key. Without retries, so that the first answer is the one tested. */
export function clientWith(key: string, config: Stripe.StripeConfig = {}): Stripe {
  return new Stripe(key, { protocol: "http", host: api.hostname, port: api.port, maxNetworkRetries: 0, ...config });
}

export const stripe = clientWith(secretKey);

/** What was asked and answered, the last thing last: for the report of a step that failed. */
export const exchanges: string[] = [];

stripe.on("response", (event: Stripe.ResponseEvent) => {
  exchanges.push(`${event.method} ${event.path} ${event.status} (${event.request_id})`);
});

/** What differs each time, so that scenarios never meet what other ones left behind. */
export const mark = `${process.pid}-${Date.now()}`;

/** A line of the processor's ledger: what really happened to money. */
export interface LedgerLine {
  kind: string;
  amount: number;
}

/** The ledger's lines of one kind for an amount that no other test uses. */
export async function ledger(kind: string, amount: number): Promise<LedgerLine[]> {
  const answer = await fetch(`${setting("ONFILE_SANDBOX")}/ledger`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the ledger answers ${answer.status}: ${text}`);
  const lines = text.split("\n").filter((line) => line !== "");
  const told = lines.map((line) => JSON.parse(line) as LedgerLine);
  return told.filter((line) => line.kind === kind && line.amount === amount);
}

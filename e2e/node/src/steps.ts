// Steps of a scenario, each named on standard output when it has ended, and what they check with.

import assert from "node:assert/strict";

import type { Stripe } from "stripe";

import { exchanges, stripe } from "./client.js";

const EXCHANGES_SHOWN_MAX = 5;

/** Does one thing that has a name. The first step that fails ends the scenario: what comes later builds on it. */
export async function step<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    const result = await run();
    console.log(`ok: ${name}`);
    return result;
  } catch (error) {
    const last = exchanges.slice(-EXCHANGES_SHOWN_MAX);
    console.log([`FAILED: ${name}`, "the last requests:", ...last, ...described(error)].join("\n"));
    // Everything is said; what node adds to it is one line.
    const failed = new Error(`the step failed: ${name}`);
    delete failed.stack;
    throw failed;
  }
}

function described(error: unknown): string[] {
  const stack = error instanceof Error ? String(error.stack) : String(error);
  if (!(error instanceof stripe.errors.StripeError)) return [stack];
  const { statusCode, code, decline_code, param, requestId } = error;
  return [`the answer: ${JSON.stringify({ statusCode, code, decline_code, param, requestId })}`, stack];
}

type Kind<E> = abstract new (...values: never[]) => E;

/** The error of a class of the SDK's that a request has to end with. */
export async function refusal<E extends Stripe.errors.StripeError>(
  kind: Kind<E>,
  request: Promise<unknown>,
): Promise<E> {
  try {
    await request;
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  assert.fail(`no ${kind.name}`);
}

/** The same for what the shop itself did wrong. */
export function invalid(request: Promise<unknown>): Promise<Stripe.errors.StripeInvalidRequestError> {
  return refusal(stripe.errors.StripeInvalidRequestError, request);
}

/** What an expandable field holds once it was asked to be expanded. */
export function expanded<T extends object>(field: string | T | null | undefined): T {
  assert.ok(typeof field === "object" && field !== null, `not expanded: ${JSON.stringify(field)}`);
  return field;
}

/** What has to be there. */
export function present<T>(value: T | null | undefined, what: string): T {
  assert.ok(value !== null && value !== undefined, `${what} is missing`);
  return value;
}

/** All of a list, by the SDK's own pagination. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

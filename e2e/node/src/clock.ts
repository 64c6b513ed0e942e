// A test clock, and moving it.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { stripe } from "./client.js";

const ARRIVAL_MS_MAX = 60_000;
const LOOK_AGAIN_MS = 50;

/**
 * A moment of the calendar in UTC, in seconds. Months count from 1 and may go beyond a year; day 0 is the last one of the
 * month before.
 */
export function moment(year: number, month: number, day: number, hour: number): number {
  return Date.UTC(year, month - 1, day, hour) / 1000;
}

/** Moves a clock, and waits until all that falls due on the way is done. */
export async function advance(clock: string, to: number): Promise<void> {
  await stripe.testHelpers.testClocks.advance(clock, { frozen_time: to });
  const deadline = Date.now() + ARRIVAL_MS_MAX;
  for (;;) {
    const now = await stripe.testHelpers.testClocks.retrieve(clock);
    if (now.status === "ready") return assert.equal(now.frozen_time, to);
    assert.ok(Date.now() < deadline, `the clock is still ${now.status}`);
    await sleep(LOOK_AGAIN_MS);
  }
}

// Customers: made, found, changed, listed page after page, deleted.

import assert from "node:assert/strict";

import Stripe from "stripe";

import { mark, stripe } from "../client.js";
import { all, invalid, present, step } from "../steps.js";

const email = `grace+${mark}@example.com`;
const COUNT = 12;
const PAGE = 5;

const first = await step("a customer is made with all that a shop knows", async () => {
  const address: Stripe.AddressParam = { line1: "1 Long Lane", city: "London", postal_code: "N1 1AA", country: "GB" };
  const made = await stripe.customers.create({
    name: "Grace Hopper",
    email,
    phone: "+442071234567",
    description: "Since the beginning",
    address,
    shipping: { name: "Grace at work", address },
    metadata: { number: "C-17", tier: "gold" },
  });
  assert.deepEqual([made.object, made.name, made.email, made.livemode], ["customer", "Grace Hopper", email, false]);
  assert.deepEqual([made.address?.city, made.address?.state, made.shipping?.name], ["London", null, "Grace at work"]);
  assert.deepEqual(made.metadata, { number: "C-17", tier: "gold" });
  return made;
});

await step("the answer says its request and the version that it is written in", async () => {
  const { lastResponse } = first;
  assert.equal(lastResponse.statusCode, 200);
  assert.match(lastResponse.requestId, /^req_/);
  assert.equal(lastResponse.apiVersion, Stripe.API_VERSION);
});

await step("the customer is found by id, whole", async () => {
  const found = await stripe.customers.retrieve(first.id);
  assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(first)));
});

await step("a change leaves the rest as it was", async () => {
  const changed = await stripe.customers.update(first.id, {
    name: "Admiral Hopper",
    metadata: { tier: "", since: "1949" },
  });
  assert.deepEqual([changed.name, changed.email, changed.phone], ["Admiral Hopper", email, first.phone]);
  assert.deepEqual(changed.metadata, { number: "C-17", since: "1949" });
});

await step("an empty text takes something away", async () => {
  const changed = await stripe.customers.update(first.id, { description: "", shipping: "", metadata: "" });
  assert.deepEqual([changed.description, changed.shipping, changed.metadata], [null, null, {}]);
});

const ids = await step("a dozen customers are made at the same time", async () => {
  const others = Array.from({ length: COUNT - 1 }, (_, index) =>
    stripe.customers.create({ email, name: `Number ${index}` }),
  );
  const made = await Promise.all(others);
  return new Set([first.id, ...made.map((customer) => customer.id)]);
});

await step("`for await` reads the whole list, each once, the newest first", async () => {
  const listed = await all(stripe.customers.list({ email, limit: PAGE }));
  assert.equal(listed.length, COUNT);
  assert.deepEqual(new Set(listed.map((customer) => customer.id)), ids);
  assert.equal(listed.at(-1)?.id, first.id);
});

await step("a page says whether there are more", async () => {
  const page = await stripe.customers.list({ email, limit: PAGE });
  assert.deepEqual([page.object, page.data.length, page.has_more, page.url], ["list", PAGE, true, "/v1/customers"]);
  const rest = await stripe.customers.list({
    email,
    limit: COUNT,
    starting_after: present(page.data.at(-1), "the last").id,
  });
  assert.deepEqual([rest.data.length, rest.has_more], [COUNT - PAGE, false]);
});

await step("`autoPagingToArray` stops at its limit", async () => {
  const some = await stripe.customers.list({ email, limit: PAGE }).autoPagingToArray({ limit: PAGE + 2 });
  assert.equal(some.length, PAGE + 2);
});

await step("`autoPagingEach` stops when it is told to", async () => {
  let seen = 0;
  await stripe.customers.list({ email, limit: PAGE }).autoPagingEach(() => (seen += 1) < PAGE + 1);
  assert.equal(seen, PAGE + 1);
});

await step("`ending_before` reads the list backwards", async () => {
  const backwards = await all(stripe.customers.list({ email, limit: PAGE, ending_before: first.id }));
  const forwards = await all(stripe.customers.list({ email, limit: PAGE }));
  const expected = forwards
    .map((customer) => customer.id)
    .filter((id) => id !== first.id)
    .reverse();
  assert.deepEqual(
    backwards.map((customer) => customer.id),
    expected,
  );
});

await step("a range of times filters the list", async () => {
  const until = await all(stripe.customers.list({ email, created: { lt: first.created } }));
  const since = await all(stripe.customers.list({ email, created: { gte: first.created } }));
  assert.deepEqual([until.length, since.length], [0, COUNT]);
});

await step("a deleted customer is told from one that is there", async () => {
  const gone = await stripe.customers.del(first.id);
  assert.deepEqual([gone.id, gone.deleted, gone.object], [first.id, true, "customer"]);
  const found = await stripe.customers.retrieve(first.id);
  assert.ok(found.deleted === true);
  assert.equal((await all(stripe.customers.list({ email }))).length, COUNT - 1);
});

await step("a deleted customer takes no change", async () => {
  const refused = await invalid(stripe.customers.update(first.id, { name: "Nobody" }));
  assert.deepEqual([refused.code, refused.param, refused.statusCode], ["resource_missing", "id", 404]);
});

// Products and prices: made, found by their own names, changed, put away.

import assert from "node:assert/strict";

import Stripe from "stripe";

import { mark, stripe } from "../client.js";
import { all, expanded, invalid, step } from "../steps.js";

const product = await step("a product has an id of the shop's own", async () => {
  const made = await stripe.products.create({ id: `line-${mark}`, name: "Line", metadata: { shelf: "3" } });
  assert.deepEqual([made.id, made.active, made.metadata], [`line-${mark}`, true, { shelf: "3" }]);
  return made;
});

await step("the same id is not given twice", async () => {
  const refused = await invalid(stripe.products.create({ id: product.id, name: "Other" }));
  assert.equal(refused.code, "resource_already_exists");
});

const monthly = await step("a price has a rhythm and a name", async () => {
  const made = await stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 1_900,
    recurring: { interval: "month" },
    lookup_key: `monthly-${mark}`,
    nickname: "Monthly",
  });
  assert.deepEqual([made.type, made.recurring?.interval, made.recurring?.interval_count], ["recurring", "month", 1]);
  assert.deepEqual([made.unit_amount, made.nickname, made.product], [1_900, "Monthly", product.id]);
  return made;
});

await step("a price smaller than a cent is exact", async () => {
  const made = await stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount_decimal: Stripe.Decimal.from("0.0125"),
    recurring: { interval: "year" },
  });
  assert.ok(made.unit_amount_decimal?.eq(Stripe.Decimal.from("0.0125")));
  assert.equal(made.unit_amount, null);
});

await step("a price is found by its name, with its product", async () => {
  const found = await stripe.prices.list({ lookup_keys: [`monthly-${mark}`], expand: ["data.product"] });
  assert.deepEqual(
    found.data.map((price) => price.id),
    [monthly.id],
  );
  const own = found.data.map((price) => expanded(price.product));
  assert.deepEqual(
    own.map((each) => !each.deleted && each.name),
    ["Line"],
  );
});

await step("a price moves its name to a new one", async () => {
  const next = await stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 2_100,
    recurring: { interval: "month" },
    lookup_key: `monthly-${mark}`,
    transfer_lookup_key: true,
  });
  assert.equal((await stripe.prices.retrieve(monthly.id)).lookup_key, null);
  assert.equal(next.lookup_key, `monthly-${mark}`);
});

await step("a price is put away, and listed so", async () => {
  assert.equal((await stripe.prices.update(monthly.id, { active: false })).active, false);
  const active = await all(stripe.prices.list({ product: product.id, active: true, limit: 1 }));
  const away = await all(stripe.prices.list({ product: product.id, active: false, limit: 1 }));
  assert.deepEqual([active.length, away.map((price) => price.id)], [2, [monthly.id]]);
});

await step("a product is changed, and found among its like", async () => {
  const changed = await stripe.products.update(product.id, { name: "Second line", description: "With a better view" });
  assert.deepEqual([changed.name, changed.description], ["Second line", "With a better view"]);
  const listed = await all(stripe.products.list({ ids: [product.id] }));
  assert.deepEqual(
    listed.map((each) => each.name),
    ["Second line"],
  );
});

await step("a product with prices stays, one without goes", async () => {
  await invalid(stripe.products.del(product.id));
  const bare = await stripe.products.create({ name: "Nothing" });
  assert.deepEqual(await stripe.products.del(bare.id).then(({ id, deleted }) => [id, deleted]), [bare.id, true]);
});

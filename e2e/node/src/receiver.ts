// A merchant's own server: keeps the events that were signed for it, and puts aside those that it has had before.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import type { Stripe } from "stripe";

import { stripe } from "./client.js";

const WAIT_MS_MAX = 60_000;
const LOOK_AGAIN_MS = 20;

/** A request as it came, and what it says. */
export interface Delivery {
  body: string;
  signature: string;
  event: Stripe.Event;
}

export class Receiver {
  /** By the event's id: the same event may come again, as with any sender that waits for an answer. */
  readonly #heard = new Map<string, Delivery>();
  readonly refused: string[] = [];
  #endpoint: Stripe.WebhookEndpoint | undefined;

  private constructor(private readonly server: Server) {}

  /** Listens on a port of its own, and is registered for these types. */
  static async listen(types: Stripe.WebhookEndpointCreateParams.EnabledEvent[]): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", (request, response) => {
      const answer = (body: string) => receiver.#answer(body, request.headers["stripe-signature"]);
      read(request).then(
        (body) => response.writeHead(answer(body)).end(),
        () => response.destroy(),
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/hooks`;
    receiver.#endpoint = await stripe.webhookEndpoints.create({ url, enabled_events: types });
    return receiver;
  }

  get endpoint(): Stripe.WebhookEndpoint {
    assert.ok(this.#endpoint, "not registered");
    return this.#endpoint;
  }

  /** What the endpoint's signatures are made with; it is told when the endpoint is created, and never again. */
  get secret(): string {
    const { secret } = this.endpoint;
    assert.ok(secret, "the endpoint came without its secret");
    return secret;
  }

  #answer(body: string, signature: string | string[] | undefined): number {
    // What comes while the secret is still on its way comes again.
    if (!this.#endpoint) return 503;
    try {
      assert.ok(typeof signature === "string", "no signature");
      const event = stripe.webhooks.constructEvent(body, signature, this.secret);
      if (!this.#heard.has(event.id)) this.#heard.set(event.id, { body, signature, event });
      return 200;
    } catch (error) {
      this.refused.push(String(error));
      return 400;
    }
  }

  /** What was heard, each event once, in the order in which it came. */
  get deliveries(): Delivery[] {
    return [...this.#heard.values()];
  }

  /** Waits until what was heard so far is enough. */
  async until(enough: () => boolean): Promise<void> {
    const deadline = Date.now() + WAIT_MS_MAX;
    while (!enough()) {
      const heard = this.deliveries.map(({ event }) => event.type);
      assert.ok(Date.now() < deadline, `within ${WAIT_MS_MAX} ms only ${heard} came; refused: ${this.refused}`);
      await sleep(LOOK_AGAIN_MS);
    }
  }

  async close(): Promise<void> {
    if (this.#endpoint) await stripe.webhookEndpoints.del(this.#endpoint.id);
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

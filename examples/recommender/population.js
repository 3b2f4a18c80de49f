// A simulated population: each visit asks for its variant over OFREP, with OpenFeature's own SDK and
// provider, calls the model that the variant names, behaves by what it got, and reports.
//
//   const population = new Population({ world, address, flag });
//   const running = population.run({ concurrency: 8, until: () => done });
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";
import { kListLength, visit } from "./behaviour.js";
import { Reporter } from "./reporter.js";

const kDayMillis = 86_400_000;

export class Population {
  #world;
  #flag;
  #client;
  #exposures;
  #events;
  #nextUser = 0;
  users = 0;
  visits = 0;
  outside = 0; // Visits of people who are not in the experiment.

  constructor({ world, address, flag }) {
    this.#world = world;
    this.#flag = flag;
    OpenFeature.setProvider(new OFREPProvider({ baseUrl: address }));
    this.#client = OpenFeature.getClient();
    this.#exposures = new Reporter(`${address}/v1/exposures`);
    this.#events = new Reporter(`${address}/v1/events`);
  }

  // Users come one after the other, `concurrency` at a time, each for all of their visits.
  async run({ concurrency, until }) {
    const live = async () => {
      while (!until()) await this.#live(this.#world.user(`user-${this.#nextUser++}`));
    };
    await Promise.all(Array.from({ length: concurrency }, live));
    await this.#exposures.drain();
    await this.#events.drain();
  }

  // Lines that the server stored and refused so far, and why it refused the first.
  get reported() {
    const rejected = [...this.#exposures.rejected, ...this.#events.rejected];
    return {
      stored: this.#exposures.stored + this.#events.stored,
      rejected: rejected.length,
      firstReason: rejected[0]?.message,
      failure: this.#exposures.failure ?? this.#events.failure,
    };
  }

  async #live(user) {
    this.#reportPast(user);
    for (let number = 0; number < user.visits; ++number) await this.#visit(user, number);
    this.users += 1;
  }

  // What they did before the experiment: the covariate that makes the estimate sharper.
  #reportPast(user) {
    for (let i = 0; i < user.pastCarts; ++i) {
      const time = new Date(Date.now() - ((i + 0.5) / 14) * 13 * kDayMillis);
      this.#event(user, `past-${i}`, time, "add_to_cart");
    }
  }

  async #visit(user, number) {
    const details = await this.#client.getObjectDetails(this.#flag, {}, contextOf(user));
    this.visits += 1;
    const endpoint = details.value?.endpoint;
    if (!details.variant || !endpoint) {
      this.outside += 1;
      return;
    }
    const start = new Date();
    const key = `${number}`;
    this.#expose(user, key, start, details.variant);
    const recommendations = await this.#recommend(endpoint, user, key);
    const now = Date.now();
    visit(this.#world, user, number, recommendations).forEach((outcome, i) => {
      const { name, value, item } = outcome;
      this.#event(user, `${key}-${i}`, new Date(now + i), name, value, { item });
    });
  }

  async #recommend(endpoint, user, key) {
    const body = JSON.stringify({ user: user.id, k: kListLength });
    const began = performance.now();
    const response = await fetch(endpoint, { method: "POST", body }).catch(() => null);
    const answer = response?.ok ? await response.json() : await response?.arrayBuffer();
    const failed = !response?.ok;
    const now = new Date();
    this.#event(user, `${key}-call`, now, "model_call", performance.now() - began, { failed });
    if (failed) this.#event(user, `${key}-error`, now, "model_error");
    return failed ? [] : answer.items;
  }

  #expose(user, key, time, variant) {
    const { country, platform } = user;
    const id = `${user.id}-${key}-exposure`;
    const properties = { country, platform };
    this.#exposures.add({ id, time, experiment: this.#flag, variant, unit: user.id, properties });
  }

  #event(user, key, time, name, value, properties) {
    const id = `${user.id}-${key}`;
    this.#events.add({ id, time, name, units: { user: user.id }, value, properties });
  }
}

function contextOf(user) {
  return {
    targetingKey: user.id,
    country: user.country,
    platform: user.platform,
    user_segment: "returning_users",
  };
}

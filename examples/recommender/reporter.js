// Reports exposures and events in batches of NDJSON, and tries again until they are acknowledged.
// Every line carries an id, and an id counts once: sending a batch again is harmless, losing one is
// not.
//
//   const reporter = new Reporter("http://127.0.0.1:8080/v1/events");
//   reporter.add({id: "e1", time, name: "add_to_cart", units: {user: "u1"}});
//   await reporter.drain();
import { setTimeout as sleep } from "node:timers/promises";

const kBatchLines = 2000;
const kFlushMillis = 250;
const kAttempts = 8;

export class Reporter {
  #url;
  #waiting = [];
  #sending = Promise.resolve();
  #timer;
  stored = 0;
  duplicates = 0;
  rejected = [];
  failure = null;

  constructor(url) {
    this.#url = url;
  }

  add(line) {
    this.#waiting.push(line);
    if (this.#waiting.length >= kBatchLines) this.#flush();
    this.#timer ??= setTimeout(() => this.#flush(), kFlushMillis);
  }

  // Resolves when everything added so far is acknowledged; throws when it cannot be.
  async drain() {
    this.#flush();
    await this.#sending;
    if (this.failure) throw this.failure;
  }

  // Batches leave one after the other: what was added first is durable first.
  #flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting.splice(0);
    if (batch.length === 0) return;
    this.#sending = this.#sending
      .then(() => this.#send(batch.map((line) => JSON.stringify(line)).join("\n")))
      .catch((error) => {
        this.failure ??= error;
      });
  }

  async #send(body) {
    for (let attempt = 1; ; ++attempt) {
      const outcome = await post(this.#url, body);
      if (outcome.receipt) return this.#count(outcome.receipt);
      if (attempt === kAttempts) throw new Error(`${this.#url}: ${outcome.problem}`);
      await sleep(outcome.waitMillis ?? 50 * 2 ** attempt);
    }
  }

  #count(receipt) {
    this.stored += receipt.stored;
    this.duplicates += receipt.duplicates;
    this.rejected.push(...receipt.rejected);
  }
}

// A receipt, or what went wrong. 400 comes with a receipt too: no line was usable.
async function post(url, body) {
  try {
    const headers = { "content-type": "application/x-ndjson" };
    const response = await fetch(url, { method: "POST", headers, body });
    const answer = await response.json();
    if (Array.isArray(answer.rejected)) return { receipt: answer };
    const seconds = Number(response.headers.get("retry-after"));
    const problem = `${response.status} ${answer.message}`;
    return { problem, waitMillis: seconds > 0 ? 1000 * seconds : undefined };
  } catch (error) {
    return { problem: error.cause?.message ?? error.message };
  }
}

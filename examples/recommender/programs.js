// The programs that the demo runs beside itself: started, awaited until they are ready, stopped with
// it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const kReadySeconds = 30;
const kStopMillis = 15_000;

export class Programs {
  #running = [];

  // Starts a model server on a free port; resolves to its port.
  async startModel(model, seed) {
    const server = new URL("server.js", import.meta.url).pathname;
    const child = this.#spawn(process.execPath, [server, "--model", model, "--seed", String(seed)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /port (\d+)$/.exec(line)?.[1];
      if (port) return Number(port);
    }
    throw new Error(`the ${model} server did not start`);
  }

  // Starts assay; resolves when it is ready to serve. Its log stays in memory and is shown only when
  // something goes wrong.
  async startAssay(program, args, address) {
    const child = this.#spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    const keep = (chunk) => {
      log = (log + chunk).slice(-20_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    for (let i = 0; i < 10 * kReadySeconds && child.exitCode === null; ++i) {
      const ready = await fetch(`${address}/readyz`).catch(() => null);
      await ready?.arrayBuffer();
      if (ready?.ok) return { log: () => log };
      await sleep(100);
    }
    throw new Error(`assay did not become ready\n${log}`);
  }

  async stop() {
    const ends = this.#running.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const killer = setTimeout(() => child.kill("SIGKILL"), kStopMillis);
      await ended;
      clearTimeout(killer);
    });
    await Promise.all(ends);
  }

  #spawn(program, args, options) {
    const child = spawn(program, args, options);
    child.on("error", () => {}); // A missing program shows as an early end.
    this.#running.push(child);
    return child;
  }
}

// The wished port if it is free, any free one otherwise.
export async function freePort(wished) {
  for (const port of [wished, 0]) {
    const server = createServer().listen(port, "127.0.0.1");
    const listening = await once(server, "listening").then(
      () => server.address().port,
      () => null,
    );
    server.close();
    if (listening !== null) return listening;
  }
  throw new Error("there is no free port");
}

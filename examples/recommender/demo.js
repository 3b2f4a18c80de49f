// The whole story, live: assay, two model servers, a population, and the experiment that decides
// between the models. Ends with assay's verdict beside the truth.
//
//   tools/demo            runs until Ctrl-C, so that you can look around in the dashboard
//   tools/demo --once     ends with the verdict; exit status 1 when it contradicts the truth
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeModel } from "./models.js";
import { Population } from "./population.js";
import { Programs, freePort } from "./programs.js";
import { progressLine, summary } from "./summary.js";
import { trueEffects } from "./truth.js";
import { makeWorld } from "./world.js";

const kFlag = "recommender";
const kPrimary = "add_to_cart_rate";

const { values: options } = parseArgs({
  options: {
    assay: { type: "string" },
    port: { type: "string", default: "8080" },
    seed: { type: "string", default: "1" },
    seconds: { type: "string", default: "180" },
    concurrency: { type: "string", default: "8" },
    once: { type: "boolean", default: false },
  },
});

async function getJson(url) {
  const response = await fetch(url);
  const body = await response.json();
  return response.ok ? body : null;
}

async function register(address, text) {
  const response = await fetch(`${address}/v1/experiments?start=true`, {
    method: "POST",
    headers: { "content-type": "application/yaml" },
    body: text,
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`the experiment was refused: ${answer}`);
}

// The experiment's file, with the addresses that the model servers really have.
async function experimentText(ports) {
  const text = await readFile(new URL("experiment.yaml", import.meta.url), "utf8");
  return text.replace(":9101/", `:${ports[0]}/`).replace(":9102/", `:${ports[1]}/`);
}

// Resolves to the first verdict that is not "continue", or to the last one when time is up.
async function awaitVerdict(address, population, seconds) {
  const began = Date.now();
  let verdict = null;
  for (let look = 1; Date.now() - began < 1000 * seconds; ++look) {
    await sleep(1000);
    const { failure } = population.reported;
    if (failure) throw failure;
    verdict = (await getJson(`${address}/v1/verdicts/${kFlag}`)) ?? verdict;
    const elapsed = Math.round((Date.now() - began) / 1000);
    if (verdict && verdict.decision !== "continue") return { verdict, elapsed };
    if (look % 5 === 0) {
      const card = await getJson(`${address}/v1/scorecards/${kFlag}`);
      console.log(progressLine(elapsed, population, card, kPrimary));
    }
  }
  return { verdict, elapsed: seconds };
}

async function story(programs, folder) {
  const seed = Number(options.seed);
  const port = await freePort(Number(options.port));
  const address = `http://127.0.0.1:${port}`;
  const args = ["serve", "--data", folder, "--listen", `127.0.0.1:${port}`, "--analyze-every", "2"];
  await programs.startAssay(options.assay, args, address);
  const page = await fetch(`${address}/`);
  await page.arrayBuffer();
  console.log(`Dashboard: ${address}/${page.ok ? "" : "  (not built: make dashboard)"}`);
  const names = ["content_based", "collaborative"];
  const ports = await Promise.all(names.map((name) => programs.startModel(name, seed)));
  await register(address, await experimentText(ports));
  console.log(`Models:    ${names.map((name, i) => `${name} on port ${ports[i]}`).join(", ")}`);
  console.log("Visitors arrive; a verdict takes a minute or two.\n");

  const world = makeWorld(seed);
  const population = new Population({ world, address, flag: kFlag });
  let over = false;
  const living = population.run({
    concurrency: Number(options.concurrency),
    until: () => over,
  });
  living.catch(() => {}); // Its failure shows in awaitVerdict or in the await below.
  const { verdict, elapsed } = await awaitVerdict(address, population, Number(options.seconds));
  over = true;
  await living;
  const card = await getJson(`${address}/v1/scorecards/${kFlag}`);
  console.log("\nWorking out the truth: 20,000 fresh users live through both models …");
  const [control, treatment] = names.map((name) => makeModel(name, world));
  const truth = trueEffects(world, control, treatment);
  const { text, agrees } = summary({ verdict, elapsed, card, truth, population, primary: kPrimary });
  console.log(text);
  return { agrees, address };
}

async function main() {
  const programs = new Programs();
  const folder = await mkdtemp(join(tmpdir(), "assay_demo_"));
  const end = async (status) => {
    await programs.stop();
    await rm(folder, { recursive: true, force: true });
    process.exit(status);
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => end(options.once ? 1 : 0));
  try {
    const { agrees, address } = await story(programs, folder);
    if (options.once) return await end(agrees ? 0 : 1);
    console.log(`\nThe dashboard stays at ${address}/ until you press Ctrl-C.`);
  } catch (error) {
    console.error(`demo: ${error.message}`);
    await end(1);
  }
}

await main();

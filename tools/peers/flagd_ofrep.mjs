// flagd's flags over OFREP for bench/ofrep/run: 100 flags of three conditions behind Node's own http.
//
//     node flagd_ofrep.mjs [HANDLER]
//
// HANDLER is the module of flagd's own OFREP handler for JavaScript (the npm package
// @openfeature/flagd-ofrep-cf-worker, or a build of it). Without it flagd's evaluator answers, and
// what OFREP adds to it is the least that will do. Prints its port, serves until its input ends.
import { createServer } from "node:http";
import { FlagdCore } from "@openfeature/flagd-core";

const NAMES = Array.from({ length: 100 }, (_, i) => `experiment_${i}`);
const flags = { flags: Object.fromEntries(NAMES.map((name, i) => [name, {
  state: "ENABLED", defaultVariant: "control", variants: { control: "control", treatment: "treatment" },
  targeting: { if: [{ and: [{ in: [{ var: "country" }, ["IN", "US", "UK", "BR", `X${i % 10}`]] },
    { "==": [{ var: "platform" }, "ios"] }, { sem_ver: [{ var: "version" }, ">=", `2.${i % 4}.0`] }] },
  { fractional: [["control", 1], ["treatment", 1]] }, "control"] },
}])) };

// Both take a path and a body and give the text of an answer.
function bare() {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const core = new FlagdCore();
  core.setConfigurations(JSON.stringify(flags));
  return async (path, body) => {
    const { context } = JSON.parse(body);
    const one = (key) => {
      const { value, variant, reason } = core.resolveStringEvaluation(key, "?", context, quiet);
      return { key, value, variant, reason };
    };
    const key = path.split("/")[5];
    return JSON.stringify(key ? one(key) : { flags: NAMES.map(one) });
  };
}

async function own(module) {
  const { createOfrepHandler } = await import(module);
  const handle = createOfrepHandler({ staticFlags: flags, flags });  // `flags`: up to 0.0.1.
  return async (path, body) =>
    (await handle(new Request(`http://localhost${path}`, { method: "POST", body }))).text();
}

const answer = process.argv[2] ? await own(process.argv[2]) : bare();
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part) => { body += part; });
  request.on("end", async () => {
    const text = await answer(request.url, body);
    response.setHeader("content-type", "application/json");
    response.end(text);
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();

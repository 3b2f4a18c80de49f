// flagd's evaluator behind Node's own http, answering OFREP for bench/ofrep/run: 100 flags of three
// conditions. Not flagd's server, a Go module of its own; Node's http is what its JavaScript handler
// runs on. Prints its port, serves until its input ends.
import { createServer } from "node:http";
import { FlagdCore } from "@openfeature/flagd-core";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const core = new FlagdCore();
core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`experiment_${i}`, {
  state: "ENABLED", defaultVariant: "control", variants: { control: "control", treatment: "treatment" },
  targeting: { if: [{ and: [{ in: [{ var: "country" }, ["IN", "US", "UK", "BR", `X${i % 10}`]] },
    { "==": [{ var: "platform" }, "ios"] }, { sem_ver: [{ var: "version" }, ">=", `2.${i % 4}.0`] }] },
  { fractional: [["control", 1], ["treatment", 1]] }, "control"] },
}])) }));

function answer(path, body) {
  const { context } = JSON.parse(body);
  const one = (key) => {
    const { value, variant, reason } = core.resolveStringEvaluation(key, "?", context, quiet);
    return { key, value, variant, reason };
  };
  const key = path.split("/")[5];
  if (key) return one(key);
  return { flags: Array.from({ length: 100 }, (_, i) => one(`experiment_${i}`)) };
}

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer(request.url, body)));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();

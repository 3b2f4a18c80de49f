// One model behind HTTP:
//
//   node server.js --model collaborative --port 9102
//   curl -d '{"user": "u42", "k": 3}' http://127.0.0.1:9102/recommend
//   {"model":"collaborative","items":[{"item":17,"score":0.83}, …]}
//
// Prints one line when it is ready. Port 0 takes any free one.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { kFailureShare, kModels, makeModel } from "./models.js";
import { makeWorld } from "./world.js";

const kMaxBodyBytes = 64 * 1024;

export function modelServer(model) {
  return createServer(async (request, response) => {
    try {
      const [status, body] = await answer(model, request);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    } catch {
      response.destroy(); // The client went away or sent too much.
    }
  });
}

async function answer(model, request) {
  if (request.url !== "/recommend") return [404, { message: "there is only /recommend" }];
  if (request.method !== "POST") return [405, { message: "POST {user, k}" }];
  const asked = parse(await read(request));
  if (typeof asked?.user !== "string" || !(asked.k >= 1 && asked.k <= 100)) {
    return [400, { message: 'expected {"user": "an id", "k": 1 to 100}' }];
  }
  if (Math.random() < kFailureShare) return [500, { message: "this service fails now and then" }];
  return [200, { model: model.name, items: model.recommend(asked.user, Math.floor(asked.k)) }];
}

async function read(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > kMaxBodyBytes) throw new Error("too long");
  }
  return text;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function main() {
  const { values } = parseArgs({
    options: {
      model: { type: "string" },
      port: { type: "string", default: "0" },
      seed: { type: "string", default: "1" },
    },
  });
  if (!kModels.includes(values.model)) {
    console.error(`--model is one of ${kModels.join(", ")}`);
    process.exit(2);
  }
  const server = modelServer(makeModel(values.model, makeWorld(Number(values.seed))));
  server.keepAliveTimeout = 60_000;
  server.on("error", (error) => {
    console.error(`${values.model}: ${error.message}`);
    process.exit(1);
  });
  server.listen(Number(values.port), "127.0.0.1", () => {
    console.log(`${values.model} listens on port ${server.address().port}`);
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) main();

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { makeModel } from "./models.js";
import { Reporter } from "./reporter.js";
import { modelServer } from "./server.js";
import { trueEffects } from "./truth.js";
import { makeWorld } from "./world.js";

async function listening(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

test("the same seed makes the same world, another seed another one", () => {
  assert.deepEqual(makeWorld(1).user("u1"), makeWorld(1).user("u1"));
  assert.notDeepEqual(makeWorld(1).user("u1"), makeWorld(2).user("u1"));
});

test("a model recommends k unseen items, best first, the same every time", () => {
  const world = makeWorld(1);
  for (const name of ["content_based", "collaborative"]) {
    const items = makeModel(name, world).recommend("u1", 10);
    assert.deepEqual(items, makeModel(name, makeWorld(1)).recommend("u1", 10));
    assert.equal(items.length, 10);
    const seen = new Set(world.user("u1").history);
    items.forEach(({ item, score }, i) => {
      assert.ok(!seen.has(item));
      assert.ok(i === 0 || score <= items[i - 1].score);
    });
  }
});

test("a model against itself has no effect; the collaborative one sells more", () => {
  const world = makeWorld(1);
  const [labels, likes] = ["content_based", "collaborative"].map((name) => makeModel(name, world));
  assert.equal(trueEffects(world, labels, labels, 200).add_to_cart_rate.difference, 0);
  const { relative, relativeError } = trueEffects(world, labels, likes, 2000).add_to_cart_rate;
  assert.ok(relative > 3 * relativeError, `${relative} ± ${relativeError}`);
});

test("a model server answers, and refuses what it cannot read", async () => {
  const server = modelServer(makeModel("content_based", makeWorld(1)));
  const address = await listening(server);
  const post = (body) => fetch(`${address}/recommend`, { method: "POST", body });
  let answer;
  do answer = await post('{"user": "u1", "k": 3}');
  while (answer.status === 500); // It fails now and then, as real ones do.
  assert.equal((await answer.json()).items.length, 3);
  for (const body of ["", "{", "null", '{"user": "u1"}', '{"user": 7, "k": 3}', '{"user":"u","k":0}']) {
    assert.equal((await post(body)).status, 400, body);
  }
  assert.equal((await fetch(`${address}/recommend`)).status, 405);
  assert.equal((await fetch(`${address}/`)).status, 404);
  server.close();
});

test("a reporter sends the same lines again until they are acknowledged", async () => {
  const bodies = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    bodies.push(text);
    response.writeHead(bodies.length < 3 ? 503 : 200, { "content-type": "application/json" });
    response.end(bodies.length < 3 ? '{"message":"full"}' : '{"stored":2,"duplicates":0,"rejected":[]}');
  });
  const reporter = new Reporter(`${await listening(server)}/v1/events`);
  reporter.add({ id: "e1" });
  reporter.add({ id: "e2" });
  await reporter.drain();
  assert.deepEqual(bodies, Array(3).fill('{"id":"e1"}\n{"id":"e2"}'));
  assert.equal(reporter.stored, 2);
  server.close();
});

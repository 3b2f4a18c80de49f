import { expect, it, vi } from "vitest";

import { ApiError, createClient, orNull } from "./client";
import { keepToken } from "./token";

type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };

function serverOf(...answers: Answer[]) {
  const asked: Headers[] = [];
  const fetcher = vi.fn(async (_: unknown, init?: RequestInit) => {
    asked.push(new Headers(init?.headers));
    const { status = 200, body, headers = {} } = answers[Math.min(asked.length, answers.length) - 1]!;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return new Response(status === 304 ? null : text, { status, headers });
  });
  return { fetcher: fetcher as unknown as typeof fetch, asked };
}

it("sends the ETag back and answers 304 with the very same object", async () => {
  const { fetcher, asked } = serverOf({ body: { n: 1 }, headers: { ETag: '"a"' } }, { status: 304 });
  const client = createClient(fetcher);
  const first = await client.get("/v1/experiments");
  const second = await client.get("/v1/experiments");
  expect(second).toBe(first);
  expect(asked[0]!.get("If-None-Match")).toBeNull();
  expect(asked[1]!.get("If-None-Match")).toBe('"a"');
});

it("answers the same text without an ETag with the very same object", async () => {
  const { fetcher } = serverOf({ body: { n: 1 } }, { body: { n: 1 } }, { body: { n: 2 } });
  const client = createClient(fetcher);
  const first = await client.get("/v1/verdicts/x");
  expect(await client.get("/v1/verdicts/x")).toBe(first);
  expect(await client.get("/v1/verdicts/x")).toEqual({ n: 2 });
});

it("keeps one ETag per path", async () => {
  const { fetcher, asked } = serverOf({ body: 1, headers: { ETag: '"a"' } });
  const client = createClient(fetcher);
  await client.get("/one");
  await client.get("/two");
  expect(asked[1]!.get("If-None-Match")).toBeNull();
});

it("keeps all digits of a number that has fewer than a double", async () => {
  const { fetcher } = serverOf({ body: '{"x":0.10000000000000001}' });
  expect(await createClient(fetcher).get("/x")).toEqual({ x: 0.1 });
});

it.each([
  [{ status: 404, body: { message: "No such experiment." } }, "not_found", "No such experiment."],
  [{ status: 500, body: "<html>" }, "server", "The server answered 500."],
  [{ body: "<html>" }, "unreadable", "The server's answer is not JSON."],
] as const)("turns %j into a sentence", async (answer, kind, message) => {
  const failing = createClient(serverOf(answer).fetcher).get("/x");
  await expect(failing).rejects.toMatchObject({ kind, message });
});

it("reads Retry-After", async () => {
  const { fetcher } = serverOf({ status: 503, body: {}, headers: { "Retry-After": "7" } });
  await expect(createClient(fetcher).get("/x")).rejects.toMatchObject({ retryAfterMs: 7_000 });
});

it("says that the server cannot be reached", async () => {
  const refused = createClient(() => Promise.reject(new TypeError("fetch failed")));
  await expect(refused.get("/x")).rejects.toMatchObject({ kind: "offline" });
});

it("takes not found for null, and nothing else", async () => {
  expect(await orNull(Promise.reject(new ApiError("not_found", "")))).toBeNull();
  await expect(orNull(Promise.reject(new ApiError("server", "")))).rejects.toThrow(ApiError);
});

it("sends the token it was given, and says when one is asked for", async () => {
  const { fetcher, asked } = serverOf({ status: 401, body: { message: "Who are you?" } }, { body: 1 });
  const client = createClient(fetcher);
  await expect(client.get("/v1/experiments")).rejects.toMatchObject({ kind: "unauthorized" });
  keepToken(" reader.secret ");
  expect(await client.get("/v1/experiments")).toBe(1);
  keepToken("");
  expect(asked.map((headers) => headers.get("Authorization"))).toEqual([null, "Bearer reader.secret"]);
});

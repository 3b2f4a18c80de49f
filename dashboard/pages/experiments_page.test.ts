// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { type Stage, stage } from "../fixtures/stage";
import { allWorlds, running, ship } from "../fixtures/worlds";

let set: Stage;

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  await set.close();
  vi.useRealTimers();
});

const rows = () => [...set.body.querySelectorAll("tbody tr")].map((row) => row.textContent ?? "");

it("shows a line per experiment", async () => {
  set = await stage(allWorlds(), "/");
  expect(rows()).toHaveLength(allWorlds().length);
  expect(rows()[0]).toBe(
    "Recommendation Model V2 Testrec-model-v2-2026q1●running83,912✓trustedadd_to_cart_rate+7.9\u202f%✓Ship",
  );
  expect(rows().find((row) => row.startsWith("Fraud"))).toContain("Blocked: a trust check failed.");
  expect(rows().find((row) => row.startsWith("Checkout"))).toContain("Withheld until");
  expect(set.body.querySelector("img[src=x]")).toBeNull();
});

it("filters by state and words of the address", async () => {
  set = await stage(allWorlds(), "/?state=stopped&q=ETA");
  expect(rows()).toHaveLength(1);
  expect(set.body.querySelector("[aria-current]")?.textContent).toBe("Stopped 1");
});

it("puts the search into the address and keeps the state", async () => {
  set = await stage(allWorlds(), "/?state=running");
  const input = set.body.querySelector("input")!;
  await act(async () => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")!.set!.call(input, "dense");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  expect(window.location.search).toBe("?state=running&q=dense");
  expect(rows()).toHaveLength(1);
});

it("says when nothing matches", async () => {
  set = await stage([ship()], "/?q=zzz");
  expect(set.text()).toContain("No experiment matches");
});

it("tells how to register the first experiment", async () => {
  set = await stage([], "/");
  expect(set.text()).toContain("curl --data-binary @exp.yaml");
  set.worlds = [running()];
  await set.pass();
  expect(rows()).toHaveLength(1);
});

it("shows failure and retry", async () => {
  set = await stage([ship()], "/", 0);
  expect(set.body.querySelector("[role=alert]")?.textContent).toContain("The server cannot be reached.");
  set.status = 200;
  await set.pass(5_000);
  expect(rows()).toHaveLength(1);
});

it("asks for the access token and goes on with it", async () => {
  set = await stage([ship()], "/", 401);
  const input = set.body.querySelector<HTMLInputElement>("#token")!;
  input.value = "reader.secret";
  set.status = 200;
  await act(async () => input.form!.requestSubmit());
  await set.pass(5_000);
  expect(rows()).toHaveLength(1);
});

it("leads to an experiment without loading the page anew", async () => {
  set = await stage([ship()], "/");
  await act(async () => set.body.querySelector<HTMLAnchorElement>("tbody a")!.click());
  await set.pass(0);
  expect(window.location.pathname).toBe("/experiments/rec-model-v2-2026q1");
  expect(set.body.querySelector("h1")?.textContent).toBe("Recommendation Model V2 Test");
  expect(document.title).toBe("Recommendation Model V2 Test · assay");
  expect(document.activeElement?.id).toBe("main");
});

it("leads nowhere politely", async () => {
  set = await stage([], "/nowhere");
  expect(set.text()).toContain("The address /nowhere leads nowhere.");
});

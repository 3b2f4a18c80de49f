// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { World } from "../fixtures/build";
import { type Stage, stage } from "../fixtures/stage";
import * as worlds from "../fixtures/worlds";
import { experimentAddress } from "../lib/route";

let set: Stage;

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  await set.close();
  vi.useRealTimers();
});

async function open(world: World, query = "") {
  set = await stage([world], experimentAddress(world.experiment.id) + query);
  return set;
}

const section = (title: string) =>
  [...set.body.querySelectorAll("section")].find((one) => one.querySelector("h2")?.textContent?.includes(title))!;

describe("a winner", () => {
  it("says what to do before anything else", async () => {
    await open(worlds.ship());
    const headings = [...set.body.querySelectorAll("h2")].map((heading) => heading.textContent);
    expect(headings).toEqual([
      "Verdict: Ship", "Can it be trusted?", "Units exposed", "Primary lift over time", "Scorecard",
      "Guardrails", "Numbers", "Segments", "Plan",
    ]);
    expect(set.body.querySelectorAll("h1")).toHaveLength(1);
    const reasons = [...set.body.querySelectorAll(".reasons li code")].map((code) => code.textContent);
    expect(reasons[0]).toBe("trusted");
    expect(reasons).toHaveLength(5);
  });

  it("shows each effect with estimate, interval, evidence and a word", async () => {
    await open(worlds.ship());
    const row = section("Scorecard").querySelectorAll("tbody tr")[1]!;
    expect(row.textContent).toBe(
      "add_to_cart_ratemore is better+7.9\u202f%[+4.2\u202f%, +11.7\u202f%]p < 0.001▲better",
    );
    expect(row.querySelector("svg")?.getAttribute("aria-label")).toContain("interval +4.2\u202f% to +11.7\u202f%");
  });

  it("shows differences where the address says so", async () => {
    await open(worlds.ship(), "?scale=absolute");
    expect(section("Scorecard").textContent).toContain("+0.67\u202fpp[+0.35, +0.98]\u202fpp");
    expect(section("Scorecard").querySelector("[aria-current]")?.textContent).toBe("Absolute");
  });

  it("shows every number that the scorecard has", async () => {
    await open(worlds.ship());
    const text = section("Numbers").textContent;
    for (const part of ["8.412\u202f%", "n 40,391", "confidence sequence + cuped", "96.2\u202f% of units have a complete window.",
      "Covariates removed 27.4\u202f% of the variance.", "With units whose window is still open: +0.64\u202fpp [+0.33, +0.95]\u202fpp.", "412 values above the cap of 250 were capped."]) {
      expect(text).toContain(part);
    }
  });

  it("shows the primary metric by segment", async () => {
    await open(worlds.ship());
    const rows = [...section("Segments").querySelectorAll("tbody tr")].map((row) => row.textContent);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toContain("country IN");
    expect(rows[0]).toContain("better");
    expect(rows[1]).toContain("unclear");
  });

  it("shows the plan it was registered with", async () => {
    await open(worlds.ship());
    expect(section("Plan").querySelector("pre")?.textContent).toContain('"min_runtime_days": 14');
  });
});

describe("what must not be read", () => {
  it("blocks effects when a trust check failed", async () => {
    await open(worlds.mismatched());
    expect(section("Scorecard").querySelectorAll("svg")).toHaveLength(0);
    expect(section("Scorecard").textContent).toContain("Blocked by a failed check: sample ratio.");
    expect(section("Scorecard").textContent).not.toContain("25.7");
    expect(section("Numbers").textContent).not.toContain("25.7");
    expect(section("Primary lift").querySelector("svg")).toBeNull();
    expect(section("Guardrails").textContent).toContain("do not take a pass for safety");
  });

  it("shows no number of a fixed-horizon plan before its end, and says why", async () => {
    await open(worlds.withheld());
    expect(section("Scorecard").textContent).toContain("21,411 have come");
    expect(section("Scorecard").textContent).toContain("Withheld until the planned sample size.");
    expect(section("Numbers").textContent).not.toMatch(/[+−]\d/);
  });

  it("shows the text of statistics that do not exist", async () => {
    await open(worlds.undefinedStatistics());
    expect(section("Scorecard").textContent).toContain("The control's value is zero: no relative lift.");
    expect(section("Scorecard").textContent).toContain("Both variants are constant.");
    expect(set.text()).not.toMatch(/NaN|undefined|null/);
  });
});

describe("other states", () => {
  it("waits for the first scorecard", async () => {
    await open(worlds.fresh());
    expect(set.text()).toContain("The first scorecard appears here");
  });

  it("shows a draft with its warnings", async () => {
    await open(worlds.draft());
    expect(set.text()).toContain("start will refuse this plan");
    expect(set.text()).toContain("The experiment has not started.");
  });

  it("shows a row per treatment", async () => {
    await open(worlds.threeTreatments());
    expect(section("Scorecard").querySelectorAll("tr.treatment")).toHaveLength(6);
    expect(section("Scorecard").querySelectorAll("tr.metric")).toHaveLength(2);
    expect(section("Units").querySelectorAll("tbody tr")).toHaveLength(4);
  });

  it("shows a posterior as a probability", async () => {
    await open(worlds.bayesian());
    expect(section("Scorecard").textContent).toContain("P(better) 96.7\u202f%");
  });

  it("shows guardrails that broke", async () => {
    await open(worlds.rollBack());
    expect(section("Guardrails").textContent).toContain("✕failed500");
    expect(section("Scorecard").textContent).toContain("▼better");
    expect(section("Scorecard").textContent).toContain("▲worse");
  });

  it("takes names for text, never for markup", async () => {
    await open(worlds.hostile());
    expect(set.body.querySelector("img[src=x], main script")).toBeNull();
    expect(set.text()).toContain("<script>window.pwned=1</script>");
  });

  it("says when there is no such experiment", async () => {
    set = await stage([], "/experiments/nothing");
    expect(set.body.querySelector("h1")?.textContent).toBe("Not found");
  });
});

describe("time passes", () => {
  it("shows the new scorecard and says the new verdict aloud, once", async () => {
    await open(worlds.running());
    const spoken = () => set.body.querySelector(".verdict [aria-live]")?.textContent;
    expect(spoken()).toBe("");
    const { id } = set.worlds[0]!.experiment;
    const ended = worlds.ship();
    set.worlds = [{ ...ended, experiment: { ...ended.experiment, id } }];
    await set.pass();
    expect(set.text()).toContain("Ship treatment: add_to_cart_rate rose");
    expect(spoken()).toMatch(/^New verdict: Ship\. Ship treatment/);
  });

  it("keeps the last answer under a banner while the server is away", async () => {
    await open(worlds.ship());
    set.status = 0;
    await set.pass();
    expect(set.text()).toContain("The server cannot be reached. What you see is the last answer.");
    expect(set.text()).toContain("Stale, updated 2 s ago");
    expect(set.text()).toContain("+7.9 %");
    set.status = 200;
    await set.pass(6_000);
    expect(set.text()).not.toContain("cannot be reached");
  });

  it("offers to try again when no answer ever came", async () => {
    set = await stage([worlds.ship()], "/experiments/rec-model-v2-2026q1", 503);
    expect(set.text()).toContain("The store is full.");
    set.status = 200;
    set.body.querySelector<HTMLButtonElement>("section button")!.click();
    await set.pass(0);
    expect(set.text()).toContain("Recommendation Model V2 Test");
  });
});

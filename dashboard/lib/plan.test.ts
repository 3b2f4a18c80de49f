import { expect, it } from "vitest";

import { plan } from "../fixtures/build";
import { readPlan } from "./plan";

it("reads the canonical plan", () => {
  const metrics = [
    { name: "a", role: "primary" },
    { name: "b", role: "secondary", mde_relative: 0.02 },
  ];
  const read = readPlan(plan("x", "X", { hypothesis: "It helps.", metrics }));
  expect(read).toMatchObject({
    hypothesis: "It helps.", method: "frequentist_sequential", alpha: 0.05, mdeRelative: 0.05,
    minRuntimeDays: 14, maxRuntimeDays: 42, sampleSizePerVariant: 50_000,
  });
  expect([...read.mdeByMetric]).toEqual([["b", 0.02]]);
});

it.each([[null], [[]], ["text"], [{ analysis: 3, schedule: "x", metrics: [null, 7] }],
  [{ analysis: { alpha: "0.05", mde_relative: null }, hypothesis: "" }]])(
  "believes nothing of %j", (odd) => {
    const { mdeByMetric, ...rest } = readPlan(odd);
    expect(mdeByMetric.size).toBe(0);
    expect(Object.values(rest).every((field) => field === null)).toBe(true);
  },
);

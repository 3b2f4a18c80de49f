import { expect, it } from "vitest";

import { domainOf } from "./domain";

const between = (low: number, high: number) => ({ estimate: (low + high) / 2, low, high });

it("holds zero, every usual interval and the extra values", () => {
  const [low, high] = domainOf([between(0.02, 0.04), between(-0.03, 0.01)], [0.05]);
  expect(low).toBeLessThan(-0.03);
  expect(high).toBeGreaterThan(0.05);
});

it("is not flattened by one very wide interval", () => {
  const [low, high] = domainOf([between(0.01, 0.05), between(-0.04, 0.02), between(-40, 90)]);
  expect(high - low).toBeLessThan(1);
});

it("holds the first interval however wide", () => {
  const [low, high] = domainOf([between(-3, 5), between(0.01, 0.02), between(0.01, 0.02)]);
  expect(low).toBeLessThan(-3);
  expect(high).toBeGreaterThan(5);
});

it("has a width without data", () => {
  expect(domainOf([])).toEqual([-1, 1]);
  expect(domainOf([{ estimate: 0, low: null, high: null }])).toEqual([-1, 1]);
});

// @vitest-environment happy-dom
// Every chart in every state, as snapshots that are reviewed as pictures in a diff.
import { afterEach, describe, expect, it, vi } from "vitest";

import { comparison } from "../fixtures/build";
import { hostile, ship } from "../fixtures/worlds";
import { readComparison } from "../lib/reading";
import type { Interval } from "../api/types";
import { axisChart, intervalChart, type IntervalChartOptions } from "./interval_chart";
import { narrowingChart, stepsOf } from "./narrowing_chart";
import { samplesChart, swatch } from "./samples_chart";
import { splitChart } from "./split_chart";

afterEach(() => vi.restoreAllMocks());

type Lift = [number, number | null, number | null];

function interval(lift: Lift, more: Partial<IntervalChartOptions> = {}) {
  const of = comparison("m", lift, 1);
  return intervalChart({
    interval: of.relative as Interval,
    domain: [-0.1, 0.2],
    quantity: "percent",
    reading: readComparison(of),
    label: "Lift of m",
    width: 320,
    ...more,
  });
}

describe("interval chart", () => {
  it.each([
    ["better", [0.08, 0.04, 0.12], { mde: 0.05 }],
    ["worse", [-0.05, -0.08, -0.02], {}],
    ["unclear", [0.02, -0.03, 0.07], {}],
    ["unbounded below", [0.1, null, 0.15], {}],
    ["beyond the axis on both sides", [0.02, -4, 5], {}],
    ["estimate beyond the axis", [3, -4, 9], {}],
    ["a point", [0, 0, 0], {}],
  ] as [string, Lift, Partial<IntervalChartOptions>][])("%s", (_, lift, more) => {
    expect(interval(lift, more)).toMatchSnapshot();
  });

  it("is named by its numbers", () => {
    expect(interval([0.08, 0.04, 0.12]).getAttribute("aria-label")).toBe(
      "Lift of m. +8.0\u202f%, interval +4.0\u202f% to +12.0\u202f%, better",
    );
  });

  it("tells better from worse by shape, not only by color", () => {
    const better = interval([0.08, 0.04, 0.12]).innerHTML.replace(/var\(--\w+\)/g, "");
    const worse = interval([0.08, 0.04, 0.12], {
      reading: { tone: "bad", glyph: "▼", word: "worse" },
    }).innerHTML.replace(/var\(--\w+\)/g, "");
    expect(better).not.toBe(worse);
  });

  it("has an axis", () => {
    expect(axisChart({ domain: [-0.1, 0.2], quantity: "percent", width: 320, label: "Lift" })).toMatchSnapshot();
  });
});

const history = ship().history!.points;

describe("samples chart", () => {
  it("draws a line per variant", () => {
    const points = history.filter((_, index) => index % 12 === 0);
    expect(samplesChart({ points, variants: ["control", "treatment"], width: 480 })).toMatchSnapshot();
  });
  it("draws an empty frame without units", () => {
    const points = [{ as_of: "2026-03-01T00:00:00Z", units: {} }];
    expect(samplesChart({ points, variants: ["control"], width: 320 }).getAttribute("aria-label"))
      .toBe("Units exposed over time. control: 0");
  });
  it("has a key", () => expect(swatch(1)).toMatchSnapshot());
});

describe("narrowing chart", () => {
  it("draws band, estimate, zero and the smallest effect worth detecting", () => {
    const points = history.filter((_, index) => index % 12 === 11);
    expect(narrowingChart({ points, variant: "treatment", width: 480, mde: 0.05 })).toMatchSnapshot();
  });
  it("leaves out steps without an estimate", () => {
    const lost = { ...history[0]!, primary: { ...history[0]!.primary!, relative: undefined } };
    expect(stepsOf([lost, history[1]!], "treatment")).toHaveLength(1);
    expect(stepsOf(history, "another")).toHaveLength(0);
  });
  it("draws unbounded ends at the edge of the axis", () => {
    const points = hostile().history!.points.slice(-3);
    const variant = hostile().scorecard!.comparisons[0]!.variant;
    expect(narrowingChart({ points, variant, width: 320 }).innerHTML).not.toContain("NaN");
  });
});

it("draws the observed share with the expected one", () => {
  const unit = { variant: "treatment", n: 45, expected_share: 0.5 };
  expect(splitChart({ unit, total: 100, index: 1, largestShare: 0.55, width: 200 })).toMatchSnapshot();
});

it("needs no inline style element, so a strict content policy holds", () => {
  expect(interval([0.08, 0.04, 0.12]).querySelector("style")).toBeNull();
});

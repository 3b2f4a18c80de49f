import { describe, expect, it } from "vitest";

import { comparison, scorecard } from "../fixtures/build";
import { mismatched, undefinedStatistics, withheld } from "../fixtures/worlds";
import { blockOf, readComparison, readDecision, shownAt } from "./reading";

describe("readComparison", () => {
  it.each([
    ["increase", [0.1, 0.05, 0.15], "better", "▲"],
    ["increase", [-0.1, -0.15, -0.05], "worse", "▼"],
    ["decrease", [0.1, 0.05, 0.15], "worse", "▲"],
    ["decrease", [-0.1, -0.15, -0.05], "better", "▼"],
    ["increase", [0.1, -0.05, 0.25], "unclear", "○"],
  ] as const)("a metric that should %s and moved by %j is %s", (direction, lift, word, glyph) => {
    const reading = readComparison(comparison("m", [...lift], 2, { direction }));
    expect(reading).toMatchObject({ word, glyph });
  });
  it("makes nothing of a missing estimate", () => {
    const missing = comparison("m", [0, 0, 0], 1, { estimate: undefined, relative: undefined });
    expect(readComparison(missing).word).toBe("no estimate");
  });
});

describe("shownAt", () => {
  it("shows the text of an undefined statistic", () => {
    const card = undefinedStatistics().scorecard!;
    const [refunds, appeals] = card.comparisons;
    expect(shownAt(refunds!, "relative")).toEqual({
      missing: "The control's value is zero: no relative lift.",
    });
    expect(shownAt(refunds!, "absolute", "proportion")).toMatchObject({ quantity: "points" });
    expect(shownAt(appeals!, "absolute")).toEqual({ missing: "Both variants are constant." });
  });
});

describe("blockOf", () => {
  it("lets trusted scorecards through", () => expect(blockOf(scorecard())).toBeNull());
  it("blocks by the failed check", () => {
    const block = blockOf(mismatched().scorecard!);
    expect(block?.brief).toBe("by a failed check: sample ratio");
    expect(block?.reason).toMatch(/do not fit the planned 50:50 split/);
  });
  it("blocks an untrusted scorecard whose check is not named", () => {
    expect(blockOf(scorecard({ trusted: false, trust: [] }))?.word).toBe("Blocked");
  });
  it("says why numbers are withheld", () => {
    expect(blockOf(withheld().scorecard!)).toMatchObject({ word: "Withheld" });
    expect(blockOf(scorecard({ withheld: true }))?.reason).toMatch(/not reached yet/);
  });
});

it("shows a decision it does not know by its own word", () => {
  expect(readDecision("hold" as never).word).toBe("hold");
});

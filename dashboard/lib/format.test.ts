import { describe, expect, it } from "vitest";

import {
  count,
  exact,
  fixed,
  interval,
  probability,
  pText,
  share,
  shortCount,
  signedValue,
  significant,
  value,
} from "./format";

describe("significant", () => {
  it.each([
    [0, "0"],
    [1234.5, "1,235"],
    [12.345, "12.3"],
    [0.0012345, "0.00123"],
    [9.995, "10.0"],
    [-0.5, "−0.500"],
    [1e-9, "1.00e−9"],
    [3.2e15, "3.20e+15"],
    [Number.POSITIVE_INFINITY, "∞"],
    [Number.NEGATIVE_INFINITY, "−∞"],
    [Number.NaN, "–"],
  ])("%d is %s", (x, text) => expect(significant(x)).toBe(text));
});

describe("fixed", () => {
  it("never writes a negative zero", () => expect(fixed(-0.001, 2)).toBe("0.00"));
  it("writes a true minus sign", () => expect(fixed(-1234.5, 1)).toBe("−1,234.5"));
});

describe("interval", () => {
  it("gives the three numbers the decimals that its width deserves", () => {
    expect(interval({ estimate: 0.0793, low: 0.0418, high: 0.1168 }, "percent")).toEqual({
      estimate: "+7.9\u202f%",
      low: "+4.2\u202f%",
      high: "+11.7\u202f%",
      range: "[+4.2\u202f%, +11.7\u202f%]",
    });
    expect(interval({ estimate: 0.05012, low: 0.0498, high: 0.0504 }, "percent").range).toBe(
      "[+4.980\u202f%, +5.040\u202f%]",
    );
    expect(interval({ estimate: -0.0218, low: -0.1431, high: 0.0995 }, "percent").estimate).toBe("−2\u202f%");
  });
  it("says a long unit once", () => {
    expect(interval({ estimate: 0.0067, low: 0.0035, high: 0.0098 }, "points").range).toBe(
      "[+0.35, +0.98]\u202fpp",
    );
  });
  it("writes unbounded ends as infinity", () => {
    const text = interval({ estimate: 0.1, low: null, high: 0.4 }, "percent");
    expect(text.range).toBe("[−∞, +40\u202f%]");
    expect(interval({ estimate: 3 }, "plain").range).toBe("[−∞, +∞]");
  });
  it("writes a zero estimate without a sign", () => {
    expect(interval({ estimate: 0, low: -1, high: 1 }, "plain").estimate).toBe("0.0");
    expect(interval({ estimate: 0, low: 0, high: 0 }, "plain").range).toBe("[0, 0]");
  });
  it("reads 17 digits and writes what they mean", () => {
    const parsed = JSON.parse('{"estimate":0.050000000000000003,"low":0.01,"high":0.089999999999999997}');
    expect(interval(parsed, "percent").range).toBe("[+1.0\u202f%, +9.0\u202f%]");
  });
});

describe("small things", () => {
  it("counts", () => {
    expect(count(1234567)).toBe("1,234,567");
    expect([0, 999, 1_000, 12_345, 999_499, 999_999, 4_560_000, 2e9].map(shortCount)).toEqual(
      ["0", "999", "1k", "12.3k", "999k", "1M", "4.56M", "2B"],
    );
  });
  it("never rounds p to zero", () => {
    expect([0, 4e-25, 0.0009999, 0.001, 0.0321, 0.148, 1].map(pText)).toEqual([
      "p < 0.001", "p < 0.001", "p < 0.001", "p = 0.001", "p = 0.032", "p = 0.15", "p = 1.00",
    ]);
  });
  it("never rounds a probability to certainty", () => {
    expect([0, 0.0004, 0.9671, 0.99999, 1].map(probability)).toEqual([
      "0.0\u202f%", "< 0.1\u202f%", "96.7\u202f%", "> 99.9\u202f%", "100.0\u202f%",
    ]);
  });
  it("writes values, shares and exact figures", () => {
    expect(value(0.08412, "percent", 4)).toBe("8.412\u202f%");
    expect(value(51.87, "plain")).toBe("51.9");
    expect(share(1 / 3)).toBe("33.3\u202f%");
    expect(share(0.5, 2)).toBe("50\u202f%");
    expect([500, 0.01, 0.001].map(exact)).toEqual(["500", "0.01", "0.001"]);
    expect([0.05, -0.025].map((x) => signedValue(x, "percent"))).toEqual(["+5\u202f%", "−2.5\u202f%"]);
  });
});

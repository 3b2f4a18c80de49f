import { expect, it } from "vitest";

import { ago, days, kDayMs, moment, momentWithSeconds, span } from "./time";

it("writes moments in UTC", () => {
  expect(moment("2026-03-01T09:30:12.345+02:00")).toBe("2026-03-01 07:30 UTC");
  expect(momentWithSeconds("2026-03-01T09:30:12Z")).toBe("2026-03-01 09:30:12 UTC");
});

it("shows a moment it cannot read as it came", () => expect(moment("soon")).toBe("soon"));

it.each([
  [-5, "0 s"],
  [42_900, "42 s"],
  [60_000, "1 min"],
  [90_000, "1 min 30 s"],
  [47 * 60_000, "47 min"],
  [3.5 * 3_600_000, "3 h 30 min"],
  [4.5 * kDayMs, "4 d 12 h"],
  [18.4 * kDayMs, "18 d"],
])("%d ms is %s", (ms, text) => expect(span(ms)).toBe(text));

it("writes a plan's days", () => {
  expect([14, 1, 0, 1 / 4320].map(days)).toEqual(["14 d", "1 d", "0 d", "20 s"]);
});

it.each([
  [999, "just now"],
  [5_000, "5 s ago"],
  [185_000, "3 min ago"],
  [2 * 3_600_000, "2 h ago"],
])("%d ms is %s", (ms, text) => expect(ago(ms)).toBe(text));

// Numbers as text. This is the only place that rounds. An interval's three numbers share their
// decimals, and its width decides how many: two significant digits of the half width, because
// digits below that are noise.
import type { Interval } from "../api/types";

export const kMinus = "\u2212";
export const kDash = "\u2013";
export const kInfinity = "\u221e";
const kPercent = "\u202f%"; // A narrow space that does not break, as verdicts write it.

/** How a quantity is written: a share as percent, a difference of shares in percentage points. */
export type Quantity = "percent" | "points" | "plain";

const kScale: Record<Quantity, number> = { percent: 100, points: 100, plain: 1 };
const kSuffix: Record<Quantity, string> = { percent: kPercent, points: "\u202fpp", plain: "" };
const kMaxDecimals = 8;

const grouping = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function count(n: number): string {
  return grouping.format(n).replace("-", kMinus);
}

/** 950, 12.3k, 4.56M: for axes and tight places. */
export function shortCount(n: number): string {
  const size = Math.abs(n);
  if (size < 1_000) return trimZeros(fixed(n, size < 10 && !Number.isInteger(n) ? 1 : 0));
  const [unit, suffix] = size < 999_500 ? [1e3, "k"] : size < 999_500_000 ? [1e6, "M"] : [1e9, "B"];
  return trimZeros(significant(n / unit, 3)) + suffix;
}

/** Fixed decimals, a true minus sign, grouped thousands, and never "−0". */
export function fixed(x: number, decimals: number): string {
  const text = new Intl.NumberFormat("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(x);
  return /[1-9]/.test(text) ? text.replace("-", kMinus) : text.replace("-", "");
}

/** `digits` significant digits: 1,234, 12.3, 0.00123. Powers of ten only where nothing else fits. */
export function significant(x: number, digits = 3): string {
  if (!Number.isFinite(x)) return unbounded(x);
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e12 || size < 1e-6) return x.toExponential(digits - 1).replaceAll("-", kMinus);
  if (size >= 10 ** digits) return fixed(x, 0);
  return new Intl.NumberFormat("en-US", {
    minimumSignificantDigits: digits,
    maximumSignificantDigits: digits,
  }).format(x).replace("-", kMinus);
}

/** A value of a metric: 8.41% or 51.9. */
export function value(x: number, quantity: Quantity, digits = 3): string {
  return significant(x * kScale[quantity], digits) + kSuffix[quantity];
}

export interface IntervalText {
  estimate: string;
  low: string;
  high: string;
  range: string; // "[+1.2%, +3.4%]"
}

/** Estimate and ends with a sign each and common decimals; an unbounded end is ±∞. */
export function interval(of: Interval, quantity: Quantity): IntervalText {
  const decimals = sharedDecimals(of, kScale[quantity]);
  const write = (x: number) => signed(x * kScale[quantity], decimals) + kSuffix[quantity];
  const low = of.low == null ? `${kMinus}${kInfinity}` : write(of.low);
  const high = of.high == null ? `+${kInfinity}` : write(of.high);
  return { estimate: write(of.estimate), low, high, range: rangeText(low, high, quantity) };
}

/** Percent signs stay with their numbers; a longer unit is said once. */
function rangeText(low: string, high: string, quantity: Quantity): string {
  if (quantity !== "points") return `[${low}, ${high}]`;
  const unit = kSuffix.points;
  return `[${low.replace(unit, "")}, ${high.replace(unit, "")}]${unit}`;
}

/** As given, without trailing zeros: a threshold of 500 or 0.01. */
export function exact(x: number): string {
  return trimZeros(significant(x, 6));
}

/** A difference without an interval: "+5%" for a smallest effect worth detecting. */
export function signedValue(x: number, quantity: Quantity): string {
  const text = exact(x * kScale[quantity]) + kSuffix[quantity];
  return x > 0 ? `+${text}` : text;
}

/** "p = 0.032", "p < 0.001"; never a rounded zero. */
export function pText(p: number): string {
  if (p < 0.001) return "p < 0.001";
  return `p = ${fixed(p, p < 0.1 ? 3 : 2)}`;
}

/** "97.3%", "> 99.9%": nothing short of certainty is written as 100%. */
export function probability(p: number): string {
  if (p > 0.999 && p < 1) return `> 99.9${kPercent}`;
  if (p < 0.001 && p > 0) return `< 0.1${kPercent}`;
  return fixed(p * 100, 1) + kPercent;
}

/** A share such as 50%, 33.3%, 49.97%. */
export function share(x: number, decimals = 1): string {
  return trimZeros(fixed(x * 100, decimals)) + kPercent;
}

function signed(x: number, decimals: number): string {
  const text = fixed(x, decimals);
  return x > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

function sharedDecimals(of: Interval, scale: number): number {
  const widths = [of.low, of.high]
    .filter((end) => end != null)
    .map((end) => Math.abs(end - of.estimate) * scale)
    .filter((width) => width > 0);
  const precision = widths.length > 0 ? Math.min(...widths) : Math.abs(of.estimate) * scale;
  if (precision === 0) return 0;
  return Math.min(Math.max(1 - Math.floor(Math.log10(precision)), 0), kMaxDecimals);
}

function unbounded(x: number): string {
  if (Number.isNaN(x)) return kDash;
  return x < 0 ? `${kMinus}${kInfinity}` : kInfinity;
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

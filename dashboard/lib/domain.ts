// The common horizontal axis of several intervals. One very wide interval must not flatten all the
// others, so the axis follows the typical reach and the chart marks with an arrow what goes beyond.
import type { Interval } from "../api/types";

export type Domain = [low: number, high: number];

const kOutlier = 3; // An interval reaching further than this many typical reaches is cut.

/** Symmetric about zero where signs mix; always holds zero, every estimate and `extra` values. */
export function domainOf(intervals: Interval[], extra: number[] = []): Domain {
  const reaches = intervals.map(reachOf).filter((reach) => reach > 0);
  const limit = reaches.length > 0 ? kOutlier * median(reaches) : Number.POSITIVE_INFINITY;
  const clip = (x: number) => Math.min(Math.max(x, -limit), limit);
  const points = [0, ...extra];
  for (const { estimate, low, high } of intervals) {
    points.push(estimate, clip(low ?? estimate), clip(high ?? estimate));
  }
  const low = Math.min(...points);
  const high = Math.max(...points);
  if (low === high) return [-1, 1];
  const room = (high - low) * 0.06;
  return [low - room, high + room];
}

function reachOf({ estimate, low, high }: Interval): number {
  return Math.max(Math.abs(low ?? estimate), Math.abs(high ?? estimate));
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

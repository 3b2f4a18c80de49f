// The common horizontal axis of several intervals. One very wide interval must not flatten all the
// others, so the axis follows the typical reach and the chart marks with an arrow what goes beyond.
import type { Interval } from "../api/types";

export type Domain = [low: number, high: number];

const kOutlier = 2.5; // What reaches further than this many typical reaches is cut.

/** Holds zero, the whole first interval, the `extra` values, and of the other intervals what is
 *  not far out. */
export function domainOf(intervals: Interval[], extra: number[] = []): Domain {
  const [first] = intervals;
  const limit = Math.max(kOutlier * lowerMedian(intervals.map(reachOf)), first ? reachOf(first) : 0);
  const clip = (x: number) => Math.min(Math.max(x, -limit), limit);
  const points = [0, ...extra];
  for (const { estimate, low, high } of intervals) {
    points.push(clip(estimate), clip(low ?? estimate), clip(high ?? estimate));
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

function lowerMedian(values: number[]): number {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

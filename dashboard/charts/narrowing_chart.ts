// The primary metric's interval over time: a band that narrows as units arrive, its estimate as a
// line, zero, and the smallest effect worth detecting.
import * as Plot from "@observablehq/plot";

import type { Comparison, HistoryPoint } from "../api/types";
import { interval as intervalText, signedValue } from "../lib/format";
import { moment } from "../lib/time";
import { drawn, kInk, kLine, kQuiet, tip } from "./frame";

export interface NarrowingChartOptions {
  points: HistoryPoint[];
  variant: string; // Whose comparison with control.
  width: number;
  height?: number;
  mde?: number | null;
}

export interface Step {
  at: Date;
  estimate: number;
  low: number | null;
  high: number | null;
}

/** The steps at which the lift existed; empty when nothing can be drawn. */
export function stepsOf(points: HistoryPoint[], variant: string): Step[] {
  return points.flatMap(({ as_of, primary }) => {
    const lift = primary?.variant === variant ? primary.relative : undefined;
    if (!lift || !("estimate" in lift)) return [];
    const { estimate, low = null, high = null } = lift;
    return [{ at: new Date(as_of), estimate, low, high }];
  });
}

export function narrowingChart(options: NarrowingChartOptions): SVGSVGElement {
  const { points, variant, width, height = 300, mde = null } = options;
  const steps = stepsOf(points, variant);
  const [low, high] = yDomain(steps, mde);
  const last = steps.at(-1);
  const clip = (y: number | null, open: number) => Math.min(Math.max(y ?? open, low), high);
  return drawn(
    {
      width,
      height,
      marginLeft: 52,
      marginRight: mde === null ? 12 : 74,
      marginTop: 16,
      marginBottom: 36,
      x: { type: "utc", label: null },
      y: { domain: [low, high], label: null },
      marks: [
        Plot.gridY({ stroke: kLine, strokeOpacity: 0.35, ticks: 5 }),
        Plot.areaY(steps, {
          x: "at",
          y1: (step: Step) => clip(step.low, low),
          y2: (step: Step) => clip(step.high, high),
          fill: "var(--variant-1)",
          fillOpacity: 0.18,
        }),
        ...edges(steps, clip, low, high),
        Plot.ruleY([0], { stroke: kInk, strokeWidth: 1 }),
        ...mdeMarks(mde),
        Plot.lineY(steps, { x: "at", y: "estimate", stroke: "var(--variant-1)", strokeWidth: 2 }),
        tip(steps, { x: (step) => step.at, y: (step) => step.estimate, title: tipText }),
        Plot.dot(last ? [last] : [], { x: "at", y: "estimate", fill: "var(--variant-1)", r: 3.5 }),
        Plot.axisY({ ticks: 5, tickSize: 0, color: kQuiet,
          tickFormat: (y: number) => (y === 0 ? "0" : signedValue(y, "percent")) }),
        Plot.axisX({ ticks: Math.max(2, Math.floor(width / 110)), tickSize: 4, color: kQuiet }),
      ],
    },
    { label: `Lift of ${metricOf(points)} over time, ${variant}`, description: describe(last) },
  );
}

function edges(
  steps: Step[],
  clip: (y: number | null, open: number) => number,
  low: number,
  high: number,
): Plot.Markish[] {
  const style = { x: "at", stroke: "var(--variant-1)", strokeOpacity: 0.55, strokeWidth: 1 };
  return [
    Plot.lineY(steps, { ...style, y: (step: Step) => clip(step.low, low) }),
    Plot.lineY(steps, { ...style, y: (step: Step) => clip(step.high, high) }),
  ];
}

function mdeMarks(mde: number | null): Plot.Markish[] {
  if (mde === null) return [];
  return [
    Plot.ruleY([mde], { stroke: kQuiet, strokeDasharray: "2 3" }),
    Plot.text([mde], {
      y: Plot.identity,
      frameAnchor: "right",
      textAnchor: "start",
      text: () => `MDE ${signedValue(mde, "percent")}`,
      dx: 8,
      fill: kQuiet,
    }),
  ];
}

/** The first looks are very wide; the axis fits what the later half needs, twice over. */
function yDomain(steps: Step[], mde: number | null): [number, number] {
  const later = steps.slice(Math.floor(steps.length / 2));
  const reach = Math.max(
    0,
    ...later.flatMap(({ low, high, estimate }) => [low ?? 0, high ?? 0, estimate].map(Math.abs)),
  );
  const limit = 2 * reach;
  const all = steps.flatMap(({ low, high }) => [low ?? -limit, high ?? limit]);
  const bottom = Math.max(Math.min(0, mde ?? 0, ...all), -limit);
  const top = Math.min(Math.max(0, mde ?? 0, ...all), Math.max(limit, mde ?? 0));
  return bottom === top ? [-0.01, 0.01] : [bottom, top];
}

function metricOf(points: HistoryPoint[]): string {
  return points.find((point): point is HistoryPoint & { primary: Comparison } => !!point.primary)
    ?.primary.metric ?? "the primary metric";
}

function tipText(step: Step): string {
  const text = intervalText(step, "percent");
  return `${moment(step.at.toISOString())}\n${text.estimate}  ${text.range}`;
}

function describe(last: Step | undefined): string {
  if (!last) return "no estimate yet";
  const text = intervalText(last, "percent");
  return `now ${text.estimate}, interval ${text.low} to ${text.high}`;
}

// One interval on a shared axis: the line from low to high, its estimate as a shape that says which
// way it points, zero, and the smallest effect worth detecting. An end beyond the axis, or an
// unbounded one, is an arrow.
//
//   intervalChart({ interval, domain, reading, width: 320, label: "lift of add_to_cart_rate" })
import * as Plot from "@observablehq/plot";

import type { Interval } from "../api/types";
import type { Domain } from "../lib/domain";
import { interval as intervalText, type Quantity, signedValue } from "../lib/format";
import type { Reading, Tone } from "../lib/reading";
import { drawn, kLine, kQuiet } from "./frame";

export interface IntervalChartOptions {
  interval: Interval;
  domain: Domain;
  reading: Reading;
  quantity: Quantity;
  label: string;
  width: number;
  height?: number;
  mde?: number | null; // Signed: on the good side of zero.
}

const kToneColor: Record<Tone, string> = {
  good: "var(--good)",
  bad: "var(--bad)",
  warn: "var(--warn)",
  calm: "var(--calm)",
  muted: "var(--quiet)",
};

export function intervalChart(options: IntervalChartOptions): SVGSVGElement {
  const { interval, domain, reading, quantity, width, height = 28 } = options;
  const [from, to] = domain;
  const within = (x: number) => Math.min(Math.max(x, from), to);
  const low = within(interval.low ?? from);
  const high = within(interval.high ?? to);
  const color = kToneColor[reading.tone];
  const text = intervalText(interval, quantity);
  const cut = [
    ...(interval.low == null || interval.low < from ? [{ x: from, arrow: "◂" }] : []),
    ...(interval.high == null || interval.high > to ? [{ x: to, arrow: "▸" }] : []),
  ];
  const whole = [interval.low, interval.high].filter((end) => end != null && end >= from && end <= to);
  return drawn(
    {
      ...kBare,
      width,
      height,
      x: { domain, axis: null },
      y: { domain: [0, 1], axis: null },
      marks: [
        ...ground(options.mde ?? null),
        Plot.ruleY([{ low, high }], { x1: "low", x2: "high", y: 0.5, stroke: color, strokeWidth: 3 }),
        Plot.tickX(whole, { x: Plot.identity, stroke: color, strokeWidth: 2, insetTop: 8, insetBottom: 8 }),
        Plot.text(cut, { x: "x", y: 0.5, text: "arrow", fill: color, fontSize: 13 }),
        Plot.dot([within(interval.estimate)], {
          x: Plot.identity,
          y: 0.5,
          ...shapeOf(reading),
          r: 5,
          fill: reading.tone === "calm" ? "var(--surface)" : color,
          stroke: color,
          strokeWidth: 2,
        }),
      ],
    },
    { label: options.label, description: `${text.estimate}, interval ${text.low} to ${text.high}, ${reading.word}` },
  );
}

export interface AxisChartOptions {
  domain: Domain;
  quantity: Quantity;
  width: number;
  label: string;
}

/** The scale that the rows of intervals above or below it share. */
export function axisChart({ domain, quantity, width, label }: AxisChartOptions): SVGSVGElement {
  const ticks = Math.max(2, Math.min(7, Math.floor(width / 64)));
  return drawn(
    {
      ...kBare,
      width,
      height: 26,
      x: { domain },
      marks: [
        Plot.axisX({
          ticks,
          anchor: "bottom",
          label: null,
          tickSize: 4,
          color: kQuiet,
          tickFormat: (x: number) => (x === 0 ? "0" : signedValue(x, quantity)),
        }),
      ],
      marginBottom: 22,
    },
    { label },
  );
}

const kBare = { marginLeft: 20, marginRight: 20, marginTop: 0, marginBottom: 0 };

function ground(mde: number | null): Plot.Markish[] {
  const zero = Plot.ruleX([0], { stroke: kLine, strokeWidth: 1 });
  if (mde === null) return [zero];
  return [zero, Plot.ruleX([mde], { stroke: kQuiet, strokeWidth: 1, strokeDasharray: "2 3" })];
}

function shapeOf({ glyph }: Reading): Pick<Plot.DotOptions, "symbol" | "rotate"> {
  if (glyph === "▲") return { symbol: "triangle" };
  if (glyph === "▼") return { symbol: "triangle", rotate: 180 };
  return { symbol: "circle" };
}

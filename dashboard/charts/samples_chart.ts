// Units exposed per variant over time, one line each. Equal splits lie on each other, so control is
// drawn first and the dashes of the others let it through; swatch() is the key to the lines.
import * as Plot from "@observablehq/plot";

import type { HistoryPoint } from "../api/types";
import { count, shortCount } from "../lib/format";
import { moment } from "../lib/time";
import { drawn, kLine, kQuiet, tip, variantColor, variantDash } from "./frame";

export interface SamplesChartOptions {
  points: HistoryPoint[];
  variants: string[]; // Control first: it decides colors and dashes.
  width: number;
  height?: number;
}

interface Row {
  at: Date;
  variant: string;
  n: number;
}

export function samplesChart(options: SamplesChartOptions): SVGSVGElement {
  const { points, variants, width, height = 220 } = options;
  const rows = rowsOf(points, variants);
  const largest = Math.max(1, ...rows.map((row) => row.n));
  const ends = variants.flatMap((variant) => rows.findLast((row) => row.variant === variant) ?? []);
  return drawn(
    {
      width,
      height,
      marginLeft: 44,
      marginRight: 12,
      marginTop: 8,
      marginBottom: 36,
      x: { type: "utc", label: null },
      y: { domain: [0, largest], label: null },
      marks: [
        Plot.gridY({ stroke: kLine, strokeOpacity: 0.35, ticks: 4 }),
        Plot.axisY({ ticks: 4, tickSize: 0, color: kQuiet, tickFormat: (n: number) => shortCount(n) }),
        Plot.axisX({ ticks: Math.max(2, Math.floor(width / 110)), tickSize: 4, color: kQuiet }),
        ...variants.map((variant, index) =>
          Plot.lineY(rows.filter((row) => row.variant === variant), {
            x: "at",
            y: "n",
            stroke: variantColor(index),
            strokeWidth: 2,
            strokeDasharray: variantDash(index) || undefined,
            curve: "linear",
          }),
        ),
        tip(points, {
          x: (point) => new Date(point.as_of),
          y: (point) => Math.max(...variants.map((variant) => point.units[variant] ?? 0)),
          title: (point) => tipText(point, variants),
        }),
        ...ends.map((row) =>
          Plot.dot([row], { x: "at", y: "n", fill: variantColor(variants.indexOf(row.variant)), r: 3 }),
        ),
      ],
    },
    { label: "Units exposed over time", description: describe(ends) },
  );
}

/** A short piece of a variant's line. */
export function swatch(index: number): SVGSVGElement {
  return drawn(
    {
      width: 28,
      height: 10,
      margin: 0,
      axis: null,
      x: { domain: [0, 1] },
      y: { domain: [0, 1] },
      marks: [
        Plot.ruleY([0.5], {
          stroke: variantColor(index),
          strokeWidth: 2.5,
          strokeDasharray: variantDash(index) || undefined,
        }),
      ],
    },
    { label: "Line of this variant" },
  );
}

function rowsOf(points: HistoryPoint[], variants: string[]): Row[] {
  return points.flatMap((point) =>
    variants.map((variant) => ({
      at: new Date(point.as_of),
      variant,
      n: point.units[variant] ?? 0,
    })),
  );
}

function tipText({ as_of, units }: HistoryPoint, variants: string[]): string {
  const lines = variants.map((variant) => `${variant}  ${count(units[variant] ?? 0)}`);
  return [moment(as_of), ...lines].join("\n");
}

function describe(ends: Row[]): string {
  return ends.map((row) => `${row.variant}: ${count(row.n)}`).join(", ");
}

// The observed share of each variant as a bar, the expected one as a mark on it. What the
// sample-ratio check judges, to the eye.
import * as Plot from "@observablehq/plot";

import type { UnitCount } from "../api/types";
import { share } from "../lib/format";
import { drawn, kInk, variantColor } from "./frame";

export interface SplitChartOptions {
  unit: UnitCount;
  total: number;
  index: number; // Of the variant, control first.
  largestShare: number; // The end of the axis, shared by all variants.
  width: number;
}

export function splitChart(options: SplitChartOptions): SVGSVGElement {
  const { unit, total, index, largestShare, width } = options;
  const observed = total > 0 ? unit.n / total : 0;
  return drawn(
    {
      width,
      height: 16,
      marginLeft: 1,
      marginRight: 2,
      marginTop: 0,
      marginBottom: 0,
      x: { domain: [0, largestShare * 1.08], axis: null },
      y: { domain: [0, 1], axis: null },
      marks: [
        Plot.rect([observed], {
          x1: 0, x2: Plot.identity, y1: 0.15, y2: 0.85, fill: variantColor(index), rx: 2,
        }),
        Plot.ruleX([unit.expected_share], { y1: 0, y2: 1, stroke: "var(--surface)", strokeWidth: 5 }),
        Plot.ruleX([unit.expected_share], { y1: 0, y2: 1, stroke: kInk, strokeWidth: 2 }),
      ],
    },
    {
      label: `Share of ${unit.variant}`,
      description: `observed ${share(observed, 2)}, expected ${share(unit.expected_share, 2)}`,
    },
  );
}

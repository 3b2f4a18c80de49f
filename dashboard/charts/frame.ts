// What all charts share: Plot draws, this makes the result ours. Plot's inline <style> goes (the
// page's stylesheet has the rules, so a strict content policy holds), and the SVG gets a name and a
// description for those who do not see it.
import * as Plot from "@observablehq/plot";

export interface Described {
  label: string;
  description?: string;
}

export function drawn(options: Plot.PlotOptions, { label, description }: Described): SVGSVGElement {
  const svg = Plot.plot({ ...options, className: "chart", figure: false } as Plot.PlotOptions);
  svg.querySelector("style")?.remove();
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", description ? `${label}. ${description}` : label);
  // Inside an image nothing else is read out.
  for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  return svg as SVGSVGElement;
}

export const kInk = "var(--ink)";
export const kQuiet = "var(--quiet)";
export const kLine = "var(--line-strong)";

/** What the pointer is near, in words: the same that the tables say, for those who point. */
export function tip<Datum>(
  data: Datum[],
  at: { x: (one: Datum) => Date; y: (one: Datum) => number; title: (one: Datum) => string },
): Plot.Markish {
  return Plot.tip(
    data,
    Plot.pointerX({ ...at, fill: "var(--surface)", stroke: kLine, fontSize: 12, textPadding: 8, lineHeight: 1.35 }),
  );
}

/** Control is ink; treatments take distinct hues, dashes tell them apart without color. */
const kVariantColors = ["var(--variant-0)", "var(--variant-1)", "var(--variant-2)",
  "var(--variant-3)", "var(--variant-4)"];
const kVariantDashes = ["", "6 3", "2 3", "8 3 2 3", "1 4"];

export function variantColor(index: number): string {
  return kVariantColors[index % kVariantColors.length] ?? kInk;
}

export function variantDash(index: number): string {
  return kVariantDashes[index % kVariantDashes.length] ?? "";
}

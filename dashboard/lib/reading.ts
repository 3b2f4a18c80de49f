// What a comparison says, in a word, a glyph and a tone. Direction-aware: fewer errors are better.
// The word and the glyph carry the meaning; color only repeats it.
import type { Comparison, Decision, Guardrail, Interval, Scorecard, TrustCheck } from "../api/types";
import type { Quantity } from "./format";

export type Tone = "good" | "bad" | "warn" | "calm" | "muted";

export interface Reading {
  tone: Tone;
  glyph: string;
  word: string;
}

export type Scale = "relative" | "absolute";

/** An interval that can be drawn, or the sentence that stands in its place. */
export type Shown = { interval: Interval; quantity: Quantity } | { missing: string };

const kMissing = "No estimate yet.";

export function readComparison(comparison: Comparison): Reading {
  const effect = effectOf(comparison);
  if (effect === null) return { tone: "muted", glyph: "–", word: "no estimate" };
  if (!comparison.significant || effect === 0) return { tone: "calm", glyph: "○", word: "unclear" };
  const better = effect > 0 === (comparison.direction === "increase");
  const glyph = effect > 0 ? "▲" : "▼";
  return better ? { tone: "good", glyph, word: "better" } : { tone: "bad", glyph, word: "worse" };
}

const kDecisions: Record<Decision, Reading> = {
  ship: { tone: "good", glyph: "✓", word: "Ship" },
  do_not_ship: { tone: "bad", glyph: "✕", word: "Do not ship" },
  roll_back: { tone: "bad", glyph: "↩", word: "Roll back" },
  continue: { tone: "calm", glyph: "…", word: "Continue" },
  inconclusive: { tone: "muted", glyph: "≈", word: "Inconclusive" },
  invalid: { tone: "warn", glyph: "!", word: "Invalid" },
};

export function readDecision(decision: Decision): Reading {
  return kDecisions[decision] ?? { tone: "muted", glyph: "?", word: decision };
}

const kTrust: Record<TrustCheck["status"], Reading> = {
  ok: { tone: "good", glyph: "✓", word: "ok" },
  warning: { tone: "warn", glyph: "!", word: "warning" },
  failed: { tone: "bad", glyph: "✕", word: "failed" },
};

export function readTrust(status: TrustCheck["status"]): Reading {
  return kTrust[status] ?? { tone: "muted", glyph: "?", word: status };
}

const kGuardrails: Record<Guardrail["status"], Reading> = {
  passed: { tone: "good", glyph: "✓", word: "passed" },
  undecided: { tone: "calm", glyph: "○", word: "undecided" },
  failed: { tone: "bad", glyph: "✕", word: "failed" },
  no_data: { tone: "muted", glyph: "–", word: "no data" },
};

export function readGuardrail(status: Guardrail["status"]): Reading {
  return kGuardrails[status] ?? { tone: "muted", glyph: "?", word: status };
}

/** The interval to draw at a scale, or why there is none. */
export function shownAt(comparison: Comparison, scale: Scale, metricType?: string): Shown {
  if (scale === "relative") {
    const { relative, text } = comparison;
    if (relative && "estimate" in relative) return { interval: relative, quantity: "percent" };
    return { missing: relative?.text ?? text ?? kMissing };
  }
  const quantity = differenceQuantity(metricType);
  if (typeof comparison.estimate !== "number") {
    return { missing: comparison.text ?? kMissing };
  }
  const { estimate, low, high } = comparison;
  return { interval: { estimate, low, high }, quantity };
}

export function isShare(metricType?: string): boolean {
  return metricType === "proportion" || metricType === "retention";
}

export function valueQuantity(metricType?: string): Quantity {
  return isShare(metricType) ? "percent" : "plain";
}

export function differenceQuantity(metricType?: string): Quantity {
  return isShare(metricType) ? "points" : "plain";
}

export interface Block {
  word: "Withheld" | "Blocked";
  reason: string; // Whole sentences.
  brief: string; // For a row: "by sample ratio".
}

/** Why no effect may be shown: a failed trust check or a plan that must not be peeked at. */
export function blockOf(scorecard: Scorecard): Block | null {
  if (scorecard.withheld) {
    const reason = scorecard.withheld_reason ?? "The planned sample size is not reached yet.";
    return { word: "Withheld", reason, brief: "until the planned sample size" };
  }
  if (scorecard.trusted) return null;
  const failed = scorecard.trust.filter((check) => check.status === "failed");
  if (failed.length === 0) {
    return { word: "Blocked", reason: "A trust check failed.", brief: "by a failed trust check" };
  }
  const names = failed.map((check) => check.name.replaceAll("_", " ")).join(", ");
  const reason = failed.map((check) => check.message).join(" ");
  return { word: "Blocked", reason, brief: `by a failed check: ${names}` };
}

function effectOf(comparison: Comparison): number | null {
  const { estimate, relative } = comparison;
  if (typeof estimate === "number") return estimate;
  return relative && "estimate" in relative ? relative.estimate : null;
}

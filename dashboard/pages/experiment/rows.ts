// The scorecard's comparisons as rows: grouped by role, each with what is needed to show it.
import type { Comparison, Scorecard } from "../../api/types";
import type { PlanView } from "../../lib/plan";

export interface Row {
  comparison: Comparison;
  metricType: string | undefined;
  first: boolean; // Of its metric: shows the metric's name.
}

export interface Group {
  role: Comparison["role"];
  rows: Row[];
}

const kRoles: Comparison["role"][] = ["primary", "secondary", "guardrail"];

export function groupsOf(scorecard: Scorecard): Group[] {
  const types = new Map(scorecard.metrics.map((metric) => [metric.metric, metric.type]));
  return kRoles.flatMap((role) => {
    const own = scorecard.comparisons.filter((comparison) => comparison.role === role);
    const rows = own.map((comparison, index) => ({
      comparison,
      metricType: types.get(comparison.metric),
      first: own[index - 1]?.metric !== comparison.metric,
    }));
    return rows.length > 0 ? [{ role, rows }] : [];
  });
}

/** The smallest effect worth detecting on the good side of zero. */
export function signedMde(plan: PlanView, comparison: Comparison): number | null {
  const ofPlan = comparison.role === "primary" ? plan.mdeRelative : null;
  const mde = plan.mdeByMetric.get(comparison.metric) ?? ofPlan;
  if (mde === null) return null;
  return comparison.direction === "increase" ? mde : -mde;
}

export function treatmentsOf(scorecard: Scorecard): number {
  return new Set(scorecard.comparisons.map((comparison) => comparison.variant)).size;
}

/** Keys for rows and cells. */
export function keyOf(comparison: Comparison): string {
  return `${comparison.role} ${comparison.metric} ${comparison.variant}`;
}

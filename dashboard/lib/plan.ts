// The parts of a canonical plan (spec/formats/experiment.md) that the dashboard reads. The plan
// is an open object in the API, so each field is looked at before it is believed.

export interface PlanView {
  hypothesis: string | null;
  control: string | null;
  unit: string | null;
  method: string | null;
  alpha: number | null;
  power: number | null;
  mdeRelative: number | null;
  minRuntimeDays: number | null;
  maxRuntimeDays: number | null;
  sampleSizePerVariant: number | null;
  mdeByMetric: Map<string, number>;
}

type Fields = Record<string, unknown>;

export function readPlan(plan: unknown): PlanView {
  const root = fields(plan);
  const analysis = fields(root.analysis);
  const schedule = fields(root.schedule);
  return {
    hypothesis: text(root.hypothesis),
    control: text(root.control),
    unit: text(fields(root.assignment).unit) ?? text(root.unit),
    method: text(analysis.method),
    alpha: number(analysis.alpha),
    power: number(analysis.power),
    mdeRelative: number(analysis.mde_relative), // Of the primary metrics.
    minRuntimeDays: number(schedule.min_runtime_days),
    maxRuntimeDays: number(schedule.max_runtime_days),
    sampleSizePerVariant:
      number(schedule.sample_size_per_variant) ?? number(schedule.estimated_sample_size_per_group),
    mdeByMetric: metricMdes(root.metrics),
  };
}

function metricMdes(metrics: unknown): Map<string, number> {
  const mdes = new Map<string, number>();
  for (const metric of plannedMetrics(metrics)) {
    const name = text(metric.name);
    const mde = number(metric.mde_relative);
    if (name !== null && mde !== null && mde > 0) mdes.set(name, mde);
  }
  return mdes;
}

/** Planned metrics come as one list with roles, or as one list per role. */
function plannedMetrics(metrics: unknown): Fields[] {
  const lists = Array.isArray(metrics) ? [metrics] : Object.values(fields(metrics));
  return lists.flatMap((list) => (Array.isArray(list) ? list.map(fields) : []));
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

// The API's nouns under short names. They come from spec/http/openapi.yaml: change that, then run
// `npm run types`.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Failure = Schemas["Failure"];
export type State = Schemas["State"];
export type Decision = Schemas["Decision"];
export type ExperimentSummary = Schemas["ExperimentSummary"];
export type ExperimentList = Schemas["ExperimentList"];
/** The plan is an open object: lib/plan.ts reads the parts that are shown. */
export type Experiment = Omit<Schemas["Experiment"], "plan"> & { plan: unknown };
export type Comparison = Schemas["Comparison"];
export type Interval = Schemas["Interval"];
export type Scorecard = Schemas["Scorecard"];
export type TrustCheck = Scorecard["trust"][number];
export type MetricArms = Scorecard["metrics"][number];
export type UnitCount = Scorecard["units"][number];
export type Segment = NonNullable<Scorecard["segments"]>[number];
export type Guardrail = Scorecard["guardrails"][number];
export type History = Schemas["History"];
export type HistoryPoint = History["points"][number];
export type Verdict = Schemas["Verdict"];

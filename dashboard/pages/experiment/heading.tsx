import { memo } from "react";

import type { Experiment, Scorecard } from "../../api/types";
import { share } from "../../lib/format";
import type { PlanView } from "../../lib/plan";
import { days, kDayMs, moment, span } from "../../lib/time";
import { StateBadge } from "../../parts/badge";

interface HeadingProps {
  experiment: Experiment;
  scorecard: Scorecard | null;
  plan: PlanView;
}

export const Heading = memo(function Heading({ experiment, scorecard, plan }: HeadingProps) {
  const { name, id, state, version, fingerprint, started_at, stopped_at, warnings } = experiment;
  return (
    <header className="heading">
      <div className="title">
        <h1>{name}</h1>
        <StateBadge state={state} />
      </div>
      {plan.hypothesis && <p className="hypothesis">{plan.hypothesis}</p>}
      <dl className="facts">
        <Fact name="Id">{id}</Fact>
        <Fact name="Plan">
          <span title={`SHA-256 of the canonical plan: ${fingerprint}`}>
            v{version}, <code>{fingerprint.slice(0, 12)}</code>
          </span>
        </Fact>
        {plan.method && <Fact name="Method">{methodText(plan)}</Fact>}
        {started_at && <Fact name="Started">{moment(started_at)}</Fact>}
        {stopped_at && <Fact name="Stopped">{moment(stopped_at)}</Fact>}
        <Runtime scorecard={scorecard} plan={plan} />
      </dl>
      {warnings.map((warning) => (
        <p key={warning} className="banner tone-warn">
          <span className="glyph" aria-hidden="true">!</span>{warning}
        </p>
      ))}
    </header>
  );
});

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function methodText(plan: PlanView): string {
  const method = (plan.method ?? "").replaceAll("_", " ");
  return plan.alpha === null ? method : `${method}, α ${share(plan.alpha, 2)}`;
}

/** Runtime counts from the first exposure to the scorecard, as the verdict counts it. */
function Runtime({ scorecard, plan }: Pick<HeadingProps, "scorecard" | "plan">) {
  if (!scorecard?.first_exposure) return null;
  const ranMs = Date.parse(scorecard.as_of) - Date.parse(scorecard.first_exposure);
  const { minRuntimeDays: least, maxRuntimeDays: most } = plan;
  const limits = [
    least === null ? null : `at least ${days(least)}`,
    most === null ? null : `at most ${days(most)}`,
  ].filter((limit) => limit !== null);
  return (
    <Fact name="Runtime">
      {span(ranMs)} {limits.length > 0 && <span className="quiet">of {limits.join(", ")}</span>}
      {most !== null && <RuntimeTrack ran={ranMs / kDayMs} least={least} most={most} />}
    </Fact>
  );
}

function RuntimeTrack({ ran, least, most }: { ran: number; least: number | null; most: number }) {
  const part = (count: number) => `${Math.min(100, (100 * count) / most)}%`;
  return (
    <span className="track" aria-hidden="true">
      <span className="track-done" style={{ width: part(ran) }} />
      {least !== null && <span className="track-mark" style={{ left: part(least) }} />}
    </span>
  );
}

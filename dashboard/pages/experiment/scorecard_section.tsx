// The scorecard as an interval chart with its numbers. The chart is a column of a real table, so
// each interval sits beside its figures and reads in order without eyes, too.
import { Fragment, memo, useCallback, useMemo } from "react";

import { axisChart, intervalChart } from "../../charts/interval_chart";
import type { Comparison, Scorecard } from "../../api/types";
import { type Domain, domainOf } from "../../lib/domain";
import { interval as intervalText, kDash, probability, pText, share } from "../../lib/format";
import type { PlanView } from "../../lib/plan";
import { type Block, readComparison, type Scale, type Shown, shownAt } from "../../lib/reading";
import { experimentAddress } from "../../lib/route";
import { Badge } from "../../parts/badge";
import { Chart } from "../../parts/chart";
import { Name } from "../../parts/name";
import { Link } from "../../parts/router";
import { type Group, groupsOf, keyOf, type Row, signedMde, treatmentsOf } from "./rows";

interface ScorecardProps {
  scorecard: Scorecard;
  plan: PlanView;
  scale: Scale;
  block: Block | null;
}

export const ScorecardSection = memo(function ScorecardSection(props: ScorecardProps) {
  const { scorecard, plan, scale, block } = props;
  const groups = useMemo(() => groupsOf(scorecard), [scorecard]);
  const domain = useMemo(() => relativeDomain(groups, plan), [groups, plan]);
  const named = treatmentsOf(scorecard) > 1;
  return (
    <section className="panel" aria-labelledby="scorecard-title">
      <div className="section-head">
        <h2 id="scorecard-title">Scorecard</h2>
        <ScaleToggle id={scorecard.experiment} scale={scale} />
      </div>
      {block !== null && (
        <p className="blocked-note"><strong>{block.word}.</strong> {block.reason}</p>
      )}
      {groups.length === 0 ? <p className="quiet">The plan names no metric with data yet.</p> : (
        <table className="scorecard stack" role="table">
          <caption className="visually-hidden">
            Treatment minus control, {scale}, with {confidence(scorecard)} intervals
          </caption>
          {block === null ? <Head domain={scale === "relative" ? domain : null} scale={scale} /> : <BlockedHead />}
          {groups.map((group) => (
            <GroupRows key={group.role} {...props} group={group} named={named} domain={domain} />
          ))}
        </table>
      )}
      {block === null && groups.length > 0 && (
        <Legend scorecard={scorecard} mde={plan.mdeRelative !== null || plan.mdeByMetric.size > 0} scale={scale} />
      )}
    </section>
  );
});

function ScaleToggle({ id, scale }: { id: string; scale: Scale }) {
  return (
    <nav className="segmented" aria-label="Scale of effects">
      {(["relative", "absolute"] as const).map((one) => (
        <Link key={one} href={experimentAddress(id, one)} aria-current={one === scale ? "true" : undefined}>
          {one === "relative" ? "Relative" : "Absolute"}
        </Link>
      ))}
    </nav>
  );
}

function Head({ domain, scale }: { domain: Domain | null; scale: Scale }) {
  const axis = useCallback(
    (width: number) =>
      axisChart({ domain: domain ?? [-1, 1], quantity: "percent", width, label: "Relative lift" }),
    [domain],
  );
  return (
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">Metric</th>
        <th role="columnheader" scope="col" className="number">
          {scale === "relative" ? "Lift" : "Difference"}
        </th>
        <th role="columnheader" scope="col" className="chart-cell">
          {domain ? <Chart draw={axis} className="axis" /> : <span className="visually-hidden">Chart</span>}
        </th>
        <th role="columnheader" scope="col" className="number">Interval</th>
        <th role="columnheader" scope="col" className="number">Evidence</th>
        <th role="columnheader" scope="col">Reading</th>
      </tr>
    </thead>
  );
}

function BlockedHead() {
  return (
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">Metric</th>
        <th role="columnheader" scope="col" colSpan={5}>Effect</th>
      </tr>
    </thead>
  );
}

interface GroupProps extends ScorecardProps {
  group: Group;
  named: boolean; // Several treatments: a row for the metric, then one for each.
  domain: Domain | null;
}

function GroupRows({ group, named, domain, scale, plan, block }: GroupProps) {
  return (
    <tbody role="rowgroup">
      <tr role="row" className="group">
        <th role="rowheader" scope="rowgroup" colSpan={6}>{group.role}</th>
      </tr>
      {group.rows.map((row) => (
        <Fragment key={keyOf(row.comparison)}>
          {named && row.first && (
            <tr role="row" className="metric">
              <th role="rowheader" scope="rowgroup" colSpan={6}><MetricName of={row.comparison} /></th>
            </tr>
          )}
          <EffectRow row={row} named={named} domain={domain} scale={scale} plan={plan} block={block} />
        </Fragment>
      ))}
    </tbody>
  );
}

interface EffectRowProps {
  row: Row;
  named: boolean;
  domain: Domain | null;
  scale: Scale;
  plan: PlanView;
  block: Block | null;
}

const EffectRow = memo(function EffectRow(props: EffectRowProps) {
  const { row, named, scale, block } = props;
  const { comparison, metricType } = row;
  const shown = useMemo(() => shownAt(comparison, scale, metricType), [comparison, scale, metricType]);
  return (
    <tr role="row" className={named ? "treatment" : ""}>
      <th role="rowheader" scope="row" className="name-cell">
        {named
          ? <><span className="visually-hidden">{comparison.metric}, </span>{comparison.variant}</>
          : <MetricName of={comparison} />}
      </th>
      {block === null
        ? <Effect {...props} shown={shown} />
        : <td role="cell" colSpan={5} className="blocked">{block.word} {block.brief}.</td>}
    </tr>
  );
});

function MetricName({ of }: { of: Comparison }) {
  return (
    <>
      <span className="metric-name"><Name>{of.metric}</Name></span>
      <span className="direction">{directionText(of)}</span>
    </>
  );
}

function Effect({ row, domain, scale, plan, shown }: EffectRowProps & { shown: Shown }) {
  const { comparison } = row;
  const reading = readComparison(comparison);
  if ("missing" in shown) {
    return (
      <>
        <td role="cell" colSpan={4} className="quiet">{shown.missing}</td>
        <td role="cell"><Badge reading={{ tone: "muted", glyph: "–", word: "no estimate" }} /></td>
      </>
    );
  }
  const text = intervalText(shown.interval, shown.quantity);
  return (
    <>
      <td role="cell" className={`number lift tone-${reading.tone}`}>{text.estimate}</td>
      <td role="cell" className="chart-cell">
        <EffectChart comparison={comparison} shown={shown} scale={scale} domain={domain} plan={plan} />
      </td>
      <td role="cell" className="number range">{text.range}</td>
      <td role="cell" className="number">{evidence(comparison)}</td>
      <td role="cell"><Badge reading={reading} /></td>
    </>
  );
}

function EffectChart({ comparison, shown, scale, domain, plan }: {
  comparison: Comparison;
  shown: Exclude<Shown, { missing: string }>;
  scale: Scale;
  domain: Domain | null;
  plan: PlanView;
}) {
  const draw = useCallback(
    (width: number) =>
      intervalChart({
        ...shown,
        domain: (scale === "relative" ? domain : null) ?? domainOf([shown.interval]),
        reading: readComparison(comparison),
        label: `${scale === "relative" ? "Lift" : "Difference"} of ${comparison.metric}, ${comparison.variant}`,
        mde: scale === "relative" ? signedMde(plan, comparison) : null,
        width,
      }),
    [comparison, shown, scale, domain, plan],
  );
  return <Chart draw={draw} />;
}

function Legend({ scorecard, mde, scale }: { scorecard: Scorecard; mde: boolean; scale: Scale }) {
  const relative = scale === "relative";
  return (
    <p className="legend quiet">
      Treatment minus control with {confidence(scorecard)} intervals. ▲▼ the interval excludes zero,
      ○ it does not{mde && relative && <>, ┊ smallest effect worth detecting</>}
      {relative ? ", ◂▸ reaches beyond the axis." : "; each row has its own axis."}
    </p>
  );
}

/** Null when no row has a lift. */
function relativeDomain(groups: Group[], plan: PlanView): Domain | null {
  const rows = groups.flatMap((group) => group.rows);
  const intervals = rows.flatMap(({ comparison }) => {
    const shown = shownAt(comparison, "relative");
    return "missing" in shown ? [] : [shown.interval];
  });
  const mdes = rows.flatMap(({ comparison }) => signedMde(plan, comparison) ?? []);
  return intervals.length > 0 ? domainOf(intervals, mdes) : null;
}

function confidence({ alpha }: Scorecard): string {
  return alpha === undefined ? "confidence" : share(1 - alpha, 2);
}

function directionText({ direction, role }: Comparison): string {
  if (role === "guardrail") return direction === "increase" ? "must not decrease" : "must not increase";
  return direction === "increase" ? "more is better" : "less is better";
}

export function evidence(comparison: Comparison): string {
  const { p_adjusted, p_value, probability_better } = comparison;
  if (probability_better !== undefined) return `P(better) ${probability(probability_better)}`;
  const p = p_adjusted ?? p_value;
  if (p === undefined) return kDash;
  return pText(p);
}

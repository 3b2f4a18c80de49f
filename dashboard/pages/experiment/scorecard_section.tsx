// The scorecard as an interval chart with its numbers. The chart is a column of a real table, so
// each interval sits beside its figures and reads in order without eyes, too.
import { memo, useCallback, useMemo } from "react";

import { axisChart, intervalChart } from "../../charts/interval_chart";
import type { Comparison, Scorecard } from "../../api/types";
import { type Domain, domainOf } from "../../lib/domain";
import { interval as intervalText, kDash, probability, pText } from "../../lib/format";
import type { PlanView } from "../../lib/plan";
import { readComparison, type Scale, type Shown, shownAt } from "../../lib/reading";
import { experimentAddress } from "../../lib/route";
import { Badge } from "../../parts/badge";
import { Chart } from "../../parts/chart";
import { Link } from "../../parts/router";
import { type Group, groupsOf, keyOf, type Row, signedMde, treatmentsOf } from "./rows";

interface ScorecardProps {
  scorecard: Scorecard;
  plan: PlanView;
  scale: Scale;
  blocked: string | null;
}

export const ScorecardSection = memo(function ScorecardSection(props: ScorecardProps) {
  const { scorecard, plan, scale, blocked } = props;
  const groups = useMemo(() => groupsOf(scorecard), [scorecard]);
  const domain = useMemo(() => relativeDomain(groups, plan), [groups, plan]);
  const named = treatmentsOf(scorecard) > 1;
  return (
    <section className="panel" aria-labelledby="scorecard-title">
      <div className="section-head">
        <h2 id="scorecard-title">Scorecard</h2>
        <ScaleToggle id={scorecard.experiment} scale={scale} />
      </div>
      {blocked !== null && (
        <div className="blocked-note">
          <strong>{scorecard.withheld ? "Withheld." : "Blocked."}</strong> {blocked}
        </div>
      )}
      {groups.length === 0 ? <p className="quiet">The plan names no metric with data yet.</p> : (
        <table className="scorecard stack" role="table">
          <caption className="visually-hidden">
            Treatment minus control, {scale}, with {confidence(scorecard)} intervals
          </caption>
          <Head domain={scale === "relative" && blocked === null ? domain : null} scale={scale} />
          {groups.map((group) => (
            <GroupRows key={group.role} group={group} named={named} domain={domain} {...props} />
          ))}
        </table>
      )}
      <Legend scorecard={scorecard} mde={plan.mdeRelative !== null || plan.mdeByMetric.size > 0} scale={scale} />
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

function GroupRows(props: ScorecardProps & { group: Group; named: boolean; domain: Domain }) {
  const { group, named, domain, scale, plan, blocked } = props;
  return (
    <tbody role="rowgroup">
      <tr role="row" className="group">
        <th role="rowheader" scope="rowgroup" colSpan={6}>{group.role}</th>
      </tr>
      {group.rows.map((row) => (
        <EffectRow
          key={keyOf(row.comparison)} row={row} named={named} domain={domain} scale={scale}
          plan={plan} blocked={blocked}
        />
      ))}
    </tbody>
  );
}

interface EffectRowProps {
  row: Row;
  named: boolean;
  domain: Domain;
  scale: Scale;
  plan: PlanView;
  blocked: string | null;
}

const EffectRow = memo(function EffectRow(props: EffectRowProps) {
  const { row, named, scale, blocked } = props;
  const { comparison, metricType, first } = row;
  const shown = useMemo(() => shownAt(comparison, scale, metricType), [comparison, scale, metricType]);
  return (
    <tr role="row" className={first ? "first" : "again"}>
      <th role="rowheader" scope="row" className="name-cell">
        <span className={first ? "metric-name" : "visually-hidden"}>{comparison.metric}</span>{" "}
        {named && <span className="variant-name">{comparison.variant}</span>}
        {first && <span className="direction">{directionText(comparison)}</span>}
      </th>
      {blocked !== null
        ? <td role="cell" colSpan={5} className="blocked">Blocked: {blocked}</td>
        : <Effect {...props} shown={shown} />}
    </tr>
  );
});

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
      <td role="cell" className="number range" data-label="Interval">{text.range}</td>
      <td role="cell" className="number" data-label="Evidence">{evidence(comparison)}</td>
      <td role="cell" data-label="Reading"><Badge reading={reading} /></td>
    </>
  );
}

function EffectChart({ comparison, shown, scale, domain, plan }: {
  comparison: Comparison;
  shown: Exclude<Shown, { missing: string }>;
  scale: Scale;
  domain: Domain;
  plan: PlanView;
}) {
  const draw = useCallback(
    (width: number) =>
      intervalChart({
        ...shown,
        domain: scale === "relative" ? domain : domainOf([shown.interval]),
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

function relativeDomain(groups: Group[], plan: PlanView): Domain {
  const rows = groups.flatMap((group) => group.rows);
  const intervals = rows.flatMap(({ comparison }) => {
    const shown = shownAt(comparison, "relative");
    return "missing" in shown ? [] : [shown.interval];
  });
  const mdes = rows.flatMap(({ comparison }) => signedMde(plan, comparison) ?? []);
  return domainOf(intervals, mdes);
}

function confidence({ alpha }: Scorecard): string {
  return alpha === undefined ? "confidence" : `${Number(((1 - alpha) * 100).toFixed(2))}%`;
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

// Every number behind the scorecard, for those who check.
import { memo } from "react";

import type { Comparison, MetricArms, Scorecard } from "../../api/types";
import { count, kDash, interval as intervalText, share, value } from "../../lib/format";
import { type Block, differenceQuantity, type Shown, shownAt, valueQuantity } from "../../lib/reading";
import { Name } from "../../parts/name";
import { TableRegion } from "../../parts/table_region";
import { keyOf } from "./rows";
import { evidence } from "./scorecard_section";

interface NumbersProps {
  scorecard: Scorecard;
  block: Block | null;
}

const kColumns = ["Control", "Treatment", "Difference", "Lift", "Evidence"];

export const Numbers = memo(function Numbers({ scorecard, block }: NumbersProps) {
  const { comparisons, metrics } = scorecard;
  if (comparisons.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="numbers-title">
      <div className="section-head">
        <h2 id="numbers-title">Numbers</h2>
        {scorecard.engine && <p className="quiet">{scorecard.engine}</p>}
      </div>
      <TableRegion label="Numbers">
        <table className="numbers stack" role="table">
          <caption className="visually-hidden">Values, differences and methods per metric and treatment</caption>
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader" scope="col">Metric</th>
              {kColumns.map((name) => (
                <th key={name} role="columnheader" scope="col" className="number">{name}</th>
              ))}
              <th role="columnheader" scope="col">Method</th>
              <th role="columnheader" scope="col">Notes</th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {comparisons.map((comparison) => (
              <NumbersRow
                key={keyOf(comparison)}
                comparison={comparison}
                arms={metrics.find((metric) => metric.metric === comparison.metric)}
                block={block}
              />
            ))}
          </tbody>
        </table>
      </TableRegion>
    </section>
  );
});

function NumbersRow({ comparison, arms, block }: {
  comparison: Comparison;
  arms: MetricArms | undefined;
  block: Block | null;
}) {
  const { metric, variant, control, n_control, n_variant, method } = comparison;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" className="name-cell">
        <span className="metric-name"><Name>{metric}</Name></span>
        <span className="variant-name">{variant}</span>
      </th>
      <ArmCell label="Control" arms={arms} variant={control} n={n_control} />
      <ArmCell label="Treatment" arms={arms} variant={variant} n={n_variant} />
      {block !== null
        ? <td role="cell" colSpan={3} className="blocked">{block.word}</td>
        : (
          <>
            <IntervalCell label="Difference" shown={shownAt(comparison, "absolute", arms?.type)} />
            <IntervalCell label="Lift" shown={shownAt(comparison, "relative")} />
            <td role="cell" className="number" data-label="Evidence">{evidence(comparison)}</td>
          </>
        )}
      <td role="cell" className="method" data-label="Method">{method.replaceAll("_", " ").replaceAll("+", " + ")}</td>
      <td role="cell" className="prose">
        {notesOf(comparison, arms).map((note, index) => <p key={index}>{note}</p>)}
      </td>
    </tr>
  );
}

function IntervalCell({ label, shown }: { label: string; shown: Shown }) {
  if ("missing" in shown) {
    return <td role="cell" className="prose quiet" data-label={label}>{shown.missing}</td>;
  }
  const text = intervalText(shown.interval, shown.quantity);
  return (
    <td role="cell" className="number" data-label={label}>
      {text.estimate}
      {" "}<span className="range">{text.range}</span>
    </td>
  );
}

function ArmCell({ label, arms, variant, n }: {
  label: string;
  arms: MetricArms | undefined;
  variant: string;
  n: number | undefined;
}) {
  const arm = arms?.arms.find((one) => one.variant === variant);
  const units = n ?? arm?.n;
  return (
    <td role="cell" className="number" data-label={label}>
      {arm?.value === undefined ? kDash : value(arm.value, valueQuantity(arms?.type), 4)}
      {" "}{units !== undefined && <span className="range">n {count(units)}</span>}
    </td>
  );
}

function notesOf(comparison: Comparison, arms: MetricArms | undefined): string[] {
  const notes = [...comparison.warnings];
  if (arms && arms.maturity < 1) notes.push(`${share(arms.maturity)} of units have a complete window.`);
  const { all_units } = comparison;
  if (typeof all_units?.estimate === "number") {
    const { estimate, range } = intervalText(all_units, differenceQuantity(arms?.type));
    notes.push(`With units whose window is still open: ${estimate} ${range}.`);
  }
  if (comparison.variance_reduction) {
    notes.push(`Covariates removed ${share(comparison.variance_reduction)} of the variance.`);
  }
  return notes;
}

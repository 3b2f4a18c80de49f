// Every number behind the scorecard, for those who check.
import { memo } from "react";

import type { Comparison, MetricArms, Scorecard } from "../../api/types";
import { count, kDash, interval as intervalText, share, value } from "../../lib/format";
import { type Block, differenceQuantity, type Shown, shownAt, valueQuantity } from "../../lib/reading";
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
        <table className="numbers">
          <caption className="visually-hidden">Values, differences and methods per metric and treatment</caption>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {kColumns.map((name) => <th key={name} scope="col" className="number">{name}</th>)}
              <th scope="col">Method</th>
              <th scope="col">Notes</th>
            </tr>
          </thead>
          <tbody>
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
    <tr>
      <th scope="row">
        <span className="metric-name">{metric}</span>
        <span className="variant-name">{variant}</span>
      </th>
      <ArmCell arms={arms} variant={control} n={n_control} />
      <ArmCell arms={arms} variant={variant} n={n_variant} />
      {block !== null
        ? <td colSpan={3} className="blocked">{block.word}</td>
        : (
          <>
            <IntervalCell shown={shownAt(comparison, "absolute", arms?.type)} />
            <IntervalCell shown={shownAt(comparison, "relative")} />
            <td className="number">{evidence(comparison)}</td>
          </>
        )}
      <td className="method">{method.replaceAll("_", " ").replaceAll("+", " + ")}</td>
      <td className="prose">{notesOf(comparison, arms).map((note, index) => <p key={index}>{note}</p>)}</td>
    </tr>
  );
}

function IntervalCell({ shown }: { shown: Shown }) {
  if ("missing" in shown) return <td className="prose quiet">{shown.missing}</td>;
  const text = intervalText(shown.interval, shown.quantity);
  return (
    <td className="number">
      {text.estimate}
      <span className="range">{text.range}</span>
    </td>
  );
}

function ArmCell({ arms, variant, n }: {
  arms: MetricArms | undefined;
  variant: string;
  n: number | undefined;
}) {
  const arm = arms?.arms.find((one) => one.variant === variant);
  const units = n ?? arm?.n;
  return (
    <td className="number">
      {arm?.value === undefined ? kDash : value(arm.value, valueQuantity(arms?.type), 4)}
      {units !== undefined && <span className="range">n {count(units)}</span>}
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

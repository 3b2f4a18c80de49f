import { memo, useCallback, useMemo } from "react";

import { samplesChart, swatch } from "../../charts/samples_chart";
import { splitChart } from "../../charts/split_chart";
import type { History, Scorecard, UnitCount } from "../../api/types";
import { count, share } from "../../lib/format";
import type { PlanView } from "../../lib/plan";
import { Chart } from "../../parts/chart";

interface SamplesProps {
  scorecard: Scorecard;
  history: History | null;
  plan: PlanView;
}

export const Samples = memo(function Samples({ scorecard, history, plan }: SamplesProps) {
  const { units } = scorecard;
  const points = history?.points ?? [];
  const variants = useMemo(() => units.map((unit) => unit.variant), [units]);
  const draw = useCallback(
    (width: number) => samplesChart({ points, variants, width }),
    [points, variants],
  );
  const total = units.reduce((sum, unit) => sum + unit.n, 0);
  return (
    <section className="panel" aria-labelledby="samples-title">
      <div className="section-head">
        <h2 id="samples-title">Units exposed</h2>
        <p className="quiet">
          {count(total)}
          {plan.sampleSizePerVariant !== null &&
            ` of ${count(plan.sampleSizePerVariant * units.length)} planned`}
        </p>
      </div>
      {points.length > 1
        ? <Chart draw={draw} />
        : <p className="quiet">The curve appears with the second scorecard.</p>}
      <Split units={units} total={total} />
    </section>
  );
});

function Split({ units, total }: { units: UnitCount[]; total: number }) {
  const largest = Math.max(
    ...units.flatMap((unit) => [unit.expected_share, total > 0 ? unit.n / total : 0]),
  );
  return (
    <table className="split">
      <caption className="visually-hidden">Observed and expected split of units</caption>
      <thead>
        <tr>
          <th scope="col">Variant</th>
          <th scope="col" className="number">Units</th>
          <th scope="col" className="number">Observed</th>
          <th scope="col" className="number">Expected</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {units.map((unit, index) => (
          <SplitRow key={unit.variant} unit={unit} index={index} total={total} largestShare={largest} />
        ))}
      </tbody>
    </table>
  );
}

function SplitRow(row: { unit: UnitCount; index: number; total: number; largestShare: number }) {
  const { unit, index, total, largestShare } = row;
  const draw = useCallback(
    (width: number) => splitChart({ unit, index, total, largestShare, width }),
    [unit, index, total, largestShare],
  );
  const key = useCallback(() => swatch(index), [index]);
  return (
    <tr>
      <th scope="row"><Chart draw={key} className="swatch" />{unit.variant}</th>
      <td className="number">{count(unit.n)}</td>
      <td className="number">{total > 0 ? share(unit.n / total, 2) : "–"}</td>
      <td className="number">{share(unit.expected_share, 2)}</td>
      <td className="chart-cell"><Chart draw={draw} /></td>
    </tr>
  );
}

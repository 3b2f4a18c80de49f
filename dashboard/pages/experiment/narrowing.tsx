import { memo, useCallback, useMemo } from "react";

import { narrowingChart, stepsOf } from "../../charts/narrowing_chart";
import type { Comparison, History, HistoryPoint, Scorecard } from "../../api/types";
import type { PlanView } from "../../lib/plan";
import type { Block } from "../../lib/reading";
import { Chart } from "../../parts/chart";
import { signedMde } from "./rows";

interface NarrowingProps {
  scorecard: Scorecard;
  history: History | null;
  plan: PlanView;
  block: Block | null;
}

export const Narrowing = memo(function Narrowing(props: NarrowingProps) {
  const { scorecard, history, plan, block } = props;
  const points = history?.points ?? [];
  const drawable = useMemo(() => seriesOf(points), [points]);
  const first = drawable[0];
  return (
    <section className="panel" aria-labelledby="narrowing-title">
      <div className="section-head">
        <h2 id="narrowing-title">Primary lift over time</h2>
        {first && <p className="quiet">{first.metric}</p>}
      </div>
      {block !== null && <p className="blocked">{block.word} {block.brief}.</p>}
      {block === null && !first && (
        <p className="quiet">The band appears with the second estimate.</p>
      )}
      {block === null && drawable.map((primary) => (
        <Band
          key={primary.variant}
          points={points}
          variant={primary.variant}
          mde={signedMde(plan, primary)}
          named={drawable.length > 1 || scorecard.units.length > 2}
        />
      ))}
    </section>
  );
});

function Band({ points, variant, mde, named }: {
  points: HistoryPoint[];
  variant: string;
  mde: number | null;
  named: boolean;
}) {
  const draw = useCallback(
    (width: number) => narrowingChart({ points, variant, width, mde }),
    [points, variant, mde],
  );
  return (
    <>
      {named && <h3 className="band-name">{variant}</h3>}
      <Chart draw={draw} />
    </>
  );
}

/** The newest primary comparison of each treatment that has at least two estimates. */
function seriesOf(points: HistoryPoint[]): Comparison[] {
  const newest = new Map<string, Comparison>();
  for (const { primary } of points) if (primary) newest.set(primary.variant, primary);
  return [...newest.values()].filter((primary) => stepsOf(points, primary.variant).length > 1);
}

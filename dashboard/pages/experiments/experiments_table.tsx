import { memo, useCallback, useMemo } from "react";

import { axisChart, intervalChart } from "../../charts/interval_chart";
import type { ExperimentSummary } from "../../api/types";
import { type Domain, domainOf } from "../../lib/domain";
import { count, interval as intervalText } from "../../lib/format";
import { readComparison, readDecision, readTrust, shownAt } from "../../lib/reading";
import { experimentAddress } from "../../lib/route";
import { Badge, StateBadge } from "../../parts/badge";
import { Chart } from "../../parts/chart";
import { Name } from "../../parts/name";
import { Link } from "../../parts/router";

export const ExperimentsTable = memo(function ExperimentsTable({ experiments }: {
  experiments: ExperimentSummary[];
}) {
  const domain = useMemo(() => domainOf(experiments.flatMap(drawable)), [experiments]);
  const axis = useCallback(
    (width: number) => axisChart({ domain, quantity: "percent", width, label: "Relative lift" }),
    [domain],
  );
  return (
    <table className="experiments stack" role="table">
      <caption className="visually-hidden">Experiments with their state and primary result</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Experiment</th>
          <th role="columnheader" scope="col">State</th>
          <th role="columnheader" scope="col" className="number">Units</th>
          <th role="columnheader" scope="col">Trust</th>
          <th role="columnheader" scope="col">Primary metric, lift</th>
          <th role="columnheader" scope="col" className="chart-cell"><Chart draw={axis} className="axis" /></th>
          <th role="columnheader" scope="col">Verdict</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {experiments.map((one) => <Row key={one.id} experiment={one} domain={domain} />)}
      </tbody>
    </table>
  );
});

const Row = memo(function Row({ experiment, domain }: {
  experiment: ExperimentSummary;
  domain: Domain;
}) {
  const { id, name, state, units, trusted, verdict } = experiment;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" className="name-cell">
        <Link href={experimentAddress(id)}>{name}</Link>
        <span className="id">{id}</span>
      </th>
      <td role="cell" className="state-cell"><StateBadge state={state} /></td>
      <td role="cell" data-label="Units" className="number">{count(units)}</td>
      <td role="cell"><TrustMark trusted={trusted} /></td>
      <Primary experiment={experiment} domain={domain} />
      <td role="cell" className="verdict-cell">
        {verdict
          ? <Badge reading={readDecision(verdict.decision)} title={verdict.sentence} />
          : <span className="quiet">no verdict yet</span>}
      </td>
    </tr>
  );
});

function TrustMark({ trusted }: { trusted: boolean | undefined }) {
  if (trusted === undefined) return <span className="quiet">not checked</span>;
  return (
    <Badge reading={readTrust(trusted ? "ok" : "failed")}>{trusted ? "trusted" : "failed"}</Badge>
  );
}

function Primary({ experiment, domain }: { experiment: ExperimentSummary; domain: Domain }) {
  const { primary, trusted } = experiment;
  const shown = useMemo(() => (primary ? shownAt(primary, "relative") : null), [primary]);
  const draw = useCallback(
    (width: number) => {
      if (!primary || !shown || "missing" in shown) throw new Error("nothing to draw");
      const label = `Relative lift of ${primary.metric}`;
      return intervalChart({ ...shown, domain, reading: readComparison(primary), label, width });
    },
    [primary, shown, domain],
  );
  if (!primary || !shown) return <Nothing text="No result yet." />;
  if (trusted === false) return <Nothing metric={primary.metric} text="Blocked: a trust check failed." />;
  if ("missing" in shown) return <Nothing metric={primary.metric} text={shown.missing} />;
  return (
    <>
      <td role="cell" className="primary">
        <span className="metric-name"><Name>{primary.metric}</Name></span>
        <span className="lift">{intervalText(shown.interval, shown.quantity).estimate}</span>
      </td>
      <td role="cell" className="chart-cell"><Chart draw={draw} /></td>
    </>
  );
}

function Nothing({ metric, text }: { metric?: string; text: string }) {
  return (
    <td role="cell" colSpan={2}>
      {metric && <span className="metric-name"><Name>{metric}</Name></span>}
      <span className="quiet">{text}</span>
    </td>
  );
}

function drawable(experiment: ExperimentSummary) {
  const { primary, trusted } = experiment;
  if (!primary || trusted === false) return [];
  const shown = shownAt(primary, "relative");
  return "missing" in shown ? [] : [shown.interval];
}

// One experiment. What to do comes first, then whether to believe it, then the numbers.
import { memo, useCallback, useMemo } from "react";

import type { Client } from "../api/client";
import { getReport, type Report } from "../api/report";
import { usePoll } from "../api/use_poll";
import { readPlan } from "../lib/plan";
import { blockOf, type Scale } from "../lib/reading";
import { FailurePanel, Freshness, StaleBanner } from "../parts/freshness";
import { Link } from "../parts/router";
import { Shell } from "../parts/shell";
import { Guardrails } from "./experiment/guardrails";
import { Heading } from "./experiment/heading";
import { Narrowing } from "./experiment/narrowing";
import { Numbers } from "./experiment/numbers";
import { Plan } from "./experiment/plan";
import { Samples } from "./experiment/samples";
import { ScorecardSection } from "./experiment/scorecard_section";
import { Segments } from "./experiment/segments";
import { Trust } from "./experiment/trust";
import { VerdictSection } from "./experiment/verdict_section";
import { NotFoundPage } from "./not_found_page";

export function ExperimentPage({ id, scale }: { id: string; scale: Scale }) {
  const load = useCallback(
    (client: Client, before: Report | null, signal: AbortSignal) =>
      getReport(client, id, before, signal),
    [id],
  );
  const view = usePoll(load);
  if (view.error?.kind === "not_found") return <NotFoundPage what={`The experiment ${id}`} />;
  return (
    <Shell title={view.data?.experiment.name ?? id} place={id}>
      <div className="crumbs">
        <nav aria-label="Breadcrumb"><Link href="/">Experiments</Link></nav>
        <Freshness view={view} />
      </div>
      <StaleBanner view={view} />
      {view.data !== null && <ReportView report={view.data} scale={scale} />}
      {view.data === null && view.error === null && <Loading id={id} />}
      {view.data === null && view.error !== null && (
        <>
          <h1>{id}</h1>
          <FailurePanel view={view} />
        </>
      )}
    </Shell>
  );
}

function Loading({ id }: { id: string }) {
  return (
    <>
      <h1>{id}</h1>
      <p className="quiet" role="status">Loading…</p>
    </>
  );
}

const ReportView = memo(function ReportView({ report, scale }: { report: Report; scale: Scale }) {
  const { experiment, scorecard, verdict, history } = report;
  const plan = useMemo(() => readPlan(experiment.plan), [experiment]);
  const block = useMemo(() => (scorecard ? blockOf(scorecard) : null), [scorecard]);
  return (
    <>
      <Heading experiment={experiment} scorecard={scorecard} plan={plan} />
      <VerdictSection verdict={verdict} experiment={experiment} />
      {scorecard === null
        ? <NoScorecard draft={experiment.state === "draft"} />
        : (
          <>
            <Trust checks={scorecard.trust} />
            <div className="pair">
              <Samples scorecard={scorecard} history={history} plan={plan} />
              <Narrowing scorecard={scorecard} history={history} plan={plan} block={block} />
            </div>
            <ScorecardSection scorecard={scorecard} plan={plan} scale={scale} block={block} />
            <Guardrails guardrails={scorecard.guardrails} trusted={scorecard.trusted} />
            <Numbers scorecard={scorecard} block={block} />
            <Segments scorecard={scorecard} block={block} />
          </>
        )}
      <Plan experiment={experiment} />
    </>
  );
});

function NoScorecard({ draft }: { draft: boolean }) {
  return (
    <section className="panel empty">
      <h2>No data yet</h2>
      <p>
        {draft
          ? "The plan is a draft. Start it to freeze the plan and begin to assign units."
          : "The first scorecard appears here when the first units have met their variants."}
      </p>
    </section>
  );
}

// All experiments: which run, which may be trusted, which way each points.
import { useCallback } from "react";

import type { Client } from "../api/client";
import { listExperiments } from "../api/experiments";
import type { ExperimentList, ExperimentSummary, State } from "../api/types";
import { usePoll } from "../api/use_poll";
import { count } from "../lib/format";
import { experimentsAddress } from "../lib/route";
import { FailurePanel, Freshness, StaleBanner } from "../parts/freshness";
import { Link, navigate } from "../parts/router";
import { Shell } from "../parts/shell";
import { ExperimentsTable } from "./experiments/experiments_table";

interface Filter {
  state: State | null;
  search: string;
}

export function ExperimentsPage({ state, search }: Filter) {
  const load = useCallback(
    (client: Client, _: ExperimentList | null, signal: AbortSignal) => listExperiments(client, signal),
    [],
  );
  const view = usePoll(load);
  return (
    <Shell title="Experiments" place="/">
      <div className="page-head">
        <h1>Experiments</h1>
        <Freshness view={view} />
      </div>
      <StaleBanner view={view} />
      {view.data === null
        ? view.error === null ? <p className="quiet" role="status">Loading…</p> : <FailurePanel view={view} />
        : <Filtered experiments={view.data.experiments} state={state} search={search} />}
    </Shell>
  );
}

function Filtered({ experiments, state, search }: Filter & { experiments: ExperimentSummary[] }) {
  if (experiments.length === 0) return <HowToRegister />;
  const found = experiments.filter((one) => matches(one, search));
  const shown = found.filter((one) => state === null || one.state === state);
  return (
    <>
      <div className="filters">
        <StateFilter experiments={found} state={state} search={search} />
        <label className="search">
          <span className="visually-hidden">Search by name or id</span>
          <input
            type="search"
            placeholder="Search by name or id"
            defaultValue={search}
            onChange={(event) =>
              navigate(experimentsAddress(state, event.target.value), { replace: true })}
          />
        </label>
      </div>
      {shown.length > 0
        ? <ExperimentsTable experiments={shown} />
        : (
          <section className="panel empty">
            <h2>No experiment matches</h2>
            <p><Link href="/">Show all {count(experiments.length)}</Link></p>
          </section>
        )}
      <p className="visually-hidden" role="status">{count(shown.length)} experiments shown</p>
    </>
  );
}

const kFilters: [State | null, string][] = [
  [null, "All"], ["running", "Running"], ["draft", "Draft"], ["stopped", "Stopped"],
];

function StateFilter({ experiments, state, search }: Filter & { experiments: ExperimentSummary[] }) {
  return (
    <nav className="segmented" aria-label="Filter by state">
      {kFilters.map(([value, name]) => (
        <Link
          key={name}
          href={experimentsAddress(value, search)}
          aria-current={value === state ? "true" : undefined}
        >
          {name}{" "}
          <span className="tally">
            {experiments.filter((one) => value === null || one.state === value).length}
          </span>
        </Link>
      ))}
    </nav>
  );
}

function matches(experiment: ExperimentSummary, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return `${experiment.name}\n${experiment.id}`.toLowerCase().includes(wanted);
}

function HowToRegister() {
  const address = `${window.location.origin}/v1/experiments?start=true`;
  return (
    <section className="panel empty">
      <h2>No experiments yet</h2>
      <p>Write one as a file, check it, and register it:</p>
      <pre tabIndex={0}>
        <code>
          {`assay define exp.yaml\n\ncurl --data-binary @exp.yaml -H 'Content-Type: application/yaml' \\\n  '${address}'`}
        </code>
      </pre>
      <p className="quiet">This page shows it at once: it looks every two seconds.</p>
    </section>
  );
}

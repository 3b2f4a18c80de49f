import { memo } from "react";

import type { Experiment } from "../../api/types";
import { moment } from "../../lib/time";

export const Plan = memo(function Plan({ experiment }: { experiment: Experiment }) {
  return (
    <section className="panel" aria-labelledby="plan-title">
      <details className="plan">
        <summary><h2 id="plan-title">Plan</h2></summary>
        <p className="quiet">
          Version {experiment.version}, registered {moment(experiment.created_at)}. Fingerprint{" "}
          <code className="wrap">{experiment.fingerprint}</code>
        </p>
        <pre tabIndex={0} role="group" aria-label="Canonical plan">
          <code>{JSON.stringify(experiment.plan, null, 2)}</code>
        </pre>
      </details>
    </section>
  );
});

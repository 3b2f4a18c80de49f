import { memo } from "react";

import type { TrustCheck } from "../../api/types";
import { pText } from "../../lib/format";
import { readTrust } from "../../lib/reading";
import { Badge } from "../../parts/badge";

export const Trust = memo(function Trust({ checks }: { checks: TrustCheck[] }) {
  const failed = checks.filter((check) => check.status === "failed").length;
  return (
    <section className="panel" aria-labelledby="trust-title">
      <div className="section-head">
        <h2 id="trust-title">Can it be trusted?</h2>
        <p className="quiet">
          {failed === 0 ? "No trust check failed." : `${failed} of ${checks.length} checks failed: effects are blocked.`}
        </p>
      </div>
      <ul className="checks">
        {checks.map((check, index) => (
          <li key={`${check.name} ${index}`} className={`is-${check.status}`}>
            <Badge reading={readTrust(check.status)} />
            <div>
              <h3>{check.name.replaceAll("_", " ")}</h3>
              <p>
                {check.message}
                {check.p_value !== undefined && (
                  <span className="quiet"> {pText(check.p_value)}</span>
                )}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
});

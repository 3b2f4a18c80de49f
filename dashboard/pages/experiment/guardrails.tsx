import { memo } from "react";

import type { Guardrail } from "../../api/types";
import { exact, share } from "../../lib/format";
import { readGuardrail } from "../../lib/reading";
import { Badge } from "../../parts/badge";
import { TableRegion } from "../../parts/table_region";

interface GuardrailsProps {
  guardrails: Guardrail[];
  trusted: boolean;
}

export const Guardrails = memo(function Guardrails({ guardrails, trusted }: GuardrailsProps) {
  if (guardrails.length === 0) return null;
  const named = new Set(guardrails.map((guardrail) => guardrail.variant)).size > 1;
  return (
    <section className="panel" aria-labelledby="guardrails-title">
      <div className="section-head">
        <h2 id="guardrails-title">Guardrails</h2>
        <p className="quiet">
          {trusted
            ? "Passed means evidence of no harm, not just no evidence of harm."
            : "A trust check failed: do not take a pass for safety."}
        </p>
      </div>
      <TableRegion label="Guardrails">
        <table>
          <caption className="visually-hidden">Guardrails per metric and treatment</caption>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {named && <th scope="col">Variant</th>}
              <th scope="col">Status</th>
              <th scope="col" className="number">Threshold</th>
              <th scope="col" className="number">Margin</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {guardrails.map((guardrail) => (
              <GuardrailRow key={`${guardrail.metric} ${guardrail.variant}`} guardrail={guardrail} named={named} />
            ))}
          </tbody>
        </table>
      </TableRegion>
    </section>
  );
});

function GuardrailRow({ guardrail, named }: { guardrail: Guardrail; named: boolean }) {
  const { metric, variant, status, threshold, margin_relative, message } = guardrail;
  return (
    <tr>
      <th scope="row" className="metric-name">{metric}</th>
      {named && <td>{variant}</td>}
      <td><Badge reading={readGuardrail(status)} /></td>
      <td className="number">{threshold === undefined ? "–" : exact(threshold)}</td>
      <td className="number">{margin_relative === undefined ? "–" : share(margin_relative, 2)}</td>
      <td className="prose">{message}</td>
    </tr>
  );
}

import { memo } from "react";

import type { Guardrail } from "../../api/types";
import { exact, kDash, share } from "../../lib/format";
import { readGuardrail } from "../../lib/reading";
import { Badge } from "../../parts/badge";
import { Name } from "../../parts/name";

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
      <table className="guardrails stack" role="table">
        <caption className="visually-hidden">Guardrails per metric and treatment</caption>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">Metric</th>
            {named && <th role="columnheader" scope="col">Variant</th>}
            <th role="columnheader" scope="col">Status</th>
            <th role="columnheader" scope="col" className="number">Threshold</th>
            <th role="columnheader" scope="col" className="number">Margin</th>
            <th role="columnheader" scope="col">Why</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {guardrails.map((guardrail) => (
            <GuardrailRow key={`${guardrail.metric} ${guardrail.variant}`} guardrail={guardrail} named={named} />
          ))}
        </tbody>
      </table>
    </section>
  );
});

function GuardrailRow({ guardrail, named }: { guardrail: Guardrail; named: boolean }) {
  const { metric, variant, status, threshold, margin_relative, message } = guardrail;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" className="name-cell metric-name"><Name>{metric}</Name></th>
      {named && <td role="cell">{variant}</td>}
      <td role="cell"><Badge reading={readGuardrail(status)} /></td>
      <td role="cell" className="number" data-label="Threshold">
        {threshold === undefined ? kDash : exact(threshold)}
      </td>
      <td role="cell" className="number" data-label="Margin">
        {margin_relative === undefined ? kDash : share(margin_relative, 2)}
      </td>
      <td role="cell" className="prose">{message}</td>
    </tr>
  );
}

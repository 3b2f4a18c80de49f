// The primary metrics by segment: hints where to look next, corrected within each attribute.
import { memo } from "react";

import type { Scorecard, Segment } from "../../api/types";
import { count, interval as intervalText } from "../../lib/format";
import { type Block, readComparison, shownAt } from "../../lib/reading";
import { Badge } from "../../parts/badge";
import { Name } from "../../parts/name";
import { evidence } from "./scorecard_section";

interface SegmentsProps {
  scorecard: Scorecard;
  block: Block | null;
}

export const Segments = memo(function Segments({ scorecard, block }: SegmentsProps) {
  const { segments } = scorecard;
  if (!segments || segments.length === 0 || block !== null) return null;
  const treatments = new Set(segments.map((segment) => segment.variant)).size;
  return (
    <section className="panel" aria-labelledby="segments-title">
      <div className="section-head">
        <h2 id="segments-title">Segments</h2>
        <p className="quiet">Exploratory: a place to look next, not a finding.</p>
      </div>
      <table className="segments stack" role="table">
        <caption className="visually-hidden">Primary metrics by segment</caption>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">Segment</th>
            <th role="columnheader" scope="col">Metric</th>
            {treatments > 1 && <th role="columnheader" scope="col">Variant</th>}
            <th role="columnheader" scope="col" className="number">Units</th>
            <th role="columnheader" scope="col" className="number">Lift</th>
            <th role="columnheader" scope="col" className="number">Evidence</th>
            <th role="columnheader" scope="col">Reading</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {segments.map((segment) => (
            <SegmentRow
              key={`${segment.attribute}=${segment.value} ${segment.metric} ${segment.variant}`}
              segment={segment}
              named={treatments > 1}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
});

function SegmentRow({ segment, named }: { segment: Segment; named: boolean }) {
  const shown = shownAt(segment, "relative");
  const text = "missing" in shown ? null : intervalText(shown.interval, shown.quantity);
  return (
    <tr role="row">
      <th role="rowheader" scope="row" className="name-cell">
        <span className="variant-name">{segment.attribute}</span> {segment.value}
      </th>
      <td role="cell" className="metric-name"><Name>{segment.metric}</Name></td>
      {named && <td role="cell">{segment.variant}</td>}
      <td role="cell" className="number" data-label="Units">{count(segment.n)}</td>
      {text === null
        ? <td role="cell" className="prose quiet" data-label="Lift">{"missing" in shown && shown.missing}</td>
        : (
          <td role="cell" className="number" data-label="Lift">
            {text.estimate} <span className="range">{text.range}</span>
          </td>
        )}
      <td role="cell" className="number" data-label="Evidence">{evidence(segment)}</td>
      <td role="cell"><Badge reading={readComparison(segment)} /></td>
    </tr>
  );
}

import { memo, useEffect, useRef, useState } from "react";

import type { Experiment, Verdict } from "../../api/types";
import { readDecision, type Reading } from "../../lib/reading";
import { momentWithSeconds } from "../../lib/time";

interface VerdictProps {
  verdict: Verdict | null;
  experiment: Experiment;
}

const kNone: Reading = { tone: "muted", glyph: "…", word: "No verdict yet" };

export const VerdictSection = memo(function VerdictSection({ verdict, experiment }: VerdictProps) {
  const reading = verdict ? readDecision(verdict.decision) : kNone;
  return (
    <section className={`verdict tone-${reading.tone}`} aria-labelledby="verdict-title">
      <div className="verdict-sign">
        <span className="glyph" aria-hidden="true">{reading.glyph}</span>
        <h2 id="verdict-title">
          <span className="visually-hidden">Verdict: </span>{reading.word}
        </h2>
        {verdict?.variant && <span className="verdict-variant">{verdict.variant}</span>}
      </div>
      <div className="verdict-body">
        <p className="sentence">{verdict?.sentence ?? waiting(experiment)}</p>
        {verdict && verdict.reasons.length > 0 && <Reasons reasons={verdict.reasons} />}
        {verdict && <p className="quiet small">As of {momentWithSeconds(verdict.as_of)}</p>}
      </div>
      <Announcement verdict={verdict} />
    </section>
  );
});

function Reasons({ reasons }: { reasons: Verdict["reasons"] }) {
  return (
    <ol className="reasons" aria-label="Reasons, most important first">
      {reasons.map(({ code, message }, index) => (
        <li key={`${code} ${index}`}>
          {message} <code>{code}</code>
        </li>
      ))}
    </ol>
  );
}

/** Says a new decision aloud; silent on the first one and on every unchanged look. */
function Announcement({ verdict }: { verdict: Verdict | null }) {
  const decision = verdict?.decision ?? null;
  const before = useRef(decision);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (before.current === decision) return;
    before.current = decision;
    if (verdict) setSaid(`New verdict: ${readDecision(verdict.decision).word}. ${verdict.sentence}`);
  }, [decision, verdict]);
  return <p className="visually-hidden" role="status" aria-live="polite">{said}</p>;
}

function waiting({ state }: Experiment): string {
  if (state === "draft") return "The experiment has not started.";
  return "The first verdict comes with the first scorecard.";
}

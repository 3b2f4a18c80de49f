import type { ReactNode } from "react";

import type { Reading } from "../lib/reading";

/** A glyph and a word in the tone's color: three signs of one meaning. */
export function Badge({ reading, children, title }: {
  reading: Reading;
  children?: ReactNode;
  title?: string;
}) {
  return (
    <span className={`badge tone-${reading.tone}`} title={title}>
      <span className="glyph" aria-hidden="true">{reading.glyph}</span>
      {children ?? reading.word}
    </span>
  );
}

const kStates: Record<string, Reading> = {
  draft: { tone: "muted", glyph: "◌", word: "draft" },
  running: { tone: "calm", glyph: "●", word: "running" },
  stopped: { tone: "muted", glyph: "■", word: "stopped" },
};

export function StateBadge({ state }: { state: string }) {
  return <Badge reading={kStates[state] ?? { tone: "muted", glyph: "?", word: state }} />;
}

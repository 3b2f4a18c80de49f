// Report: everything the page of one experiment shows, read together. The history is the one large
// answer, so it is asked for only when the scorecard changed; when nothing changed at all, the
// report before is given back as it was.
import type { Client } from "./client";
import { getExperiment } from "./experiments";
import { getHistory, getScorecard } from "./scorecards";
import type { Experiment, History, Scorecard, Verdict } from "./types";
import { getVerdict } from "./verdicts";

export interface Report {
  experiment: Experiment;
  scorecard: Scorecard | null;
  verdict: Verdict | null;
  history: History | null;
}

export async function getReport(
  client: Client,
  id: string,
  before: Report | null,
  signal?: AbortSignal,
): Promise<Report> {
  const [experiment, scorecard, verdict] = await Promise.all([
    getExperiment(client, id, signal),
    getScorecard(client, id, signal),
    getVerdict(client, id, signal),
  ]);
  const sameCard = before !== null && before.scorecard === scorecard;
  if (sameCard && before.experiment === experiment && before.verdict === verdict) return before;
  const history = sameCard ? before.history : await getHistory(client, id, signal);
  return { experiment, scorecard, verdict, history };
}

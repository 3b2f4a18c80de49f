import { type Client, orNull } from "./client";
import type { History, Scorecard } from "./types";

/** Null before the first scorecard. */
export function getScorecard(
  client: Client,
  id: string,
  signal?: AbortSignal,
): Promise<Scorecard | null> {
  return orNull(client.get<Scorecard>(`/v1/scorecards/${encodeURIComponent(id)}`, signal));
}

/** Null before the first scorecard. */
export function getHistory(
  client: Client,
  id: string,
  signal?: AbortSignal,
): Promise<History | null> {
  return orNull(client.get<History>(`/v1/scorecards/${encodeURIComponent(id)}/history`, signal));
}

import { type Client, orNull } from "./client";
import type { Verdict } from "./types";

/** Null before the first verdict. */
export function getVerdict(
  client: Client,
  id: string,
  signal?: AbortSignal,
): Promise<Verdict | null> {
  return orNull(client.get<Verdict>(`/v1/verdicts/${encodeURIComponent(id)}`, signal));
}

import type { Client } from "./client";
import type { Experiment, ExperimentList } from "./types";

export function listExperiments(client: Client, signal?: AbortSignal): Promise<ExperimentList> {
  return client.get<ExperimentList>("/v1/experiments", signal);
}

export function getExperiment(
  client: Client,
  id: string,
  signal?: AbortSignal,
): Promise<Experiment> {
  return client.get<Experiment>(`/v1/experiments/${encodeURIComponent(id)}`, signal);
}

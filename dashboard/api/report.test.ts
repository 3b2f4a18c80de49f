import { expect, it } from "vitest";

import { ship } from "../fixtures/worlds";
import { ApiError, type Client } from "./client";
import { getReport } from "./report";

const world = ship();

function clientOf(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const client: Client = {
    async get<T>(path: string): Promise<T> {
      asked.push(path);
      if (!(path in answers)) throw new ApiError("not_found", path);
      return answers[path] as T;
    },
  };
  return { client, asked };
}

const kAnswers = {
  "/v1/experiments/a%2Fb": world.experiment,
  "/v1/scorecards/a%2Fb": world.scorecard,
  "/v1/verdicts/a%2Fb": world.verdict,
  "/v1/scorecards/a%2Fb/history": world.history,
};

it("reads everything, and the history only again with a new scorecard", async () => {
  const { client, asked } = clientOf(kAnswers);
  const first = await getReport(client, "a/b", null);
  expect(first).toEqual({
    experiment: world.experiment, scorecard: world.scorecard, verdict: world.verdict, history: world.history,
  });
  expect(asked).toHaveLength(4);
  const second = await getReport(client, "a/b", first);
  expect(second).toBe(first);
  expect(asked).toHaveLength(7);
  await getReport(client, "a/b", { ...first, scorecard: { ...world.scorecard! } });
  expect(asked).toHaveLength(11);
});

it("does without what is not there yet", async () => {
  const { client } = clientOf({ "/v1/experiments/x": world.experiment });
  expect(await getReport(client, "x", null)).toEqual({
    experiment: world.experiment, scorecard: null, verdict: null, history: null,
  });
});

it("fails when there is no such experiment", async () => {
  await expect(getReport(clientOf({}).client, "x", null)).rejects.toMatchObject({ kind: "not_found" });
});

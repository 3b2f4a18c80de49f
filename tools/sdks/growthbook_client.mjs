// GrowthBook's JavaScript SDK against /api/features and /sub.
import { GrowthBook, setPolyfills } from "@growthbook/growthbook";
import { EventSource } from "eventsource";
import { answer, say, task } from "./task.mjs";

setPolyfills({ EventSource });
const { url, key, units, flags, later } = await task();
const growthbook = new GrowthBook({ apiHost: url, clientKey: key });
const loaded = await growthbook.init({ streaming: true, timeout: 10_000 });
if (!loaded.success) throw loaded.error ?? new Error("no payload");
const answers = [];
for (const { id, attributes } of units) {
  await growthbook.setAttributes({ id, ...attributes });
  for (const flag of Object.keys(flags)) {
    const result = growthbook.evalFeature(flag);
    answers.push({ unit: id, flag, value: result.value, variant: result.experimentResult?.key ?? "",
      source: result.source });
  }
}
const heard = new Promise((resolve) => {
  growthbook.setRenderer(() => growthbook.getFeatures()[later] && resolve(true));
  setTimeout(() => resolve(false), 60_000);
});
say({ ready: true });
answer({ answers, heard: await heard, later: growthbook.getFeatureValue(later, "none") });

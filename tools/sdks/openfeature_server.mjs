// @openfeature/server-sdk with @openfeature/ofrep-provider: every unit asks for every flag.
import { OpenFeature } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { answer, task } from "./task.mjs";

const { url, key, units, flags } = await task();
await OpenFeature.setProviderAndWait(
  new OFREPProvider({ baseUrl: url, headers: [["Authorization", `Bearer ${key}`]] }));
const client = OpenFeature.getClient();
const answers = [];
for (const { id, attributes } of units) {
  for (const [flag, fallback] of Object.entries(flags)) {
    const context = { targetingKey: id, ...attributes };
    const details = typeof fallback === "object"
      ? await client.getObjectDetails(flag, fallback, context)
      : await client.getStringDetails(flag, fallback, context);
    answers.push({ unit: id, flag, value: details.value, variant: details.variant,
      reason: details.reason, error: details.errorCode });
  }
}
answer({ answers });

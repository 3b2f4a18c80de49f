// @openfeature/web-sdk with @openfeature/ofrep-web-provider: runs in Node.js and, the same text, in
// a browser. It answers from one bulk evaluation, then waits for the server's notice of a change.
import { ClientProviderEvents, OpenFeature } from "@openfeature/web-sdk";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";

export async function run({ url, key, units, flags, later }, say) {
  const answers = [];
  let provider;
  for (const { id, attributes } of units) {
    await OpenFeature.setContext({ targetingKey: id, ...attributes });
    if (!provider) {
      provider = new OFREPWebProvider({ baseUrl: url, cacheMode: "disabled", pollInterval: 0,
        headers: [["Authorization", `Bearer ${key}`]] });
      await OpenFeature.setProviderAndWait(provider);
    }
    const client = OpenFeature.getClient();
    for (const [flag, fallback] of Object.entries(flags)) {
      const details = typeof fallback === "object"
        ? client.getObjectDetails(flag, fallback) : client.getStringDetails(flag, fallback);
      answers.push({ unit: id, flag, value: details.value, variant: details.variant,
        reason: details.reason, error: details.errorCode });
    }
  }
  const changed = new Promise((resolve) => {
    OpenFeature.addHandler(ClientProviderEvents.ConfigurationChanged, (event) => {
      if (event.flagsChanged?.includes(later)) resolve(true);
    });
    setTimeout(() => resolve(false), 60_000);
  });
  say({ ready: true });
  const heard = await changed;
  say({ answers, heard, later: OpenFeature.getClient().getStringDetails(later, "none").value });
}

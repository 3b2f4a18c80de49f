// One peer's own SDK as a contestant of bench/assignment/run: node speed.mjs PEER, then one line
// "SCENARIO COUNT" on standard input for each measurement, answered by "nanoseconds share": CPU
// time of this process per evaluation, and the share of the treatment, which must be near a half.
//
// split: one even experiment. conditions: the same behind three conditions that every user meets.
// many: 1,000 such experiments, 15 of them for each user. The SDK's user object is made for each
// user inside the timed loop, as a server would; it has attributes where conditions ask for them.
import { createInterface } from "node:readline";
import { serverPeers } from "./speed_servers.mjs";

const IDS = 1_000_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const USER = { country: "BR", platform: "ios", version: "2.10.3" };
const countries = (i) => ["IN", "US", "UK", "BR", `X${i % 10}`];
const floor = (i) => `2.${i % 4}.0`;
const below = (i) => (i % 4 === 0 ? "1.999.0" : `2.${(i % 4) - 1}.999`);
const names = Array.from({ length: 1000 }, (_, i) => `experiment_${i}`);

// Each: (experiments, with conditions?, the users' attributes) → (id) → (name) → variant's key.
const PEERS = {
  async flagd(count, targeted, traits) {
    const { FlagdCore } = await import("@openfeature/flagd-core");
    const core = new FlagdCore();
    const even = { fractional: [["control", 1], ["treatment", 1]] };
    core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(names.slice(0, count).map((name, i) => [name, {
      state: "ENABLED", defaultVariant: "control", variants: { control: "control", treatment: "treatment" },
      targeting: !targeted ? even : { if: [{ and: [
        { in: [{ var: "country" }, countries(i)] }, { "==": [{ var: "platform" }, "ios"] },
        { sem_ver: [{ var: "version" }, ">=", floor(i)] }] }, even, "control"] },
    }])) }));
    return (id) => {
      const user = { targetingKey: id, ...traits };
      return (name) => core.resolveStringEvaluation(name, "?", user, quiet).value;
    };
  },
  async growthbook(count, targeted, traits) {
    const { GrowthBookClient } = await import("@growthbook/growthbook");
    const features = Object.fromEntries(names.slice(0, count).map((name, i) => [name, {
      defaultValue: "?", rules: [{
        key: name, seed: name, hashVersion: 2, coverage: 1, variations: ["control", "treatment"], weights: [0.5, 0.5],
        ...(targeted ? { condition: { country: { $in: countries(i) }, platform: "ios", version: { $vgte: floor(i) } } } : {}),
      }],
    }]));
    const client = new GrowthBookClient().initSync({ payload: { features } });
    return (id) => {
      const user = { attributes: { id, ...traits } };
      return (name) => client.evalFeature(name, user).value;
    };
  },
  async unleash(count, targeted, traits) {
    const { Unleash, InMemStorageProvider } = await import("unleash-client");
    const data = names.slice(0, count).map((name, i) => ({
      name, type: "experiment", enabled: true, strategies: [{
        name: "flexibleRollout", parameters: { groupId: name, rollout: "100", stickiness: "userId" },
        constraints: !targeted ? [] : [
          { contextName: "country", operator: "IN", values: countries(i) },
          { contextName: "platform", operator: "IN", values: ["ios"] },
          { contextName: "version", operator: "SEMVER_GT", value: below(i) }],
        variants: ["control", "treatment"].map((key) => ({ name: key, weight: 500, stickiness: "userId" })),
      }],
    }));
    const client = new Unleash({
      url: "http://127.0.0.1:9/", appName: "speed", disableMetrics: true, refreshInterval: 0,
      storageProvider: new InMemStorageProvider(), skipInstanceCountWarning: true, bootstrap: { data },
    });
    client.on("error", () => {});
    client.on("warn", () => {});
    await new Promise((resolve) => client.once("ready", resolve));
    return (id) => {
      const user = { userId: id, properties: { ...traits } };
      return (name) => client.getVariant(name, user).name;
    };
  },
  async optimizely(count, targeted, traits) {
    const sdk = await import("@optimizely/optimizely-sdk");
    const match = (name, type, value) => ({ type: "custom_attribute", name, match: type, value });
    const datafile = JSON.stringify({
      version: "4", revision: "1", projectId: "1", accountId: "1", anonymizeIP: true, botFiltering: false,
      featureFlags: [], rollouts: [], groups: [], audiences: [], events: [], variables: [],
      attributes: Object.keys(USER).map((key) => ({ id: key, key })),
      typedAudiences: names.slice(0, count).map((name, i) => ({ id: `a${i}`, name, conditions: ["and",
        ["or", ...countries(i).map((value) => match("country", "exact", value))],
        match("platform", "exact", "ios"), match("version", "semver_ge", floor(i))] })),
      experiments: names.slice(0, count).map((name, i) => ({
        id: name, key: name, layerId: String(i), status: "Running", audienceIds: targeted ? [`a${i}`] : [],
        forcedVariations: {}, variations: ["control", "treatment"].map((key) => ({ id: `${name}${key}`, key, variables: [] })),
        trafficAllocation: [{ entityId: `${name}control`, endOfRange: 5000 }, { entityId: `${name}treatment`, endOfRange: 10000 }],
      })),
    });
    const client = sdk.createInstance({ projectConfigManager: sdk.createStaticProjectConfigManager({ datafile }) });
    await client.onReady();
    return (id) => {
      const user = { ...traits };
      return (name) => client.getVariation(name, id, user);
    };
  },
  async eppo(count, targeted, traits) {
    const { default: sdk } = await import("@eppo/js-client-sdk-common");
    const store = new sdk.MemoryOnlyConfigurationStore();
    await store.setEntries(Object.fromEntries(names.slice(0, count).map((name, i) => [name, {
      key: name, enabled: true, variationType: "STRING", totalShards: 10_000,
      variations: { control: { key: "control", value: "control" }, treatment: { key: "treatment", value: "treatment" } },
      allocations: [{ key: "all", doLog: false, rules: !targeted ? [] : [{ conditions: [
        { attribute: "country", operator: "ONE_OF", value: countries(i) },
        { attribute: "platform", operator: "ONE_OF", value: ["ios"] },
        { attribute: "version", operator: "GTE", value: floor(i) }] }],
        splits: ["control", "treatment"].map((key, v) => ({ variationKey: key, extraLogging: {},
          shards: [{ salt: name, ranges: [{ start: v * 5000, end: v * 5000 + 5000 }] }] })) }],
    }])));
    const client = new sdk.EppoClient({ flagConfigurationStore: store });
    return (id) => {
      const user = { ...traits };
      return (name) => client.getStringAssignment(name, id, user, "?");
    };
  },
};

Object.assign(PEERS, serverPeers({ names, countries, floor, quiet }));

const askers = new Map();
async function asker(peer, scenario) {
  if (!askers.has(scenario)) {
    askers.set(scenario, await PEERS[peer](scenario === "many" ? 1000 : 1, scenario !== "split",
      scenario === "split" ? {} : USER));
  }
  return askers.get(scenario);
}

let next = 0;
async function measure(ask, scenario, count) {
  const each = scenario === "many" ? 15 : 1;
  let treated = 0;
  const before = process.cpuUsage();
  for (let done = 0; done < count; done += each) {
    const user = ask(`user-${String(next % IDS).padStart(7, "0")}`);
    for (let k = 0; k < each; k += 1) {
      let key = user(each === 1 ? names[0] : names[(next * 15 + k * 61) % 1000]);
      if (typeof key !== "string") key = await key;  // Only of those that answer by a promise.
      if (key === "treatment") treated += 1;
      else if (key !== "control") throw new Error(`${scenario}: answered ${key}`);
    }
    next += 1;
  }
  const used = process.cpuUsage(before);
  const evaluations = Math.ceil(count / each) * each;
  return `${(1000 * (used.user + used.system)) / evaluations} ${treated / evaluations}`;
}

const peer = process.argv[2];
for await (const line of createInterface({ input: process.stdin })) {
  const [scenario, count] = line.split(" ");
  console.log(await measure(await asker(peer, scenario), scenario, Number(count)));
}
process.exit(0);

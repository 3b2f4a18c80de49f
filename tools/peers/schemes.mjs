// Asks each peer's own SDK, from its package, which variant it would give 100,000 ids, and writes
// spec/conformance/schemes.json. Run: cd tools/peers && npm ci && node schemes.mjs
//
// The answers of one case are one character per id: the variant's index, or - for none. The file
// keeps the first 1,000 and the SHA-256 of all, so that the C++ test compares every one of them.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const COUNT = 100_000;
const SHOWN = 1_000;

function hex(number, digits) {
  return number.toString(16).padStart(digits, "0");
}

// Five families of ids in turn; peers that do not hash UTF-8 get the first four.
export function idOf(i, families) {
  const spread = Number((BigInt(i) * 2654435761n) & 0xffffffffn);
  switch (i % families) {
    case 0: return `user_${i}`;
    case 1: return `${i}`;
    case 2: return `person${i}@example.com`;
    case 3: return `${hex(spread, 8)}-${hex(i & 0xffff, 4)}-4${hex(i & 0xfff, 3)}-8${hex(i & 0xfff, 3)}-${hex(spread, 12)}`;
    default: return `ユーザー${i}🦊é`;
  }
}

const EVEN = [["control", 1], ["treatment", 1]];
const TENTHS = [["control", 1], ["b", 2], ["c", 7]];
const CASES = [
  ["growthbook_v2", 5, "ranker", EVEN, 1], ["growthbook_v2", 5, "seed-β", TENTHS, 0.4],
  ["growthbook_v1", 5, "ranker", EVEN, 1], ["growthbook_v1", 5, "seed-β", TENTHS, 0.4],
  ["flagd", 4, "ranker", EVEN, 1], ["flagd", 4, "ranker:2", TENTHS, 1],
  ["unleash", 4, "ranker", EVEN, 1], ["unleash", 4, "search.page", TENTHS, 0.35],
  ["eppo", 5, "ranker", EVEN, 1], ["eppo", 5, "ranker-2", TENTHS, 1],
  ["optimizely", 5, "10420810910", EVEN, 1], ["optimizely", 5, "1886780721", TENTHS, 1],
  ["launchdarkly", 5, "ranker.5f3c0a", EVEN, 1], ["launchdarkly", 5, "61", TENTHS, 1],
  ["statsig", 5, "4yRhL3mZ", EVEN, 1], ["statsig", 5, "ranker", TENTHS, 1],
  ["md5_guide", 5, "rec_model_v2_2026q1", EVEN, 1], ["md5_guide", 5, "ranker", [["control", 3], ["treatment", 7]], 1],
];

// Scheme → [package, (salt, [key, weight][], traffic) → (id → variant key or null)].
const PEERS = {
  growthbook_v2: ["@growthbook/growthbook", (...plan) => growthbook(2, ...plan)],
  growthbook_v1: ["@growthbook/growthbook", (...plan) => growthbook(1, ...plan)],
  flagd: ["@openfeature/flagd-core", flagd],
  unleash: ["unleash-client", unleash],
  eppo: ["@eppo/js-client-sdk-common", eppo],
  optimizely: ["@optimizely/optimizely-sdk", optimizely],
  launchdarkly: ["@launchdarkly/node-server-sdk", launchdarkly],
  statsig: ["statsig-node", statsig],
  md5_guide: [null, guide],
};

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function total(variants) {
  return variants.reduce((sum, [, weight]) => sum + weight, 0);
}

// The upper ends of the variants' ranges when there are `buckets` in all.
function ends(variants, buckets) {
  let sum = 0;
  return variants.map(([, weight]) => (sum += weight) * buckets / total(variants));
}

async function growthbook(hashVersion, salt, variants, coverage) {
  const { GrowthBook } = await import("@growthbook/growthbook");
  const experiment = {
    key: "ranker", seed: salt, hashVersion, coverage,
    variations: variants.map(([key]) => key),
    weights: variants.map(([, weight]) => weight / total(variants)),
  };
  return (id) => {
    const result = new GrowthBook({ attributes: { id } }).run(experiment);
    return result.inExperiment ? result.value : null;
  };
}

async function flagd(salt, variants) {
  const { FlagdCore } = await import("@openfeature/flagd-core");
  const core = new FlagdCore();
  core.setConfigurations(JSON.stringify({ flags: { [salt]: {
    state: "ENABLED", defaultVariant: variants[0][0],
    variants: Object.fromEntries(variants.map(([key]) => [key, key])),
    targeting: { fractional: variants },
  } } }));
  return (id) => core.resolveStringEvaluation(salt, "?", { targetingKey: id }, quiet).value;
}

async function unleash(salt, variants, traffic) {
  const { Unleash, InMemStorageProvider } = await import("unleash-client");
  const strategy = {
    name: "flexibleRollout", constraints: [],
    parameters: { groupId: salt, rollout: String(Math.round(100 * traffic)), stickiness: "userId" },
    variants: variants.map(([name, weight]) =>
      ({ name, weight: 1000 * weight / total(variants), stickiness: "userId" })),
  };
  const client = new Unleash({
    url: "http://127.0.0.1:9/", appName: "schemes", disableMetrics: true, refreshInterval: 0,
    storageProvider: new InMemStorageProvider(), skipInstanceCountWarning: true,
    bootstrap: { data: [{ name: salt, type: "experiment", enabled: true, strategies: [strategy] }] },
  });
  client.on("error", () => {});
  client.on("warn", () => {});
  await new Promise((resolve) => client.once("ready", resolve));
  client.destroy();
  return (id) => {
    const answer = client.getVariant(salt, { userId: id });
    return answer.enabled ? answer.name : null;
  };
}

async function eppo(salt, variants) {
  const { default: sdk } = await import("@eppo/js-client-sdk-common");
  const upper = ends(variants, 10_000);
  const store = new sdk.MemoryOnlyConfigurationStore();
  await store.setEntries({ ranker: {
    key: "ranker", enabled: true, variationType: "STRING", totalShards: 10_000,
    variations: Object.fromEntries(variants.map(([key]) => [key, { key, value: key }])),
    allocations: [{ key: "all", rules: [], doLog: false, splits: variants.map(([key], i) => ({
      variationKey: key,
      shards: [{ salt, ranges: [{ start: i === 0 ? 0 : upper[i - 1], end: upper[i] }] }],
      extraLogging: {},
    })) }],
  } });
  const client = new sdk.EppoClient({ flagConfigurationStore: store });
  return (id) => client.getStringAssignment("ranker", id, {}, "?");
}

async function optimizely(salt, variants) {
  const sdk = await import("@optimizely/optimizely-sdk");
  const upper = ends(variants, 10_000);
  const datafile = JSON.stringify({
    version: "4", revision: "1", projectId: "1", accountId: "1", anonymizeIP: true, botFiltering: false,
    featureFlags: [], rollouts: [], groups: [], audiences: [], typedAudiences: [], attributes: [],
    events: [], variables: [],
    experiments: [{
      id: salt, key: "ranker", layerId: "1", status: "Running", audienceIds: [], forcedVariations: {},
      variations: variants.map(([key]) => ({ id: key, key, variables: [] })),
      trafficAllocation: variants.map(([key], i) => ({ entityId: key, endOfRange: upper[i] })),
    }],
  });
  const client = sdk.createInstance({
    projectConfigManager: sdk.createStaticProjectConfigManager({ datafile }),
  });
  await client.onReady();
  return (id) => client.getVariation("ranker", id, {});
}

async function launchdarkly(salt, variants) {
  const sdk = (await import("@launchdarkly/node-server-sdk")).default;
  const { TestData } = (await import("@launchdarkly/node-server-sdk/integrations")).default;
  const data = new TestData();
  const [key, flagSalt] = salt.includes(".") ? salt.split(".") : ["ranker", "unused"];
  data.usePreconfiguredFlag({
    key, version: 1, on: true, salt: flagSalt, variations: variants.map(([name]) => name),
    offVariation: 0, prerequisites: [], targets: [], rules: [],
    fallthrough: { rollout: {
      kind: "experiment", contextKind: "user", ...(salt.includes(".") ? {} : { seed: Number(salt) }),
      variations: variants.map(([, weight], i) =>
        ({ variation: i, weight: 100_000 * weight / total(variants) })),
    } },
  });
  const client = sdk.init("none", {
    updateProcessor: data.getFactory(), sendEvents: false, diagnosticOptOut: true, logger: quiet,
  });
  await client.waitForInitialization({ timeout: 5 });
  const answer = (id) => client.variation(key, { kind: "user", key: id }, "?");
  answer.close = () => client.close();
  return answer;
}

async function statsig(salt, variants) {
  const { default: sdk } = await import("statsig-node");
  const upper = ends(variants, 1000);
  const rule = (name, conditions, value) => ({
    name, groupName: name, id: name, salt: name, passPercentage: 100, conditions, idType: "userID",
    returnValue: value,
  });
  const condition = (end) => ({
    type: "user_bucket", targetValue: end, operator: "lt", field: null, idType: "userID",
    additionalValues: { salt },
  });
  const server = new sdk.StatsigServer("secret-none", {
    localMode: true, disableAllLogging: true,
    bootstrapValues: JSON.stringify({
      has_updates: true, time: 1, feature_gates: [], layer_configs: [], layers: {}, id_lists: {},
      dynamic_configs: [{
        name: "ranker", type: "dynamic_config", salt, enabled: true, defaultValue: {}, idType: "userID",
        entity: "experiment", explicitParameters: ["key"], isActive: true, hasSharedParams: false,
        rules: variants.map(([key], i) => rule(key, [condition(upper[i])], { key })),
      }],
    }),
  });
  await server.initializeAsync();
  return (id) => server.getExperimentSync({ userID: id }, "ranker").value.key;
}

// A published guide, not a package: int(md5(id:salt)[:8], 16) / 0xffffffff < share of the treatment.
async function guide(salt, variants) {
  const share = variants[1][1] / total(variants);
  return (id) => {
    const digest = createHash("md5").update(`${id}:${salt}`).digest("hex");
    return parseInt(digest.slice(0, 8), 16) / 0xffffffff < share ? variants[1][0] : variants[0][0];
  };
}

function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
}

async function run([scheme, families, salt, variants, traffic]) {
  const [name, start] = PEERS[scheme];
  const ask = await start(salt, variants, traffic);
  const index = new Map(variants.map(([key], i) => [key, String(i)]));
  let answers = "";
  for (let i = 0; i < COUNT; i += 1) {
    const key = await ask(idOf(i, families));
    if (key !== null && !index.has(key)) throw new Error(`${scheme}: ${idOf(i, families)} → ${key}`);
    answers += key === null ? "-" : index.get(key);
  }
  ask.close?.();
  console.error(scheme, salt, [..."012-"].map((c) => answers.split(c).length - 1).join(" "));
  return {
    scheme, peer: name === null ? "the guide's code, written again" : `${name} ${versionOf(name)}`,
    salt, allocation: Object.fromEntries(variants), traffic, id_families: families,
    answers: answers.slice(0, SHOWN), sha256: createHash("sha256").update(answers).digest("hex"),
  };
}

const cases = [];
for (const plan of CASES) cases.push(await run(plan));
const out = new URL("../../spec/conformance/schemes.json", import.meta.url);
writeFileSync(process.argv[2] ?? out, JSON.stringify({
  about: "Which variant each peer's own SDK gives 100,000 ids: index per id, - for none; the first " +
    "1,000 and the SHA-256 of all. Made by tools/peers/schemes.mjs, where the ids are defined too.",
  count: COUNT, cases,
}, null, 1) + "\n");
process.exit(0);

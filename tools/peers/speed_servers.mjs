// More contestants of bench/assignment/run, see speed.mjs: server SDKs that answer by a promise, that
// fetch their rules (from this process), or that are called by their own classes.
import { createServer } from "node:http";

export function serverPeers({ names, countries, floor, quiet }) {
  const plans = (count, make) => Object.fromEntries(names.slice(0, count).map((name, i) => [name, make(name, i)]));
  return {
    async launchdarkly(count, targeted, traits) {
      const sdk = (await import("@launchdarkly/node-server-sdk")).default;
      const { TestData } = (await import("@launchdarkly/node-server-sdk/integrations")).default;
      const data = new TestData();
      const even = { rollout: { kind: "experiment", contextKind: "user",
        variations: [{ variation: 0, weight: 50_000 }, { variation: 1, weight: 50_000 }] } };
      const clause = (attribute, op, values) => ({ contextKind: "user", attribute, op, values, negate: false });
      names.slice(0, count).forEach((key, i) => data.usePreconfiguredFlag({
        key, version: 1, on: true, salt: key, variations: ["control", "treatment"], offVariation: 0,
        prerequisites: [], targets: [], fallthrough: targeted ? { variation: 0 } : even,
        rules: !targeted ? [] : [{ id: "all", ...even, clauses: [clause("country", "in", countries(i)),
          clause("platform", "in", ["ios"]), clause("version", "semVerGreaterThan", [below(i)])] }],
      }));
      const client = sdk.init("none", { updateProcessor: data.getFactory(), sendEvents: false, diagnosticOptOut: true,
        logger: quiet });
      await client.waitForInitialization({ timeout: 5 });
      return (id) => {
        const context = { kind: "user", key: id, ...traits };
        return (name) => client.variation(name, context, "?");
      };
    },
    async openfeature(count, targeted, traits) {
      const { FlagdCore } = await import("@openfeature/flagd-core");
      const { OpenFeature } = await import("@openfeature/server-sdk");
      const core = new FlagdCore();
      const even = { fractional: [["control", 1], ["treatment", 1]] };
      core.setConfigurations(JSON.stringify({ flags: plans(count, (name, i) => ({
        state: "ENABLED", defaultVariant: "control", variants: { control: "control", treatment: "treatment" },
        targeting: !targeted ? even : { if: [{ and: [
          { in: [{ var: "country" }, countries(i)] }, { "==": [{ var: "platform" }, "ios"] },
          { sem_ver: [{ var: "version" }, ">=", floor(i)] }] }, even, "control"] },
      })) }));
      const domain = `${count}${targeted}`;
      await OpenFeature.setProviderAndWait(domain, { metadata: { name: "flagd core" }, runsOn: "server",
        resolveStringEvaluation: async (name, otherwise, context) =>
          core.resolveStringEvaluation(name, otherwise, context, quiet) });
      const client = OpenFeature.getClient(domain);
      return (id) => {
        const context = { targetingKey: id, ...traits };
        return (name) => client.getStringValue(name, "?", context);
      };
    },
    async planout(count, targeted, traits) {
      const { default: PlanOut } = await import("planout");
      const classes = plans(count, (name, i) => class extends PlanOut.Experiment {
        setup() { this.setName(name); this.setSalt(name); this.setAutoExposureLogging(false); }
        assign(params, args) {
          const recent = () => {
            const [major, minor] = args.version.split(".").map(Number);
            return major > 2 || (major === 2 && minor >= i % 4);
          };
          const meets = !targeted || (countries(i).includes(args.country) && args.platform === "ios" && recent());
          params.set("variant", meets
            ? new PlanOut.Ops.Random.UniformChoice({ choices: ["control", "treatment"], unit: args.id }) : "control");
        }
        getParamNames() { return this.getDefaultParamNames(); }
        configureLogger() {}
        log() {}
        previouslyLogged() { return false; }
      });
      return (id) => {
        const args = { id, ...traits };
        return (name) => new classes[name](args).get("variant");
      };
    },
    async statsig(count, targeted, traits) {
      const { Statsig, StatsigUser } = (await import("@statsig/statsig-node-core")).default;
      const conditions = {};
      const condition = (key, fields) => { conditions[key] = { additionalValues: null, isDeviceBased: false,
        idType: "userID", field: null, operator: null, targetValue: null, ...fields }; return key; };
      const field = (name, operator, targetValue) => condition(`${name} ${targetValue}`,
        { type: "user_field", field: name, operator, targetValue });
      const dynamic_configs = plans(count, (name, i) => {
        const needs = !targeted ? [] : [field("country", "any", countries(i)), field("platform", "any", ["ios"]),
          field("version", "version_gte", floor(i))];
        const rule = (key, end) => ({ name: key, groupName: key, id: key, salt: key, passPercentage: 100, idType: "userID",
          isExperimentGroup: true, returnValue: { key }, conditions: [...needs, condition(`${name} ${end}`, {
            type: "user_bucket", operator: "lt", targetValue: end, additionalValues: { salt: name } })] });
        return { type: "dynamic_config", salt: name, enabled: true, defaultValue: {}, idType: "userID", isActive: true,
          entity: "experiment", hasSharedParams: false, explicitParameters: ["key"], version: 1,
          rules: [rule("control", 500), rule("treatment", 1000)] };
      });
      const specs = JSON.stringify({ has_updates: true, time: 1, feature_gates: {}, layer_configs: {}, layers: {},
        id_lists: {}, experiment_to_layer: {}, param_stores: {}, dynamic_configs, condition_map: conditions });
      const statsig = new Statsig("secret-none", { disableNetwork: true, disableAllLogging: true,
        disableCountryLookup: true, outputLogLevel: "none", dataStore: {
          initialize: async () => {}, shutdown: async () => {}, set: async () => {},
          get: async () => ({ result: specs, time: 1 }), supportPollingUpdatesFor: async () => false } });
      await statsig.initialize();
      const quietly = { disableExposureLogging: true };
      const { country, ...custom } = traits;
      return (id) => {
        const who = new StatsigUser(country ? { userID: id, country, custom: { ...custom } } : { userID: id });
        return (name) => statsig.getExperiment(who, name, quietly).value.key;
      };
    },
    async eppo_node(count, targeted, traits) {
      const sdk = (await import("@eppo/node-server-sdk")).default;
      const flags = plans(count, (key, i) => ({
        key, enabled: true, variationType: "STRING", totalShards: 10_000,
        variations: { control: { key: "control", value: "control" }, treatment: { key: "treatment", value: "treatment" } },
        allocations: [{ key: "all", doLog: false, rules: !targeted ? [] : [{ conditions: [
          { attribute: "country", operator: "ONE_OF", value: countries(i) },
          { attribute: "platform", operator: "ONE_OF", value: ["ios"] },
          { attribute: "version", operator: "GTE", value: floor(i) }] }],
        splits: ["control", "treatment"].map((variationKey, v) => ({ variationKey, extraLogging: {},
          shards: [{ salt: key, ranges: [{ start: v * 5000, end: v * 5000 + 5000 }] }] })) }],
      }));
      const server = createServer((request, response) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ createdAt: "2026-01-01T00:00:00.000Z", format: "SERVER",
          environment: { name: "speed" }, flags, bandits: {}, banditReferences: {} }));
      });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      const client = await sdk.init({ apiKey: "none", baseUrl: `http://127.0.0.1:${server.address().port}`,
        assignmentLogger: { logAssignment() {} } });
      client.stopPolling();
      server.close();
      return (id) => (name) => client.getStringAssignment(name, id, { ...traits }, "?");
    },
  };
}

// The last version below the one that experiment i asks for.
const below = (i) => (i % 4 === 0 ? "1.999.0" : `2.${(i % 4) - 1}.999`);

import com.google.gson.Gson;
import com.launchdarkly.sdk.LDContext;
import com.launchdarkly.sdk.server.Components;
import com.launchdarkly.sdk.server.LDClient;
import com.launchdarkly.sdk.server.LDConfig;
import com.launchdarkly.sdk.server.integrations.FileData;
import com.optimizely.ab.Optimizely;
import dev.openfeature.contrib.providers.flagd.Config;
import dev.openfeature.contrib.providers.flagd.FlagdOptions;
import dev.openfeature.contrib.providers.flagd.FlagdProvider;
import dev.openfeature.sdk.MutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import io.getunleash.DefaultUnleash;
import io.getunleash.UnleashContext;
import io.getunleash.util.UnleashConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** One adapter for each peer, over its public interface and its fastest configuration; no events. */
final class Adapters {
  /** What every user carries when conditions ask for it. */
  static final Map<String, String> ATTRIBUTES =
      Map.of("country", "BR", "platform", "ios", "version", "2.10.3");

  /** A file that holds the value as JSON until the program ends, in a folder of its own. */
  static String file(Object value) throws IOException {
    Path folder = Files.createTempDirectory("peers");
    Path file = folder.resolve("flags.json");
    Files.writeString(file, new Gson().toJson(value));
    folder.toFile().deleteOnExit();
    file.toFile().deleteOnExit();
    return file.toString();
  }

  static Object flagdFlag(Plan plan) {
    Map<String, Object> variants = new LinkedHashMap<>();
    List<Object> parts = new ArrayList<>();
    for (int i = 0; i < plan.keys().size(); i++) {
      variants.put(plan.keys().get(i), plan.keys().get(i));
      parts.add(List.of(plan.keys().get(i), plan.weights().get(i).intValue()));
    }
    Object split = Map.of("fractional", parts);
    Object targeting = !plan.targeted() ? split : Map.of("if", List.of(Map.of("and", List.of(
        Map.of("in", List.of(Map.of("var", "country"), plan.countries())),
        Map.of("==", List.of(Map.of("var", "platform"), "ios")),
        Map.of("sem_ver", List.of(Map.of("var", "version"), ">=", plan.floor())))),
        split, "control"));
    return Map.of("state", "ENABLED", "defaultVariant", plan.keys().get(0), "variants", variants,
        "targeting", targeting);
  }

  /** OpenFeature's client over flagd's provider, which reads a file. */
  static Peers.Peer flagd(List<Plan> plans) throws Exception {
    Map<String, Object> flags = new HashMap<>();
    plans.forEach(plan -> flags.put(plan.name(), flagdFlag(plan)));
    var options = FlagdOptions.builder().resolverType(Config.Resolver.FILE)
        .offlineFlagSourcePath(file(Map.of("flags", flags))).deadline(10_000).build();
    String domain = UUID.randomUUID().toString();
    OpenFeatureAPI.getInstance().setProviderAndWait(domain, new FlagdProvider(options));
    var client = OpenFeatureAPI.getInstance().getClient(domain);
    return (id, targeted) -> {
      var user = new MutableContext(id);
      if (targeted) {
        ATTRIBUTES.forEach(user::add);
      }
      return name -> client.getStringValue(name, "", user);
    };
  }

  static Object launchdarklyFlag(Plan plan) {
    List<Object> parts = new ArrayList<>();
    for (long weight : plan.shares(100_000)) {
      parts.add(Map.of("variation", parts.size(), "weight", weight));
    }
    Map<String, Object> rollout = new HashMap<>(
        Map.of("kind", "experiment", "contextKind", "user", "variations", parts));
    if (plan.salt().matches("[0-9]+")) {
      rollout.put("seed", Long.parseLong(plan.salt()));
    }
    List<Object> rules = !plan.targeted() ? List.of() : List.of(Map.of("id", "all", "rollout",
        rollout, "clauses", List.of(clause("country", "in", plan.countries()),
            clause("platform", "in", List.of("ios")),
            clause("version", "semVerGreaterThan", List.of(plan.below())))));
    return Map.of("key", plan.name(), "version", 1, "on", true, "salt", plan.salt(), "variations",
        plan.keys(), "offVariation", 0, "rules", rules, "fallthrough",
        plan.targeted() ? Map.of("variation", 0) : Map.of("rollout", rollout));
  }

  static Object clause(String attribute, String op, List<String> values) {
    return Map.of("contextKind", "user", "attribute", attribute, "op", op, "values", values);
  }

  static Peers.Peer launchdarkly(List<Plan> plans) throws Exception {
    Map<String, Object> flags = new HashMap<>();
    plans.forEach(plan -> flags.put(plan.name(), launchdarklyFlag(plan)));
    var source = FileData.dataSource().filePaths(file(Map.of("flags", flags)));
    var client = new LDClient("none", new LDConfig.Builder().dataSource(source)
        .events(Components.noEvents()).logging(Components.noLogging()).build());
    return (id, targeted) -> {
      var builder = LDContext.builder(id);
      if (targeted) {
        ATTRIBUTES.forEach(builder::set);
      }
      LDContext user = builder.build();
      return name -> client.stringVariation(name, user, "");
    };
  }

  static Object optimizelyExperiment(Plan plan) {
    List<Object> variations = new ArrayList<>(), traffic = new ArrayList<>();
    long end = 0;
    for (int i = 0; i < plan.keys().size(); i++) {
      String key = plan.keys().get(i), id = plan.salt() + key;
      end += plan.shares(10_000).get(i);
      variations.add(Map.of("id", id, "key", key, "variables", List.of()));
      traffic.add(Map.of("entityId", id, "endOfRange", end));
    }
    return Map.of("id", plan.salt(), "key", plan.name(), "layerId", plan.salt(), "status", "Running",
        "audienceIds", plan.targeted() ? List.of("a" + plan.number()) : List.of(),
        "forcedVariations", Map.of(), "variations", variations, "trafficAllocation", traffic);
  }

  static Object match(String name, String type, String value) {
    return Map.of("type", "custom_attribute", "name", name, "match", type, "value", value);
  }

  static Object optimizelyAudience(Plan plan) {
    List<Object> countries = new ArrayList<>(List.of("or"));
    plan.countries().forEach(country -> countries.add(match("country", "exact", country)));
    return Map.of("id", "a" + plan.number(), "name", plan.name(), "conditions", List.of("and",
        countries, match("platform", "exact", "ios"), match("version", "semver_ge", plan.floor())));
  }

  static Peers.Peer optimizely(List<Plan> plans) {
    Map<String, Object> datafile = new HashMap<>(Map.of("version", "4", "revision", "1", "projectId",
        "1", "accountId", "1", "anonymizeIP", true, "botFiltering", false));
    for (String empty : List.of("featureFlags", "rollouts", "groups", "audiences", "events")) {
      datafile.put(empty, List.of());
    }
    datafile.put("attributes",
        ATTRIBUTES.keySet().stream().map(key -> Map.of("id", key, "key", key)).toList());
    datafile.put("typedAudiences",
        plans.stream().filter(Plan::targeted).map(Adapters::optimizelyAudience).toList());
    datafile.put("experiments", plans.stream().map(Adapters::optimizelyExperiment).toList());
    Optimizely client = Optimizely.builder().withDatafile(new Gson().toJson(datafile)).build();
    return (id, targeted) -> {
      Map<String, String> user = targeted ? new HashMap<>(ATTRIBUTES) : Map.of();
      return name -> {
        var variation = client.getVariation(name, id, user);
        return variation == null ? "" : variation.getKey();
      };
    };
  }

  static Object unleashFeature(Plan plan) {
    List<Object> variants = new ArrayList<>();
    for (int i = 0; i < plan.keys().size(); i++) {
      variants.add(Map.of("name", plan.keys().get(i), "weight", plan.shares(1000).get(i),
          "stickiness", "userId"));
    }
    List<Object> constraints = !plan.targeted() ? List.of() : List.of(
        Map.of("contextName", "country", "operator", "IN", "values", plan.countries()),
        Map.of("contextName", "platform", "operator", "IN", "values", List.of("ios")),
        Map.of("contextName", "version", "operator", "SEMVER_GT", "value", plan.below()));
    var parameters = Map.of("groupId", plan.salt(), "stickiness", "userId", "rollout",
        "" + Math.round(100 * plan.traffic()));
    return Map.of("name", plan.name(), "type", "experiment", "enabled", true, "strategies",
        List.of(Map.of("name", "flexibleRollout", "constraints", constraints, "variants", variants,
            "parameters", parameters)));
  }

  static Peers.Peer unleash(List<Plan> plans) throws Exception {
    String state = new Gson().toJson(Map.of("version", 2, "features",
        plans.stream().map(Adapters::unleashFeature).toList()));
    var client = new DefaultUnleash(UnleashConfig.builder().appName("peers").instanceId("1")
        .unleashAPI("http://127.0.0.1:9/").disablePolling().disableMetrics()
        .backupFile(file(Map.of()) + ".none").toggleBootstrapProvider(() -> Optional.of(state)).build());
    return (id, targeted) -> {
      var builder = UnleashContext.builder().userId(id);
      if (targeted) {
        ATTRIBUTES.forEach(builder::addProperty);
      }
      UnleashContext user = builder.build();
      return name -> {
        var variant = client.getVariant(name, user);
        return variant.isEnabled() ? variant.getName() : "";
      };
    };
  }
}

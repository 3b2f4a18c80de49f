import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;

/** What each peer is told to run; number: of an experiment behind three conditions, else -1. */
record Plan(String name, String salt, double traffic, List<String> keys, List<Double> weights,
            int idFamilies, int number) {
  static List<Plan> even(List<String> names, boolean targeted) {
    List<Plan> plans = new ArrayList<>();
    for (String name : names) {
      plans.add(new Plan(name, name, 1, List.of("control", "treatment"), List.of(1.0, 1.0), 1,
          targeted ? plans.size() : -1));
    }
    return plans;
  }

  static Plan fromJson(String line) {
    JsonObject plan = JsonParser.parseString(line).getAsJsonObject();
    List<String> keys = new ArrayList<>();
    List<Double> weights = new ArrayList<>();
    for (var variant : plan.getAsJsonArray("variants")) {
      JsonArray pair = variant.getAsJsonArray();
      keys.add(pair.get(0).getAsString());
      weights.add(pair.get(1).getAsDouble());
    }
    return new Plan(plan.get("name").getAsString(), plan.get("salt").getAsString(),
        plan.get("traffic").getAsDouble(), keys, weights, plan.get("id_families").getAsInt(), -1);
  }

  boolean targeted() {
    return number >= 0;
  }

  /** The variants' shares of whole, which they divide. */
  List<Long> shares(long whole) {
    double total = weights.stream().mapToDouble(Double::doubleValue).sum();
    return weights.stream().map(weight -> Math.round(whole * weight / total)).toList();
  }

  List<String> countries() {
    return List.of("IN", "US", "UK", "BR", "X" + number % 10);
  }

  String floor() {
    return "2." + number % 4 + ".0";
  }

  /** The last version below the one that the experiment asks for. */
  String below() {
    return number % 4 == 0 ? "1.999.0" : "2." + (number % 4 - 1) + ".999";
  }

  /** idOf of tools/peers/schemes.mjs. */
  static String idOf(int i, int families) {
    long spread = i * 2_654_435_761L & 0xffffffffL;
    return switch (i % families) {
      case 0 -> "user_" + i;
      case 1 -> "" + i;
      case 2 -> "person" + i + "@example.com";
      case 3 -> String.format("%08x-%04x-4%03x-8%03x-%012x", spread, i & 0xffff, i & 0xfff,
          i & 0xfff, spread);
      default -> "ユーザー" + i + "🦊é";
    };
  }
}

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A peer's own Java SDK as a contestant of bench/assignment/run: Peers PEER, then one line "SCENARIO
 * COUNT" on standard input for each measurement, answered by "nanoseconds share", as
 * tools/peers/speed.mjs does and with its scenarios.
 *
 * <p>Peers PEER agree: a line holds a plan as JSON instead, answered by the index of the variant that
 * each of 100,000 ids gets, one character each, - for none (tools/peers/agree).
 */
final class Peers {
  /** Makes a user of an id, without attributes where no condition wants them. */
  interface Peer {
    /** Gives the key of the user's variant by an experiment's name, "" for none. */
    Function<String, String> user(String id, boolean targeted);
  }

  interface Start {
    Peer of(List<Plan> plans) throws Exception;
  }

  static final int IDS = 1_000_000;
  static final Map<String, Start> STARTS = Map.of("flagd", Adapters::flagd, "launchdarkly",
      Adapters::launchdarkly, "optimizely", Adapters::optimizely, "unleash", Adapters::unleash);

  final Start start;
  final Map<String, Peer> peers = new HashMap<>();
  final List<String> names = IntStream.range(0, 1000).mapToObj(i -> "experiment_" + i).toList();
  final List<String> ids =
      IntStream.range(0, IDS).mapToObj(i -> String.format("user-%07d", i)).toList();
  int next = 0;

  Peers(Start start) {
    this.start = start;
  }

  /** CPU nanoseconds of one evaluation, and the share of the treatment. */
  String measure(String scenario, int count) throws Exception {
    boolean many = scenario.equals("many"), targeted = !scenario.equals("split");
    if (!peers.containsKey(scenario)) {
      peers.put(scenario, start.of(Plan.even(names.subList(0, many ? 1000 : 1), targeted)));
    }
    Peer peer = peers.get(scenario);
    int each = many ? 15 : 1, treated = 0, done = 0;
    long before = cpuNanoseconds();
    for (; done < count; done += each, next++) {
      Function<String, String> user = peer.user(ids.get(next % IDS), targeted);
      for (int k = 0; k < each; k++) {
        int pick = many ? (int) ((next * 15L + k * 61) % 1000) : 0;
        String key = user.apply(names.get(pick));
        if (key.equals("treatment")) {
          treated++;
        } else if (!key.equals("control")) {
          throw new IllegalStateException(scenario + ": answered " + key);
        }
      }
    }
    long used = cpuNanoseconds() - before;
    return (double) used / done + " " + (double) treated / done;
  }

  static long cpuNanoseconds() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  static String agree(Start start, Plan plan) throws Exception {
    Peer peer = start.of(List.of(plan));
    StringBuilder answers = new StringBuilder();
    for (int i = 0; i < 100_000; i++) {
      String key = peer.user(Plan.idOf(i, plan.idFamilies()), false).apply(plan.name());
      int index = plan.keys().indexOf(key);
      answers.append(index < 0 ? "-" : index);
    }
    return answers.toString();
  }

  public static void main(String[] arguments) throws Exception {
    Start start = STARTS.get(arguments[0]);
    boolean agreeing = arguments.length > 1 && arguments[1].equals("agree");
    Peers side = agreeing ? null : new Peers(start);
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ");
      System.out.println(agreeing ? agree(start, Plan.fromJson(line))
                                  : side.measure(words[0], Integer.parseInt(words[1])));
    }
    System.exit(0); // Some peers leave threads behind.
  }
}

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Java's OpenFeature SDK and OFREP provider against a live server, as tools/sdks/run asks: every unit
 * asks for every flag. The task comes as one JSON line on standard input.
 */
final class Sdks {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static Map<String, Value> valuesOf(JsonNode object) {
    Map<String, Value> values = new HashMap<>();
    object.properties().forEach(entry -> values.put(entry.getKey(),
        Value.objectToValue(JSON.convertValue(entry.getValue(), Object.class))));
    return values;
  }

  private static Map<String, Object> row(String unit, String flag, FlagEvaluationDetails<?> found,
                                         Object value) {
    Map<String, Object> row = new HashMap<>();
    row.put("unit", unit);
    row.put("flag", flag);
    row.put("value", value);
    row.put("variant", found.getVariant());
    row.put("error", found.getErrorCode() == null ? null : found.getErrorCode().name());
    return row;
  }

  public static void main(String[] arguments) throws Exception {
    JsonNode task = JSON.readTree(System.in);
    OpenFeatureAPI api = OpenFeatureAPI.getInstance();
    api.setProviderAndWait(OfrepProvider.constructProvider(OfrepProviderOptions.builder()
        .baseUrl(task.get("url").asText())
        .headers(ImmutableMap.of("Authorization",
            ImmutableList.of("Bearer " + task.get("key").asText())))
        .build()));
    Client client = api.getClient();
    List<Map<String, Object>> answers = new ArrayList<>();
    for (JsonNode unit : task.get("units")) {
      String id = unit.get("id").asText();
      ImmutableContext context = new ImmutableContext(id, valuesOf(unit.get("attributes")));
      task.get("flags").properties().forEach(entry -> {
        String flag = entry.getKey();
        if (entry.getValue().isTextual()) {
          var found = client.getStringDetails(flag, entry.getValue().asText(), context);
          answers.add(row(id, flag, found, found.getValue()));
        } else {
          var found = client.getObjectDetails(flag,
              Value.objectToValue(JSON.convertValue(entry.getValue(), Object.class)), context);
          answers.add(row(id, flag, found, found.getValue().asStructure().asObjectMap()));
        }
      });
    }
    System.out.println(JSON.writeValueAsString(Map.of("answers", answers)));
    System.exit(0); // Its threads would hold the process.
  }
}

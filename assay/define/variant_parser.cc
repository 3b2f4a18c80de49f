#include "assay/define/variant_parser.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "assay/define/condition_parser.h"
#include "assay/define/gate_parser.h"
#include "assay/define/payload.h"
#include "assay/define/shares.h"

namespace assay::define {
namespace {

constexpr std::size_t kMaxVariants = 100;
constexpr std::size_t kMaxOverrides = 10'000;
constexpr std::size_t kMaxForced = 100;
struct Draft {
  Variant variant;
  Value value;
  std::optional<Value> weight;
};

void check_key(const Value& value, const std::string& key) {
  const auto usable = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
  };
  if (key.size() <= 128 && std::ranges::all_of(key, usable)) return;
  value.error(fmt::format("variant '{}' has an unusable name", key.substr(0, 60)),
              "letters, digits, dots, dashes and underscores; at most 128");
}

Draft make_draft(const std::string& key, const Value& value) {
  check_key(value, key);
  return {{.key = key, .weight = 0, .payload_json = {}, .endpoint = {}}, value, {}};
}

void fill(Draft& draft, const Fields& fields) {
  draft.weight = fields.get("weight");
  if (const auto payload = fields.get("payload")) {
    draft.variant.payload_json = parse_payload(*payload);
  }
  draft.variant.endpoint = fields.text("endpoint").value_or("");
}

std::vector<Draft> read_listed_variants(const Value& value) {
  std::vector<Draft> drafts;
  for (const Value& item : value.list(kMaxVariants)) {
    const Fields fields(item, "listed_variant");
    const auto key = fields.require("key");
    const auto text = key ? key->text() : std::nullopt;
    if (!text) continue;
    const auto same = [&](const Draft& draft) { return draft.variant.key == *text; };
    if (std::ranges::any_of(drafts, same)) {
      key->error(fmt::format("variant '{}' appears twice", *text));
    }
    drafts.push_back(make_draft(*text, item));
    fill(drafts.back(), fields);
  }
  return drafts;
}

std::vector<Draft> read_variants(const Value& value) {
  if (value.is_list()) return read_listed_variants(value);
  std::vector<Draft> drafts;
  for (const auto& entry : value.entries(kMaxVariants)) {
    drafts.push_back(make_draft(entry.key, entry.value));
    if (!entry.value.is_null()) fill(drafts.back(), Fields(entry.value, "variant"));
  }
  return drafts;
}

// Adds the shares of `allocation` to the variants, or makes variants of them where there are none.
void merge_allocation(const Value& allocation, bool has_variants, std::vector<Draft>& drafts) {
  std::vector<std::string_view> keys;
  for (const Draft& draft : drafts) keys.push_back(draft.variant.key);
  for (const auto& entry : allocation.entries(kMaxVariants)) {
    const auto found = std::ranges::find_if(
        drafts, [&](const Draft& draft) { return draft.variant.key == entry.key; });
    if (found != drafts.end()) {
      if (found->weight) {
        found->weight->error("the share is also given in allocation", "keep one of them");
      }
      found->weight = entry.value;
    } else if (!has_variants) {
      drafts.push_back(make_draft(entry.key, entry.value));
      drafts.back().weight = entry.value;
    } else {
      const auto guess = did_you_mean(entry.key, keys);
      entry.value.error(fmt::format("no variant '{}'", entry.key),
                        guess ? fmt::format("did you mean {}?", *guess) : "add it to variants");
    }
  }
}

void set_weights(const Value& whole, std::vector<Draft>& drafts) {
  std::vector<Share> shares;
  std::size_t given = 0;
  for (const Draft& draft : drafts) {
    if (!draft.weight) continue;
    ++given;
    if (const auto decimal = parse_decimal(*draft.weight))
      shares.push_back({*draft.weight, *decimal});
  }
  if (given == 0) {
    for (Draft& draft : drafts) draft.variant.weight = 1;
    return;
  }
  for (const Draft& draft : drafts) {
    if (!draft.weight) {
      draft.value.error(fmt::format("variant '{}' has no share", draft.variant.key),
                        "give every variant a share, or none for equal shares");
    }
  }
  if (shares.size() != drafts.size()) return;
  const auto weights = to_weights(whole, shares);
  for (std::size_t i = 0; i < weights.size(); ++i) drafts[i].variant.weight = weights[i];
}

std::optional<std::uint32_t> slot_number(std::string_view text) {
  std::uint32_t slot = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slot);
  if (error != std::errc{} || end != text.data() + text.size() || slot > kLayerSlots) {
    return std::nullopt;
  }
  return slot;
}

// "0-499999" with both ends, or [0, 500000] without the second.
std::optional<SlotRange> parse_slot_range(const Value& value) {
  std::optional<std::uint32_t> begin;
  std::optional<std::uint32_t> end;
  const Node& node = value.node();
  if (value.is_list() && node.items.size() == 2) {
    begin = slot_number(node.items[0].text);
    end = slot_number(node.items[1].text);
  } else if (const std::size_t dash = node.text.find('-');
             value.is_scalar() && dash != std::string::npos) {
    begin = slot_number(std::string_view(node.text).substr(0, dash));
    end = slot_number(std::string_view(node.text).substr(dash + 1));
    if (end && *end < kLayerSlots) {
      ++*end;
    } else {
      end.reset();
    }
  }
  if (begin && end && *begin < *end) return SlotRange{*begin, *end};
  value.error("is not a range of slots",
              "\"0-499999\" (both ends included) or [0, 500000] (end left out), within 0 to "
              "1000000");
  return std::nullopt;
}

std::vector<SlotRange> parse_slots(const Value& value) {
  const auto& items = value.node().items;
  const bool many =
      value.is_list() && !(items.size() == 2 && items[0].kind == Node::Kind::kScalar &&
                           items[0].text.find('-') == std::string::npos);
  std::vector<SlotRange> slots;
  for (const Value& range : many ? value.list() : std::vector<Value>{value}) {
    if (const auto parsed = parse_slot_range(range)) slots.push_back(*parsed);
  }
  std::ranges::sort(slots, {}, &SlotRange::begin);
  for (std::size_t i = 1; i < slots.size(); ++i) {
    if (slots[i].begin < slots[i - 1].end) {
      value.error(fmt::format("slot {} is in two ranges", slots[i].begin));
    }
  }
  return slots;
}

void parse_layer(const Value& value, Assignment& assignment) {
  if (!value.is_map()) {
    assignment.layer = value.text().value_or(assignment.layer);
    return;
  }
  const Fields fields(value, "layer");
  if (const auto name = fields.require("name")) {
    assignment.layer = name->text().value_or(assignment.layer);
  }
  if (const auto slots = fields.get("slots")) assignment.slots = parse_slots(*slots);
  const auto share = fields.get("share");
  if (!share) return;
  if (fields.has("slots")) share->error("the slots are named already", "keep one of the two");
  assignment.share_ppm = parse_traffic(*share);
  assignment.slots.clear();
  if (assignment.share_ppm == 0U) share->error("is no share of the layer", "above 0, such as 20%");
}

// One of the plan's variants; nothing where the value is no text.
std::optional<std::string> parse_variant_name(const Value& value,
                                              const std::vector<Variant>& variants) {
  auto name = value.text();
  std::vector<std::string_view> keys;
  for (const Variant& variant : variants) keys.push_back(variant.key);
  if (name && std::ranges::find(keys, *name) == keys.end()) {
    value.unknown_word("a variant; there are", *name, keys);
  }
  return name;
}

std::vector<Override> parse_overrides(const Value& value, const std::vector<Variant>& variants) {
  std::vector<Override> overrides;
  for (const auto& entry : value.entries(kMaxOverrides)) {
    const auto variant = parse_variant_name(entry.value, variants);
    if (variant) overrides.push_back({entry.key, *variant});
  }
  return overrides;
}

std::vector<Forced> parse_forced(const Value& value, const std::string& id,
                                 const std::vector<Variant>& variants) {
  std::vector<Forced> forced;
  for (const Value& item : value.list(kMaxForced)) {
    const Fields fields(item, "forced");
    Forced one;
    if (const auto variant = fields.require("variant")) {
      one.variant = parse_variant_name(*variant, variants).value_or("");
    }
    const auto prerequisites = fields.get("prerequisites");
    if (prerequisites) one.prerequisites = parse_prerequisites(*prerequisites, id);
    const auto when = prerequisites ? fields.get("when") : fields.require("when");
    if (when) one.when = parse_targeting(*when);
    forced.push_back(std::move(one));
  }
  return forced;
}

bool parse_exposure(const Value& value) {
  const auto text = value.text();
  if (text && *text != "explicit" && *text != "on_evaluation") {
    const std::string_view known[] = {"explicit", "on_evaluation"};
    value.unknown_word("one of", *text, known);
  }
  return text == "on_evaluation";
}

std::string parse_fallback(const Fields& experiment, const std::string& unit) {
  std::string kind = experiment.text("fallback_unit").value_or("");
  if (kind == unit && !kind.empty()) {
    experiment.get("fallback_unit")
        ->error("is the same as unit", "another kind, such as device; or leave it out");
  }
  return kind;
}

// flagd may hash an attribute alone: there "" is no salt at all.
std::string parse_salt(const Fields& experiment, const std::string& id, HashScheme hash) {
  const Node* salt = experiment.value().node().find("salt");
  const bool is_none = salt != nullptr && salt->quoted && salt->text.empty();
  if (is_none && hash == HashScheme::kFlagd) return {};
  return experiment.text("salt").value_or(id);
}

}  // namespace

std::vector<Variant> parse_variants(const Fields& experiment) {
  const auto listed = experiment.get("variants");
  const auto allocation = experiment.get("allocation");
  std::vector<Draft> drafts;
  if (listed) drafts = read_variants(*listed);
  if (allocation) merge_allocation(*allocation, listed.has_value(), drafts);
  if (drafts.empty()) {
    if (!experiment.has("variants") && !experiment.has("allocation")) {
      experiment.value().error("has no variants", "allocation: {control: 0.5, treatment: 0.5}");
    }
    return {};
  }
  const Value& whole = allocation ? *allocation : *listed;
  if (drafts.size() == 1) whole.error("one variant is no test", "name at least two");
  set_weights(whole, drafts);
  std::vector<Variant> variants;
  for (Draft& draft : drafts) variants.push_back(std::move(draft.variant));
  return variants;
}

Assignment parse_assignment(const Fields& experiment, const std::string& id,
                            const std::vector<Variant>& variants) {
  Assignment assignment;
  assignment.unit = experiment.text("unit").value_or("user");
  assignment.fallback_unit = parse_fallback(experiment, assignment.unit);
  assignment.layer = id;
  assignment.slots = {{0, kLayerSlots}};
  if (const auto layer = experiment.get("layer")) parse_layer(*layer, assignment);
  if (const auto traffic = experiment.get("traffic")) {
    assignment.traffic_ppm = parse_traffic(*traffic).value_or(kLayerSlots);
  }
  assignment.hash = experiment.word<HashScheme>("hash").value_or(HashScheme::kAssay);
  assignment.salt = parse_salt(experiment, id, assignment.hash);
  assignment.sticky = experiment.flag("sticky").value_or(false);
  assignment.reshuffle = experiment.flag("reshuffle").value_or(false);
  if (const auto exposure = experiment.get("exposure")) {
    assignment.expose_on_evaluation = parse_exposure(*exposure);
  }
  if (const auto targeting = experiment.get("targeting")) {
    assignment.targeting = parse_targeting(*targeting);
  }
  if (const auto overrides = experiment.get("overrides")) {
    assignment.overrides = parse_overrides(*overrides, variants);
  }
  if (const auto forced = experiment.get("forced")) {
    assignment.forced = parse_forced(*forced, id, variants);
  }
  return assignment;
}

}  // namespace assay::define

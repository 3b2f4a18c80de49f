#include "assay/define/gate_parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "assay/define/shares.h"

namespace assay::define {
namespace {

constexpr std::size_t kMaxHoldouts = 100;
constexpr std::size_t kMaxPrerequisites = 20;
constexpr std::size_t kMaxNamespaces = 20;
constexpr std::size_t kMaxRanges = 100;

std::vector<std::string> parse_names(const Value& value, std::size_t max_items) {
  std::vector<std::string> names;
  for (const Value& item : value.list(max_items)) {
    const auto name = item.text();
    if (!name) continue;
    if (std::ranges::find(names, *name) != names.end()) {
      item.error(fmt::format("'{}' appears twice", *name));
    }
    names.push_back(*name);
  }
  return names;
}

// The first of each name; later ones are hidden by it.
std::vector<const HoldoutDefinition*> distinct(std::span<const HoldoutDefinition> known) {
  std::vector<const HoldoutDefinition*> all;
  for (const HoldoutDefinition& one : known) {
    const auto same = [&](const HoldoutDefinition* other) {
      return other->holdout.name == one.holdout.name;
    };
    if (std::ranges::none_of(all, same)) all.push_back(&one);
  }
  return all;
}

bool covers(const HoldoutDefinition& definition, const std::string& layer) {
  return definition.layers.empty() ||
         std::ranges::find(definition.layers, layer) != definition.layers.end();
}

std::vector<Holdout> choose_holdouts(const std::optional<Value>& written, const std::string& layer,
                                     std::span<const HoldoutDefinition> known) {
  const auto all = distinct(known);
  std::vector<Holdout> chosen;
  if (!written) {
    for (const HoldoutDefinition* one : all) {
      if (covers(*one, layer)) chosen.push_back(one->holdout);
    }
    return chosen;
  }
  if (written->is_scalar() && written->node().text == "none") return chosen;
  std::vector<std::string_view> names;
  for (const HoldoutDefinition* one : all) names.push_back(one->holdout.name);
  for (const Value& item : written->list(kMaxHoldouts)) {
    const auto name = item.text();
    if (!name) continue;
    const auto found = std::ranges::find(names, *name);
    if (found == names.end()) {
      item.unknown_word("a holdout of the catalogue; there are", *name, names);
      continue;
    }
    chosen.push_back(all[static_cast<std::size_t>(found - names.begin())]->holdout);
  }
  return chosen;
}

Prerequisite parse_prerequisite(const Value& value, const std::string& id) {
  const Fields fields(value, "prerequisite");
  Prerequisite prerequisite;
  if (const auto experiment = fields.require("experiment")) {
    prerequisite.experiment = experiment->text().value_or("");
    if (prerequisite.experiment == id && !id.empty()) {
      experiment->error("an experiment cannot be its own prerequisite");
    }
  }
  if (const auto variants = fields.require("variants")) {
    prerequisite.variants = parse_names(*variants, kMaxItems);
  }
  prerequisite.or_outside = fields.flag("or_outside").value_or(false);
  return prerequisite;
}

std::vector<SlotRange> parse_ranges(const Value& value) {
  std::vector<SlotRange> ranges;
  for (const Value& item : value.list(kMaxRanges)) {
    const auto bounds = item.list(2);
    if (bounds.size() != 2) {
      item.error("is not a range", "from and to, as shares: [0, 0.4]");
      continue;
    }
    const auto begin = parse_traffic(bounds[0]);
    const auto end = parse_traffic(bounds[1]);
    if (!begin || !end) continue;
    const SlotRange range{*begin, *end};
    const std::uint32_t last = ranges.empty() ? 0 : ranges.back().end;
    if (range.begin >= range.end || range.begin < last) {
      item.error("is empty, or begins before the range in front of it ends",
                 "ranges in order, each with its end after its beginning");
    }
    ranges.push_back(range);
  }
  return ranges;
}

Namespace parse_namespace(const Value& value, const std::string& unit) {
  const Fields fields(value, "namespace");
  Namespace one;
  one.hash = fields.word<HashScheme>("hash").value_or(HashScheme::kGrowthbookV2);
  if (one.hash != HashScheme::kGrowthbookV2 && one.hash != HashScheme::kGrowthbookV1) {
    fields.get("hash")->error("only GrowthBook has namespaces by hash",
                              "growthbook_v2 or growthbook_v1; in assay a layer keeps apart");
  }
  if (const auto salt = fields.require("salt")) one.salt = salt->text().value_or("");
  one.unit = fields.text("unit").value_or(unit);
  if (const auto ranges = fields.require("ranges")) one.ranges = parse_ranges(*ranges);
  return one;
}

std::optional<std::int64_t> parse_duration(const Fields& fields, std::string_view key) {
  const auto value = fields.get(key);
  const auto seconds = value ? value->duration_seconds() : std::nullopt;
  if (seconds && *seconds <= 0) value->error("is no time at all");
  return seconds;
}

void parse_switchback(const Fields& experiment, Assignment& assignment) {
  const auto value = experiment.get("switchback");
  if (!value) return;
  const Fields fields(*value, "switchback");
  Switchback switchback;
  if (fields.require("period")) {
    switchback.period_seconds = parse_duration(fields, "period").value_or(0);
  }
  switchback.burn_in_seconds = parse_duration(fields, "burn_in").value_or(0);
  if (const auto start = fields.get("start"))
    switchback.start = start->time().value_or(Timestamp{});
  if (switchback.period_seconds > 0 && switchback.burn_in_seconds >= switchback.period_seconds) {
    fields.get("burn_in")->error("leaves nothing of the period", "a shorter one than the period");
  }
  assignment.switchback = switchback;
  if (assignment.sticky) {
    experiment.get("sticky")->error("a switchback's variant changes from period to period",
                                    "one of the two");
  }
  if (assignment.hash != HashScheme::kAssay) {
    experiment.get("hash")->error("splits each unit once and for all, and a switchback does not",
                                  "use assay's own hash");
  }
}

}  // namespace

std::vector<Prerequisite> parse_prerequisites(const Value& value, const std::string& id) {
  std::vector<Prerequisite> all;
  for (const Value& item : value.list(kMaxPrerequisites)) {
    all.push_back(parse_prerequisite(item, id));
  }
  return all;
}

std::vector<HoldoutDefinition> parse_holdouts(const Value& value) {
  std::vector<HoldoutDefinition> holdouts;
  for (const auto& entry : value.entries(kMaxHoldouts)) {
    HoldoutDefinition one;
    one.holdout.name = entry.key;
    const Fields fields(entry.value, "holdout");
    if (const auto share = fields.require("share")) {
      one.holdout.share_ppm = parse_traffic(*share).value_or(kLayerSlots);
      if (one.holdout.share_ppm == 0) {
        share->error("holds nobody out", "a share above 0, such as 5%, or no such holdout");
      }
    }
    one.holdout.unit = fields.text("unit").value_or("user");
    if (const auto layers = fields.get("layers")) one.layers = parse_names(*layers, kMaxItems);
    holdouts.push_back(std::move(one));
  }
  return holdouts;
}

void parse_gates(const Fields& experiment, const std::string& id,
                 std::span<const HoldoutDefinition> known, Assignment& assignment) {
  assignment.holdouts = choose_holdouts(experiment.get("holdouts"), assignment.layer, known);
  if (const auto value = experiment.get("prerequisites")) {
    assignment.prerequisites = parse_prerequisites(*value, id);
  }
  if (const auto value = experiment.get("namespaces")) {
    for (const Value& item : value->list(kMaxNamespaces)) {
      assignment.namespaces.push_back(parse_namespace(item, assignment.unit));
    }
  }
  parse_switchback(experiment, assignment);
}

}  // namespace assay::define

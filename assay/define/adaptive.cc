#include "assay/define/adaptive.h"

#include <algorithm>

#include <fmt/format.h>

#include "assay/base/text.h"
#include "assay/define/shares.h"

namespace assay::define {
namespace {

std::string percent(std::uint64_t ppm) {
  return number_text(static_cast<double>(ppm) / 10'000) + "%";
}

// In whole numbers, as everything that decides.
void check_floor(const Value& value, std::uint32_t floor_ppm,
                 const std::vector<Variant>& variants) {
  std::uint64_t total = 0;
  for (const Variant& variant : variants) total += variant.weight;
  for (const Variant& variant : variants) {
    if (std::uint64_t{variant.weight} * kLayerSlots >= floor_ppm * total) continue;
    value.error(
        fmt::format("variant '{}' has less than the floor of {}", variant.key, percent(floor_ppm)),
        "raise its share: what is never tried is never learned about");
  }
}

// In the order of the plan; empty, and problems, where they are not those of its variants.
std::vector<std::uint32_t> read_shares(const Value& allocation, const Experiment& plan) {
  const auto entries = allocation.entries();
  std::vector<Share> shares;
  for (const Variant& variant : plan.variants) {
    const auto found = std::ranges::find(entries, variant.key, &Value::Entry::key);
    if (found == entries.end()) {
      allocation.error(fmt::format("variant '{}' has no share", variant.key), "give it one");
    } else if (const auto decimal = parse_decimal(found->value)) {
      shares.push_back({found->value, *decimal});
    }
  }
  for (const Value::Entry& entry : entries) {
    const auto same = std::ranges::find(plan.variants, entry.key, &Variant::key);
    if (same == plan.variants.end()) {
      entry.value.error(fmt::format("'{}' is no variant of {}", entry.key, plan.id));
    }
  }
  if (!allocation.report().problems.empty() || shares.empty()) return {};
  return to_weights(allocation, shares);
}

}  // namespace

void parse_adaptive(const Fields& experiment, const std::vector<Variant>& variants,
                    Assignment& assignment) {
  const auto value = experiment.get("adaptive");
  if (!value) return;
  const Fields fields(*value, "adaptive");
  const auto floor = fields.require("floor");
  if (!assignment.sticky) {
    value->error("needs memory: a change of weights would move units", "sticky: true");
  }
  if (assignment.reshuffle) value->error("moves nobody, and reshuffle does", "one of the two");
  if (!floor) return;
  assignment.adaptive_floor_ppm = parse_traffic(*floor);
  if (!assignment.adaptive_floor_ppm) return;
  const std::uint32_t ppm = *assignment.adaptive_floor_ppm;
  if (ppm == 0) floor->error("is no floor", "a share above 0, such as 5%");
  if (ppm * std::uint64_t{variants.size()} > kLayerSlots) {
    floor->error(fmt::format("is more than {} variants can all have", variants.size()));
  } else {
    check_floor(*value, ppm, variants);
  }
}

Checked<std::vector<std::uint32_t>> parse_reweighing(std::string_view text,
                                                     const Experiment& plan) {
  auto read = read_document(text, "weights");
  if (!read) return unexpected(std::move(read).error());
  Report report{"weights", std::move(read->problems)};
  const Value whole(report, read->root, "");
  const Fields fields(whole, "reweighing");
  if (!plan.assignment.adaptive_floor_ppm) {
    whole.error(plan.id + " is not adaptive",
                "adaptive: {floor: 5%} in its file, before it starts");
  }
  std::vector<std::uint32_t> weights;
  const auto allocation = fields.require("allocation");
  if (allocation) weights = read_shares(*allocation, plan);
  if (report.problems.empty()) {
    std::vector<Variant> variants = plan.variants;
    for (std::size_t i = 0; i < variants.size(); ++i) variants[i].weight = weights[i];
    check_floor(*allocation, *plan.assignment.adaptive_floor_ppm, variants);
  }
  if (has_errors(report.problems)) return unexpected(std::move(report.problems));
  return weights;
}

}  // namespace assay::define

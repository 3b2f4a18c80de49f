#include "assay/deliver/answer.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/hash.h"

namespace assay::deliver {

Exposure exposure_of(const assign::Snapshot& snapshot, assign::Handle experiment,
                     const assign::Assignment& assignment, const assign::Context& context) {
  const std::string_view id = snapshot.id(experiment);
  const std::string_view unit_id = snapshot.unit(experiment, assignment, context).id;
  // User 5 and device 5 are two units; the first kind of unit needs no mark.
  const std::string_view mark = assignment.by_fallback ? "fallback:" : "";
  // In a switchback the unit meets its variant anew in each period.
  const auto period = snapshot.period(experiment, context);
  const std::string identity =
      fmt::format("{}:{}:{}:{}:{}{}{}", id.size(), id, assignment.version, assignment.epoch, mark,
                  period ? fmt::format("@{}:", *period) : "", unit_id);
  const Digest128 digest = xxh3_128(identity);
  return {.id = fmt::format("eval-{:016x}{:016x}", digest.high, digest.low),
          .experiment = std::string(id),
          .variant = std::string(
              snapshot.variant_key(experiment, static_cast<std::size_t>(assignment.variant))),
          .unit_kind = std::string(snapshot.unit_kind(experiment, assignment)),
          .unit_id = std::string(unit_id),
          .version = assignment.version,
          .epoch = assignment.epoch,
          .is_override = assignment.reason == assign::Reason::kOverride,
          .propensity = assignment.propensity};
}

std::string json_quoted(std::string_view text) {
  const auto stands_for_itself = [](char c) {
    return c >= ' ' && c < '\x7f' && c != '"' && c != '\\';
  };
  if (std::ranges::all_of(text, stands_for_itself)) {
    return std::string(1, '"').append(text).append(1, '"');
  }
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace assay::deliver

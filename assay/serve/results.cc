#include "assay/serve/results.h"

#include <nlohmann/json.hpp>

#include "assay/io/http/message.h"

namespace assay::serve {

using Json = nlohmann::ordered_json;

Result<Outcome> read_outcome(std::string scorecard_json, std::string verdict_json) {
  Outcome outcome;
  try {
    const Json card = Json::parse(scorecard_json);
    Json units = Json::object();
    for (const Json& arm : card.at("units")) {
      const auto n = arm.at("n").get<std::int64_t>();
      units[arm.at("variant").get<std::string>()] = n;
      outcome.units += n;
    }
    outcome.units_json = units.dump();
    outcome.trusted = card.at("trusted").get<bool>();
    outcome.withheld = card.at("withheld").get<bool>();
    for (const Json& comparison : card.at("comparisons")) {
      if (comparison.at("role") != "primary") continue;
      outcome.primary_json = comparison.dump();
      break;
    }
  } catch (const nlohmann::json::exception& error) {
    return fail(Code::kCorrupt, std::string("a stored scorecard cannot be read: ") + error.what());
  }
  outcome.etag = io::http::etag_of(scorecard_json);
  outcome.scorecard_json = std::move(scorecard_json);
  outcome.verdict_json = std::move(verdict_json);
  return outcome;
}

Result<std::unique_ptr<Results>> Results::load(io::sqlite::Records& records) {
  auto results = std::make_unique<Results>();
  ASSAY_TRY(const auto experiments, records.experiments());
  for (const auto& experiment : experiments) {
    ASSAY_TRY(auto scorecard, records.scorecard(experiment.id));
    ASSAY_TRY(auto verdict, records.verdict(experiment.id));
    if (!scorecard) continue;
    ASSAY_TRY(Outcome outcome, read_outcome(std::move(*scorecard), verdict.value_or("")));
    results->put(experiment.id, std::move(outcome));
  }
  return results;
}

std::shared_ptr<const Outcome> Results::find(std::string_view experiment) const {
  const std::scoped_lock lock(mutex_);
  const auto at = outcomes_.find(experiment);
  return at == outcomes_.end() ? nullptr : at->second;
}

void Results::put(const std::string& experiment, Outcome outcome) {
  auto shared = std::make_shared<const Outcome>(std::move(outcome));
  const std::scoped_lock lock(mutex_);
  outcomes_[experiment] = std::move(shared);
}

}  // namespace assay::serve

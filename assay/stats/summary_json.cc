// The stored form of a Summary, version 1. Written with the shortest text that reads back to the
// same double; the rounding remainders of the means travel too, so that a merge after a restart
// gives the same bytes as one before it.
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/summary.h"

namespace assay::stats {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr int kMostCovariates = 1000;

Result<std::int64_t> count_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer() || found->get<std::int64_t>() < 0) {
    return fail(Code::kInvalid, fmt::format("summary.{} must be a count", key));
  }
  return found->get<std::int64_t>();
}

Result<std::vector<double>> numbers_at(const json& object, const char* key, std::size_t size) {
  const auto found = object.find(key);
  const auto wrong = [&] {
    return fail(Code::kInvalid, fmt::format("summary.{} must be {} finite numbers", key, size));
  };
  if (found == object.end() || !found->is_array() || found->size() != size) return wrong();
  std::vector<double> numbers;
  for (const json& item : *found) {
    if (!item.is_number() || !std::isfinite(item.get<double>())) return wrong();
    numbers.push_back(item.get<double>());
  }
  return numbers;
}

Result<Columns> columns_of(const json& object) {
  const auto version = object.find("version");
  if (version == object.end() || *version != kVersion) {
    return fail(Code::kInvalid, fmt::format("summary.version must be {}", kVersion));
  }
  const auto denominator = object.find("denominator");
  if (denominator == object.end() || !denominator->is_boolean()) {
    return fail(Code::kInvalid, "summary.denominator must be true or false");
  }
  ASSAY_TRY(const std::int64_t covariates, count_at(object, "covariates"));
  if (covariates > kMostCovariates) {
    return fail(Code::kInvalid, fmt::format("summary.covariates is {}, and at most {}", covariates,
                                            kMostCovariates));
  }
  return Columns{.denominator = denominator->get<bool>(),
                 .covariates = static_cast<int>(covariates)};
}

std::vector<double> parts(const std::vector<Wide>& wide, double Wide::*part) {
  std::vector<double> numbers;
  for (const Wide& each : wide) numbers.push_back(each.*part);
  return numbers;
}

}  // namespace

std::string Summary::to_json() const {
  return json{{"version", kVersion},
              {"denominator", columns_.denominator},
              {"covariates", columns_.covariates},
              {"n", n_},
              {"rejected", rejected_},
              {"means", parts(means_, &Wide::value)},
              {"means_lost", parts(means_, &Wide::lost)},
              {"comoments", parts(comoments_, &Wide::value)},
              {"comoments_lost", parts(comoments_, &Wide::lost)},
              {"m3", m3_},
              {"m4", m4_}}
      .dump();
}

Result<Summary> Summary::from_json(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(Code::kInvalid, "a summary must be a JSON object");
  ASSAY_TRY(const Columns columns, columns_of(object));
  const Summary shape(columns);
  ASSAY_TRY(const std::int64_t n, count_at(object, "n"));
  ASSAY_TRY(const std::int64_t rejected, count_at(object, "rejected"));
  ASSAY_TRY(const auto means, numbers_at(object, "means", shape.means_.size()));
  ASSAY_TRY(const auto lost, numbers_at(object, "means_lost", shape.means_.size()));
  ASSAY_TRY(const auto comoments, numbers_at(object, "comoments", shape.comoments_.size()));
  ASSAY_TRY(const auto co_lost, numbers_at(object, "comoments_lost", shape.comoments_.size()));
  for (const char* key : {"m3", "m4"}) {
    if (!object.contains(key) || !object[key].is_number()) {
      return fail(Code::kInvalid, fmt::format("summary.{} must be a number", key));
    }
  }
  auto summary = of_moments(columns, n, means, comoments, object["m3"].get<double>(),
                            object["m4"].get<double>());
  if (!summary) return fail(Code::kInvalid, "summary: " + summary.error().text);
  summary->rejected_ = rejected;
  for (std::size_t i = 0; n > 0 && i < lost.size(); ++i) summary->means_[i].lost = lost[i];
  for (std::size_t i = 0; n > 0 && i < co_lost.size(); ++i)
    summary->comoments_[i].lost = co_lost[i];
  return *std::move(summary);
}

}  // namespace assay::stats

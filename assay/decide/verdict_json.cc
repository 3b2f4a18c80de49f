#include <nlohmann/json.hpp>

#include "assay/decide/verdict.h"

namespace assay::decide {

std::string to_json(const Verdict& verdict) {
  nlohmann::ordered_json json;
  json["experiment"] = verdict.experiment;
  json["fingerprint"] = verdict.fingerprint;
  json["decision"] = decision_name(verdict.decision);
  if (!verdict.variant.empty()) json["variant"] = verdict.variant;
  json["sentence"] = verdict.sentence;
  json["reasons"] = nlohmann::ordered_json::array();
  for (const VerdictReason& reason : verdict.reasons) {
    nlohmann::ordered_json row{{"code", reason.code}};
    if (!reason.subject.empty()) row["subject"] = reason.subject;
    row["message"] = reason.message;
    json["reasons"].push_back(std::move(row));
  }
  json["as_of"] = to_text(verdict.as_of);
  return json.dump();
}

}  // namespace assay::decide

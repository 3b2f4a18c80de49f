// Answers as JSON, in the shapes that spec/http/openapi.yaml describes.
#pragma once

#include <string>
#include <vector>

#include "assay/collect/collect.h"
#include "assay/io/sqlite/records.h"
#include "assay/serve/experiments.h"
#include "assay/serve/results.h"
#include "assay/stats/calculators.h"

namespace assay::serve {

std::string experiment_json(const Registered& experiment);
std::string experiment_list_json(const View& view, const Results& results);
std::string history_json(const std::string& id,
                         const std::vector<io::sqlite::HistoryPoint>& points);
// `differing`: how many exposures name another variant than the one assigned.
std::string receipt_json(const collect::Appended& appended,
                         const std::vector<collect::Rejected>& rejected,
                         std::int64_t differing = 0);
std::string methods_json(const std::vector<stats::Method>& methods);

}  // namespace assay::serve

// For tests of intake: experiments that are known by heart.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "assay/collect/intake.h"

namespace assay::collect {

class KnownByHeart final : public Known {
 public:
  explicit KnownByHeart(std::map<std::string, KnownExperiment, std::less<>> experiments)
      : experiments_(std::move(experiments)) {}

  KnownExperiment& at(const std::string& id) { return experiments_.at(id); }
  const KnownExperiment* known(std::string_view id) const override {
    const auto found = experiments_.find(id);
    return found == experiments_.end() ? nullptr : &found->second;
  }
  std::vector<std::string_view> known_ids() const override {
    std::vector<std::string_view> ids;
    for (const auto& [id, unused] : experiments_) ids.emplace_back(id);
    return ids;
  }

 private:
  std::map<std::string, KnownExperiment, std::less<>> experiments_;
};

}  // namespace assay::collect

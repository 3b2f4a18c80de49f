// For tests of what runs: Experiments over records in memory.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "assay/serve/experiments.h"

namespace assay::serve {

inline std::string plan(const std::string& id, const std::string& more = "") {
  return "experiment:\n  id: " + id +
         "\n  hypothesis: More clicks.\n"
         "  variants:\n    control: {weight: 1}\n    treatment: {weight: 1}\n"
         "  metrics:\n    primary:\n"
         "      - {name: clicks, type: proportion, event: click, direction: increase}\n" +
         more;
}

inline const io::sqlite::Change kChange = {Timestamp{1'000'000}, "test"};

class ExperimentsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto records = io::sqlite::Records::open(":memory:");
    ASSERT_TRUE(records) << to_text(records.error());
    records_ = std::move(*records);
    reopen();
  }
  void reopen(deliver::StickyStore* sticky = nullptr, const define::Catalogue& catalogue = {}) {
    auto opened = Experiments::open(*records_, catalogue, sticky);
    ASSERT_TRUE(opened) << to_text(opened.error());
    experiments_ = std::move(*opened);
  }
  Expected<Addition, Refusal> add(const std::string& text) {
    return experiments_->add(text, "test.yaml", kChange);
  }
  void add_and_start(const std::string& id, const std::string& more = "") {
    const auto added = add(plan(id, more));
    ASSERT_TRUE(added) << to_text(added.error().problems) << to_text(added.error().error);
    const auto started = experiments_->start(id, kChange);
    ASSERT_TRUE(started) << to_text(started.error());
  }
  std::string reason_of(const std::string& id) const {
    const auto body = experiments_->view()
                          ->served->ofrep.evaluate_flag(id, R"({"context":{"targetingKey":"u"}})")
                          .body;
    return body;
  }

  std::unique_ptr<io::sqlite::Records> records_;
  std::unique_ptr<Experiments> experiments_;
};

}  // namespace assay::serve

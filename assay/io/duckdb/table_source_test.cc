#include "assay/io/duckdb/table_source.h"

#include <filesystem>
#include <initializer_list>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/base/hash.h"
#include "assay/io/duckdb/table_units.h"
#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

using define::MetricType;
using testing::AllOf;
using testing::HasSubstr;

using Units = std::map<analyze::Cell, std::int64_t>;

TableData read(const TableQuery& query) {
  auto data = read_table(query);
  EXPECT_TRUE(data) << to_text(data.error());
  return data ? *data : TableData{};
}
std::string problems(const TableQuery& query) {
  const auto data = read_table(query);
  EXPECT_FALSE(data);
  return data ? "" : to_text(data.error());
}

class TableSource : public testing::Test {
 protected:
  TableQuery query(TableMetric metric) const {
    return {.path = table_, .unit_column = "id", .variant_column = "arm", .metrics = {metric}};
  }
  TestFolder folder_;
  const std::string table_ = folder_.write("t.csv",
                                           "id,arm,won,spent,visits,before,country\n"
                                           "u1,a,1,10,2,1,IN\n"
                                           "u2,a,0,,1,3,US\n"
                                           "u3,b,true,30,3,,IN\n"
                                           "u4,b,false,1e2,4,8,IN\n");
};

TEST_F(TableSource, EveryTypeByHand) {
  const auto won = read(query({.column = "won", .type = MetricType::kProportion}));
  EXPECT_EQ(won.units, (Units{{{"a"}, 2}, {{"b"}, 2}}));
  EXPECT_EQ(won.metrics[0].cells.at({"b"}).summary.mean(0), 0.5);
  const auto spent = read(query({.column = "spent"}));
  EXPECT_EQ(spent.metrics[0].cells.at({"a"}).summary.n(), 1);
  EXPECT_EQ(spent.metrics[0].cells.at({"b"}).summary.mean(0), 65);
  EXPECT_EQ(spent.metrics[0].missing, 1);
  const auto ratio =
      read(query({.column = "spent", .type = MetricType::kRatio, .denominator_column = "visits"}));
  EXPECT_EQ(ratio.metrics[0].cells.at({"b"}).summary.mean(1), 3.5);
  const auto quantile = read(query({.column = "visits", .type = MetricType::kQuantile}));
  EXPECT_EQ(quantile.metrics[0].cells.at({"b"}).rows.rows(), 2);
}

// The deviation from the mean of those that have one, (1 + 3 + 8) / 3 = 4, and a mark.
TEST_F(TableSource, AMissingCovariateIsNoDeviationAndAMark) {
  const auto data = read(query({.column = "visits", .covariate_column = "before"}));
  const stats::Summary& b = data.metrics[0].cells.at({"b"}).summary;
  EXPECT_EQ(b.n(), 2);
  EXPECT_EQ(b.columns().covariates, 2);
  EXPECT_EQ(b.mean(1), (0 + 4) / 2.0);
  EXPECT_EQ(b.mean(2), (0.75 - 0.25) / 2);
  const auto complete = read(query({.column = "visits", .covariate_column = "visits"}));
  EXPECT_EQ(complete.metrics[0].cells.at({"b"}).summary.columns().covariates, 1);
}

TEST_F(TableSource, ClustersAreUnitsOfSummedRows) {
  TableQuery clusters = query({.column = "visits", .covariate_column = "before"});
  clusters.path = folder_.write("c.csv",
                                "id,arm,shop,visits,before\n"
                                "u1,a,s1,2,1\nu2,a,s1,1,3\nu3,a,s2,7,5\nu4,b,s3,4,7\n");
  clusters.cluster_column = "shop";
  const auto data = read(clusters);
  EXPECT_EQ(data.units, (Units{{{"a"}, 2}, {{"b"}, 1}}));
  const analyze::MetricCell& a = data.metrics[0].cells.at({"a"});
  EXPECT_TRUE(a.clustered);
  EXPECT_EQ(a.summary.n(), 2);
  EXPECT_EQ(a.summary.mean(0), (3 + 7) / 2.0);
  EXPECT_EQ(a.summary.mean(1), 1.5);             // Rows.
  EXPECT_EQ(a.summary.mean(2), (-4 + 1) / 2.0);  // Deviations from 4.
  clusters.metrics[0].type = MetricType::kQuantile;
  const auto rows = read(clusters);
  EXPECT_EQ(rows.metrics[0].cells.at({"a"}).rows.rows(), 3);
  EXPECT_EQ(rows.metrics[0].cells.at({"a"}).rows.described_units().size(), 2u);
}

TEST_F(TableSource, CapsAndSegments) {
  const auto fixed = read(query({.column = "visits", .cap = {.value = 3}}));
  EXPECT_EQ(fixed.metrics[0].cells.at({"b"}).summary.mean(0), 3);
  EXPECT_EQ(fixed.metrics[0].cells.at({"b"}).capped, 1);
  const auto percentile = read(query({.column = "visits", .cap = {.percentile = 0.5}}));
  EXPECT_EQ(percentile.metrics[0].cells.at({"b"}).summary.mean(0), 2);
  TableQuery india = query({.column = "visits"});
  india.segment_column = "country";
  india.segment_value = "IN";
  EXPECT_EQ(read(india).units.at({"a"}), 1);
}

TEST_F(TableSource, RepeatedUnitsAreRefusedUnlessTheyAreToBeAddedUp) {
  const std::string path = folder_.write("r.csv", "id,arm,x\nu1,a,1\nu1,a,2\nu2,b,5\n");
  TableQuery twice{
      .path = path, .unit_column = "id", .variant_column = "arm", .metrics = {{.column = "x"}}};
  EXPECT_THAT(problems(twice),
              AllOf(HasSubstr("1 rows repeat a unit"), HasSubstr("--sum-repeated-units")));
  twice.repeated_units = RepeatedUnits::kSum;
  EXPECT_EQ(read(twice).metrics[0].cells.at({"a"}).summary.mean(0), 3);
  twice.path = folder_.write("two.csv", "id,arm,x\nu1,a,1\nu1,b,2\n");
  EXPECT_THAT(problems(twice), HasSubstr("two.csv:3: error: id: unit \"u1\" is in two variants"));
  twice.unit_column = "";
  EXPECT_EQ(read(twice).units.at({"b"}), 1);
}

// The units without their variants, given the variants of the table: the same cells.
TEST_F(TableSource, UnitsAnewAddUpToTheTable) {
  TableQuery all = query({.column = "visits", .covariate_column = "before", .cap = {.value = 3}});
  all.metrics.push_back(
      {.column = "spent", .type = MetricType::kRatio, .denominator_column = "visits"});
  all.metrics.push_back({.column = "visits", .type = MetricType::kQuantile});
  const TableData table = read(all);
  const auto units = read_units(all);
  ASSERT_TRUE(units) << to_text(units.error());
  ASSERT_EQ(units->digests.size(), 4U);
  EXPECT_EQ(units->digests[2], unit_digest("u3"));
  for (std::size_t m = 0; m < all.metrics.size(); ++m) {
    const FoldedMetric& metric = units->metrics[m];
    analyze::MetricCell b = metric.empty_cell();
    for (const std::size_t unit : {2, 3}) metric.add_to(b, unit);
    const analyze::MetricCell& same = table.metrics[m].cells.at({"b"});
    EXPECT_EQ(b.summary.to_json(), same.summary.to_json());
    EXPECT_EQ(b.rows.rows(), same.rows.rows());
    EXPECT_EQ(b.capped, same.capped);
    EXPECT_EQ(b.matured, same.matured);
    EXPECT_EQ(metric.missing(), table.metrics[m].missing);
  }
  all.cluster_column = "country";
  all.variant_column = "";
  const auto countries = read_units(all);
  ASSERT_TRUE(countries) << to_text(countries.error());
  EXPECT_EQ(countries->digests, (std::vector<std::uint64_t>{unit_digest("IN"), unit_digest("US")}));
  all.cluster_column = all.unit_column = "";
  EXPECT_EQ(read_units(all)->digests[3], unit_digest("4"));
  all.path = folder_.file("no.csv");
  EXPECT_THAT(to_text(read_units(all).error()), HasSubstr("there is no file"));
}

TEST_F(TableSource, ProblemsComeTogether) {
  EXPECT_THAT(problems({.path = table_,
                        .unit_column = "ID",
                        .variant_column = "armm",
                        .metrics = {{.column = "nothing"}}}),
              AllOf(HasSubstr("there is no column \"armm\" (did you mean arm?)"),
                    HasSubstr("there is no column \"nothing\" (the file has id, arm")));
  const std::string path = folder_.write("p.csv", "id,arm,x\nu1,,1\nu2,a,NaN\nu3,a,2\n,a,1\n");
  EXPECT_THAT(problems({.path = path,
                        .unit_column = "id",
                        .variant_column = "arm",
                        .metrics = {{.column = "x", .type = MetricType::kProportion}}}),
              AllOf(HasSubstr("p.csv:2: error: arm: the variant is missing"),
                    HasSubstr("p.csv:3: error: x: \"NaN\" is not a finite number"),
                    HasSubstr("p.csv:4: error: x: 2 is neither 0 nor 1"),
                    HasSubstr("p.csv:5: error: id: the unit is missing")));
  EXPECT_THAT(problems({.path = folder_.file("no.csv"), .unit_column = "", .variant_column = "a"}),
              HasSubstr("there is no file"));
}

TEST_F(TableSource, NdjsonReadsAsWell) {
  const std::string path =
      folder_.write("t.ndjson", "{\"arm\":\"a\",\"x\":1.5}\n{\"arm\":\"b\",\"x\":true}\n");
  const auto data = read(
      {.path = path, .unit_column = "", .variant_column = "arm", .metrics = {{.column = "x"}}});
  EXPECT_EQ(data.metrics[0].cells.at({"a"}).summary.mean(0), 1.5);
  EXPECT_EQ(data.metrics[0].cells.at({"b"}).summary.mean(0), 1);
}

// Expected numbers: pandas 3.1 and NumPy 2.4 on the file itself: groupby('version').agg of
// count, mean, var; the cap is numpy.quantile(x, 0.99, method='inverted_cdf') = 493.
TEST(TableSourceCookieCats, AgreesWithPandas) {
  const std::string path = ASSAY_SOURCE_DIR "/../shared/data/cookie_cats.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no shared data: cookie_cats.csv";
  const auto data = read({.path = path,
                          .unit_column = "userid",
                          .variant_column = "version",
                          .metrics = {{.column = "retention_1", .type = MetricType::kProportion},
                                      {.column = "retention_7", .type = MetricType::kProportion},
                                      {.column = "sum_gamerounds"},
                                      {.column = "sum_gamerounds", .cap = {.percentile = 0.99}}}});
  struct Expected {
    std::size_t metric;
    const char* variant;
    std::int64_t n;
    double mean;
    double variance;
    std::int64_t capped;
  };
  for (const Expected& expected : std::initializer_list<Expected>{
           {0, "gate_30", 44700, 0.4481879194630872, 0.24732104121963697, 0},
           {0, "gate_40", 45489, 0.44228274967574577, 0.24667414173570293, 0},
           {1, "gate_30", 44700, 0.19020134228187918, 0.15402823749791908, 0},
           {1, "gate_40", 45489, 0.18200004396667327, 0.14887930082659043, 0},
           {2, "gate_30", 44700, 52.45626398210291, 65903.32189749402, 0},
           {2, "gate_40", 45489, 51.29877552814966, 10669.736421513338, 0},
           {3, "gate_30", 44700, 49.13583892617449, 7135.0833169878915, 446},
           {3, "gate_40", 45489, 48.853920728088106, 7046.913126610011, 452}}) {
    const analyze::MetricCell& cell = data.metrics.at(expected.metric).cells.at({expected.variant});
    EXPECT_EQ(cell.summary.n(), expected.n);
    EXPECT_NEAR(cell.summary.mean(0), expected.mean, 1e-12 * expected.mean);
    EXPECT_NEAR(cell.summary.variance().value(), expected.variance, 1e-11 * expected.variance);
    EXPECT_EQ(cell.capped, expected.capped);
  }
}

}  // namespace
}  // namespace assay::io::duckdb

#include "assay/io/duckdb/summary_source.h"

#include <algorithm>
#include <future>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/base/hash.h"
#include "assay/io/duckdb/event_store.h"
#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

using analyze::Cell;
using analyze::MetricData;
using define::Aggregation;
using define::MetricDefinition;
using define::MetricType;
using define::Op;

constexpr std::int64_t kDay = kSecondsPerDay;

Timestamp at(std::int64_t seconds) { return {1'800'000'000'000'000 + seconds * kMicrosPerSecond}; }

// A store in a folder of its own, and one experiment "e" with variants a and b.
class SummarySource : public testing::Test {
 protected:
  SummarySource() {
    experiment_.id = "e";
    experiment_.variants = {{.key = "a", .weight = 1}, {.key = "b", .weight = 1}};
    store_ = EventStore::open(folder_.file("events.duckdb"), {}).value();
  }

  collect::Exposure& expose(const std::string& unit, const std::string& variant,
                            std::int64_t seconds) {
    batch_.exposures.push_back({.id = "x" + std::to_string(++ids_),
                                .time = at(seconds),
                                .experiment = "e",
                                .variant = variant,
                                .unit_id = unit,
                                .version = "1",
                                .properties_json = "{}"});
    return batch_.exposures.back();
  }
  collect::Event& event(const std::string& unit, const std::string& name, std::int64_t seconds,
                        std::optional<double> value = {}, const std::string& properties = "{}") {
    batch_.events.push_back({.id = "v" + std::to_string(++ids_),
                             .time = at(seconds),
                             .name = name,
                             .units = {{"user", unit}},
                             .value = value,
                             .properties_json = properties});
    return batch_.events.back();
  }
  void store() {
    std::promise<Result<collect::Appended>> promise;
    store_->append(std::move(batch_), [&](auto done) { promise.set_value(std::move(done)); });
    const auto done = promise.get_future().get();
    ASSERT_TRUE(done) << to_text(done.error());
    batch_ = {};
  }
  static MetricDefinition metric(Aggregation aggregation, MetricType type = MetricType::kMean) {
    return {.name = "m", .type = type, .numerator = {.event = "buy", .aggregation = aggregation}};
  }
  MetricData read(const MetricDefinition& definition, Timestamp as_of = at(100 * kDay)) {
    return read(analyze::MetricQuery{.metric = definition}, as_of);
  }
  MetricData read(const analyze::MetricQuery& query, Timestamp as_of = at(100 * kDay)) {
    auto data = store_->source().value()->metric(experiment_, query, as_of);
    EXPECT_TRUE(data) << to_text(data.error());
    return data ? *data : MetricData{};
  }
  analyze::Exposed exposed(Timestamp as_of = at(100 * kDay)) {
    return store_->source().value()->exposed(experiment_, as_of).value();
  }
  // "user u1 a 10", the seconds last.
  std::multiset<std::string> first_exposures(Timestamp as_of = at(100 * kDay)) {
    std::multiset<std::string> all;
    const auto visited =
        store_->visit_first_exposures(experiment_, as_of, [&](const FirstExposure& one) {
          const auto seconds = (one.time.micros - at(0).micros) / kMicrosPerSecond;
          all.insert(std::string(one.unit_kind) + " " + std::string(one.unit_id) + " " +
                     std::string(one.variant) + " " + std::to_string(seconds));
        });
    EXPECT_TRUE(visited) << to_text(visited.error());
    return all;
  }
  // Mean of the outcome in one variant, epoch 0.
  static double mean(const MetricData& data, const std::string& variant, int column = 0) {
    const auto cell = data.cells.find(Cell{variant, 0});
    return cell == data.cells.end() ? -1 : cell->second.summary.mean(column);
  }
  static std::int64_t count(const MetricData& data, const std::string& variant) {
    const auto cell = data.cells.find(Cell{variant, 0});
    return cell == data.cells.end() ? -1 : cell->second.summary.n();
  }

  TestFolder folder_;
  std::unique_ptr<EventStore> store_;
  define::Experiment experiment_;
  collect::Batch batch_;
  int ids_ = 0;
};

TEST_F(SummarySource, NothingStoredIsNoUnitsAndNoCells) {
  EXPECT_TRUE(exposed().units.empty());
  EXPECT_FALSE(exposed().first);
  EXPECT_TRUE(read(metric(Aggregation::kCount)).cells.empty());
}

TEST_F(SummarySource, TheFirstExposureDecidesAndTheRestIsReported) {
  expose("u1", "b", 20);  // Later, and sent first.
  expose("u1", "a", 10);
  expose("u2", "b", 5).epoch = 3;
  expose("u3", "c", 1);
  expose("u4", "a", 1).is_override = true;
  expose("u5", "a", 1).unit_kind = "session";
  expose("u6", "a", 1).experiment = "other";
  store();
  const analyze::Exposed all = exposed();
  EXPECT_THAT(all.units,
              testing::ElementsAre(testing::Pair(Cell{"a", 0}, 1), testing::Pair(Cell{"b", 3}, 1)));
  EXPECT_EQ(all.contaminated, 1);
  EXPECT_EQ(all.unknown_variant, 1);
  EXPECT_EQ(all.exposures, 4);
  EXPECT_EQ(all.first, at(1));
  EXPECT_EQ(all.last, at(20));
  EXPECT_EQ(exposed(at(20)).contaminated, 0) << "as_of itself is not seen";
  EXPECT_THAT(first_exposures(),
              testing::ElementsAre("user u1 a 10", "user u2 b 5", "user u3 c 1"));
  EXPECT_THAT(first_exposures(at(10)), testing::ElementsAre("user u2 b 5", "user u3 c 1"));
}

TEST_F(SummarySource, UnitsOfTwoKindsAreCountedWithoutMixingThemUp) {
  experiment_.assignment.fallback_unit = "device";
  expose("5", "a", 1);
  expose("5", "b", 2).unit_kind = "device";
  expose("5", "a", 3).unit_kind = "session";  // Neither kind.
  event("5", "buy", 4, 10);
  event("5", "buy", 4, 1).units = {{"device", "5"}};
  event("5", "buy", 4, 100).units = {{"session", "5"}};
  event("5", "buy", 5, 1000).units = {{"user", "6"}, {"device", "5"}};
  store();
  EXPECT_EQ(exposed().contaminated, 0);
  EXPECT_THAT(exposed().units,
              testing::ElementsAre(testing::Pair(Cell{"a", 0}, 1), testing::Pair(Cell{"b", 0}, 1)));
  const MetricData data = read(metric(Aggregation::kSum));
  EXPECT_EQ(mean(data, "a"), 10);
  EXPECT_EQ(mean(data, "b"), 1001);
  EXPECT_EQ(data.events, 3);
  EXPECT_THAT(first_exposures(), testing::ElementsAre("device 5 b 2", "user 5 a 1"));
}

TEST_F(SummarySource, TiesAreBrokenByIdWhateverTheOrderOfArrival) {
  for (int unit = 0; unit < 20; ++unit) {
    const std::string id = "u" + std::to_string(unit);
    const auto exposure = [&](const char* variant) { expose(id, variant, 1).id = id + variant; };
    exposure(unit % 2 == 0 ? "a" : "b");
    exposure(unit % 2 == 0 ? "b" : "a");
  }
  store();
  const auto first = exposed().units;
  const auto digest_first = [](const std::string& id) {
    return xxh3_128(id + "a").high < xxh3_128(id + "b").high;
  };
  std::int64_t expected_a = 0;
  for (int unit = 0; unit < 20; ++unit) expected_a += digest_first("u" + std::to_string(unit));
  EXPECT_EQ(first.at({"a", 0}), expected_a);
}

TEST_F(SummarySource, EveryAggregationByHand) {
  expose("u1", "a", 0);
  expose("u2", "a", 0);
  event("u1", "buy", 1, 3.0, R"({"sku":"x"})");
  event("u1", "buy", 2, 5.0, R"({"sku":"y"})");
  event("u1", "buy", 3, 10.0, R"({"sku":"x"})");
  event("u1", "buy", -1, 100.0);  // Before the exposure.
  event("u1", "view", 5, 100.0);  // Another event.
  event("nobody", "buy", 5, 100.0);
  store();
  // u2 has no event: zero where zero means something, absent elsewhere.
  EXPECT_EQ(mean(read(metric(Aggregation::kExists)), "a"), 0.5);
  EXPECT_EQ(mean(read(metric(Aggregation::kCount)), "a"), 1.5);
  EXPECT_EQ(mean(read(metric(Aggregation::kSum)), "a"), 9.0);
  EXPECT_EQ(mean(read(metric(Aggregation::kMean)), "a"), 6.0);
  EXPECT_EQ(mean(read(metric(Aggregation::kMin)), "a"), 3.0);
  EXPECT_EQ(mean(read(metric(Aggregation::kMax)), "a"), 10.0);
  EXPECT_EQ(count(read(metric(Aggregation::kMax)), "a"), 1);
  EXPECT_EQ(count(read(metric(Aggregation::kSum)), "a"), 2);
  MetricDefinition skus = metric(Aggregation::kCountDistinct);
  skus.numerator.field = "sku";
  EXPECT_EQ(mean(read(skus), "a"), 1.0);
  EXPECT_EQ(read(metric(Aggregation::kSum)).events, 3);
  EXPECT_EQ(mean(read(metric(Aggregation::kCount, MetricType::kProportion)), "a"), 0.5);
}

TEST_F(SummarySource, FieldsAreNumbersOfTheProperties) {
  expose("u1", "a", 0);
  event("u1", "buy", 1, {}, R"({"price":{"net":2.5}})");
  event("u1", "buy", 2, {}, R"({"price":{"net":"much"}})");
  event("u1", "buy", 3, {}, R"({"price.net":4})");
  store();
  MetricDefinition net = metric(Aggregation::kSum);
  net.numerator.field = "price.net";
  EXPECT_EQ(mean(read(net), "a"), 6.5);
}

TEST_F(SummarySource, WindowsAreHalfOpenAndAnchoredAtTheFirstExposure) {
  expose("u1", "a", 0);
  expose("u1", "a", 50);  // Does not move the window.
  expose("u2", "a", 60);
  for (const std::int64_t second : {9, 10, 19, 20, 75}) event("u1", "buy", second);
  event("u2", "buy", 72);
  store();
  MetricDefinition windowed = metric(Aggregation::kCount);
  windowed.window = {.begin_seconds = 10, .end_seconds = 20};
  const MetricData open = read(windowed, at(79));
  EXPECT_EQ(count(open, "a"), 1) << "the window of u2 is open";
  EXPECT_EQ(mean(open, "a"), 2.0);
  EXPECT_EQ(open.cells.at({"a", 0}).matured, 1);
  EXPECT_EQ(open.all_units.at({"a", 0}).summary.n(), 2);
  EXPECT_EQ(open.all_units.at({"a", 0}).summary.mean(0), 1.5);
  const MetricData closed = read(windowed, at(80));
  EXPECT_EQ(count(closed, "a"), 2);
  EXPECT_EQ(closed.cells.at({"a", 0}).matured, 2);
  EXPECT_TRUE(closed.all_units.empty());
}

TEST_F(SummarySource, AsOfHidesWhatComesLater) {
  expose("u1", "a", 0);
  event("u1", "buy", 10);
  event("u1", "buy", 20);
  store();
  EXPECT_EQ(mean(read(metric(Aggregation::kCount), at(20)), "a"), 1);
  EXPECT_EQ(mean(read(metric(Aggregation::kCount), at(21)), "a"), 2);
}

TEST_F(SummarySource, CapsAreFixedOrAPercentileOfAllVariants) {
  for (int i = 1; i <= 10; ++i) {
    const std::string unit = "u" + std::to_string(i);
    expose(unit, i <= 5 ? "a" : "b", 0);
    event(unit, "buy", 1, i);
  }
  store();
  MetricDefinition capped = metric(Aggregation::kSum);
  capped.cap.value = 4;
  EXPECT_EQ(mean(read(capped), "a"), (1 + 2 + 3 + 4 + 4) / 5.0);
  EXPECT_EQ(read(capped).cells.at({"a", 0}).capped, 1);
  capped.cap = {.percentile = 0.8};  // Type 1: the 8th of 10.
  EXPECT_EQ(mean(read(capped), "a"), 3);
  EXPECT_EQ(mean(read(capped), "b"), (6 + 7 + 8 + 8 + 8) / 5.0);
  EXPECT_EQ(read(capped).cells.at({"b", 0}).capped, 2);
}

TEST_F(SummarySource, RatiosAndCovariatesShareTheRow) {
  expose("u1", "a", 100);
  expose("u2", "a", 100);
  for (const std::int64_t second : {101, 102}) event("u1", "buy", second, 4.0);
  for (const std::int64_t second : {90, 99, 101, 103}) event("u1", "view", second);
  event("u2", "view", 50);
  store();
  MetricDefinition ratio = metric(Aggregation::kSum, MetricType::kRatio);
  ratio.denominator = define::Measure{.event = "view", .aggregation = Aggregation::kCount};
  MetricDefinition before = metric(Aggregation::kCount);
  before.numerator.event = "view";
  before.window = {.begin_seconds = -20, .end_seconds = 0};
  const MetricData data = read(analyze::MetricQuery{.metric = ratio, .covariate = before});
  EXPECT_EQ(mean(data, "a", 0), 4.0);  // 8 and 0.
  EXPECT_EQ(mean(data, "a", 1), 1.0);  // 2 and 0.
  EXPECT_EQ(mean(data, "a", 2), 1.0);  // 2 and 0: second 50 lies before the window.
  EXPECT_EQ(data.cells.at({"a", 0}).summary.columns().covariates, 1);
}

// The past of a ratio: its numerator and its denominator are covariates, for every metric.
TEST_F(SummarySource, APastRatioIsTwoCovariates) {
  for (const char* unit : {"u1", "u2", "u3"}) expose(unit, "a", 100);
  for (const std::int64_t second : {60, 70, 80}) event("u1", "view", second);
  for (const std::int64_t second : {90, 101}) event("u2", "view", second);
  event("u1", "buy", 75, 5.0);
  event("u2", "buy", 102, 7.0);
  store();
  MetricDefinition past = metric(Aggregation::kSum, MetricType::kRatio);
  past.denominator = define::Measure{.event = "view", .aggregation = Aggregation::kCount};
  past.window = {.begin_seconds = -100, .end_seconds = 0};
  MetricDefinition ratio = past;
  ratio.window = {};
  analyze::MetricQuery query{.metric = ratio, .covariate = past};
  const MetricData data = read(query);
  EXPECT_EQ(data.cells.at({"a", 0}).summary.columns().covariates, 2);
  EXPECT_NEAR(mean(data, "a", 0), 7 / 3.0, 1e-15);
  EXPECT_NEAR(mean(data, "a", 1), 1 / 3.0, 1e-15);
  EXPECT_NEAR(mean(data, "a", 2), 5 / 3.0, 1e-15);  // Bought before: 5, 0, 0.
  EXPECT_NEAR(mean(data, "a", 3), 4 / 3.0, 1e-15);  // Viewed before: 3, 1, 0.
  query.metric = metric(Aggregation::kCount, MetricType::kQuantile);
  std::vector<double> values = read(query).cells.at({"a", 0}).rows.described();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (std::vector<double>{0, 0, 0, 1, 3, 5}));
}

TEST_F(SummarySource, AMissingCovariateThatIsNotAdditiveIsTheMeanOfAllUnitsAndAMark) {
  for (const char* unit : {"u1", "u2", "u3"}) expose(unit, "a", 100);
  event("u1", "buy", 1, 2.0);
  event("u2", "buy", 1, 4.0);
  store();
  const analyze::MetricQuery query{.metric = metric(Aggregation::kCount),
                                   .covariate = metric(Aggregation::kMean)};
  EXPECT_EQ(mean(read(query), "a", 1), 3.0);
  EXPECT_NEAR(mean(read(query), "a", 2), 1 / 3.0, 1e-15);
  EXPECT_EQ(read(query).cells.at({"a", 0}).summary.comoment(1, 1), 2.0);
}

TEST_F(SummarySource, QuantilesCarryTheCovariatesOfAllUnits) {
  for (const char* unit : {"u1", "u2", "u3"}) expose(unit, "a", 100);
  event("u1", "buy", 50, 2.0);  // Before: the covariate.
  event("u2", "buy", 60, 4.0);
  event("u1", "buy", 101, 7.0);
  event("u1", "buy", 102, 8.0);
  store();
  analyze::MetricQuery query{.metric = metric(Aggregation::kCount, MetricType::kQuantile),
                             .covariate = metric(Aggregation::kSum)};
  const analyze::MetricCell summed = read(query).cells.at({"a", 0});
  EXPECT_EQ(summed.rows.rows(), 2);
  EXPECT_EQ(summed.matured, 3);
  EXPECT_EQ(summed.rows.covariates(), 1);
  std::vector<double> values = summed.rows.described();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (std::vector<double>{0, 2, 4}));  // u3 bought nothing before.
  query.covariate = metric(Aggregation::kMean);
  query.covariate->cap.value = 3;
  const analyze::MetricCell mean_of = read(query).cells.at({"a", 0});
  EXPECT_EQ(mean_of.rows.covariates(), 2);
  values = mean_of.rows.described();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (std::vector<double>{0, 0, 1, 2, 3, 3}));  // Marks 0, 0, 1; values 2, 3, 3.
}

TEST_F(SummarySource, QuantilesKeepEveryRowWithItsUnit) {
  expose("u1", "a", 0);
  expose("u2", "a", 0);
  for (const double value : {7.0, 3.0}) event("u1", "buy", 1, value);
  event("u2", "buy", 1, 5.0);
  event("u2", "buy", 1);  // No value, no row.
  store();
  const MetricData data = read(metric(Aggregation::kCount, MetricType::kQuantile));
  const analyze::MetricCell& cell = data.cells.at({"a", 0});
  EXPECT_EQ(cell.rows.rows(), 3);
  EXPECT_EQ(cell.matured, 2);
  EXPECT_EQ(data.events, 4);
  std::map<std::uint64_t, int> per_unit;
  for (const auto& row : cell.rows.data()) ++per_unit[row.unit];
  EXPECT_EQ(per_unit.size(), 2U);
}

TEST_F(SummarySource, ContaminatedUnitsAndSegmentsCanBeLeftOut) {
  expose("u1", "a", 0).properties_json = R"({"country":"IN"})";
  expose("u2", "a", 0).properties_json = R"({"country":"US"})";
  expose("u2", "b", 5);
  event("u2", "buy", 6);
  store();
  analyze::MetricQuery query{.metric = metric(Aggregation::kCount)};
  EXPECT_EQ(count(read(query), "a"), 2);
  query.exclude_contaminated = true;
  EXPECT_EQ(count(read(query), "a"), 1);
  EXPECT_EQ(mean(read(query), "a"), 0);
  query.exclude_contaminated = false;
  query.segment = "country";
  query.segment_value = "US";
  EXPECT_EQ(count(read(query), "a"), 1);
  EXPECT_EQ(mean(read(query), "a"), 1);
  query.segment_value = "' OR true --";
  EXPECT_EQ(count(read(query), "a"), -1);
}

TEST_F(SummarySource, SegmentValuesAreThoseOfTheFirstExposure) {
  const auto from = [&](const char* unit, int time, const char* country) {
    expose(unit, "a", time).properties_json = std::string(R"({"country":")") + country + R"("})";
  };
  from("u1", 0, "IN");
  from("u1", 5, "FR");
  from("u2", 1, "IN");
  from("u3", 2, "US");
  expose("u4", "a", 3);
  store();
  const auto source = store_->source().value();
  using Values = std::vector<std::string>;
  EXPECT_EQ(source->segment_values(experiment_, "country", at(100)), Values({"IN", "US"}));
  EXPECT_EQ(source->segment_values(experiment_, "country", at(1)), Values({"IN"}));
  EXPECT_EQ(source->segment_values(experiment_, "it's", at(100)), Values());
}

TEST_F(SummarySource, OtherUnitKindsOfAnEventJoinToo) {
  experiment_.assignment.unit = "session";
  expose("s1", "a", 0).unit_kind = "session";
  event("u1", "buy", 1).units.emplace_back("session", "s1");
  store();
  EXPECT_EQ(mean(read(metric(Aggregation::kCount)), "a"), 1);
}

TEST_F(SummarySource, TextOfPeopleIsNeverSql) {
  experiment_.id = "e'; DROP TABLE events; --";
  experiment_.variants[0].key = "a'b";
  expose("u'1", "a'b", 0).experiment = experiment_.id;
  event("u'1", "b'uy", 1, {}, R"({"o'dd \"key":"it's"})");
  store();
  MetricDefinition odd = metric(Aggregation::kCount);
  odd.numerator.event = "b'uy";
  odd.numerator.where = {
      .op = Op::kEqual, .attribute = "o'dd \"key", .values = {std::string("it's")}};
  EXPECT_EQ(mean(read(odd), "a'b"), 1);
  odd.numerator.where.attribute = std::string("a\0b", 3);
  const auto refused = store_->source().value()->metric(experiment_, {.metric = odd}, at(100));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
}

TEST_F(SummarySource, TheQueryCanBeShown) {
  const auto sql = metric_sql(experiment_, {.metric = metric(Aggregation::kSum)}, at(0)).value();
  EXPECT_THAT(sql.explained(), testing::HasSubstr("experiment = 'e'"));
  EXPECT_THAT(sql.explained(), testing::HasSubstr("time < TIMESTAMP '2027-01-15T08:00:00Z'"));
}

// Periods of an hour, the first ten minutes of each not counted, from at(0) on.
class Switchback : public SummarySource {
 protected:
  Switchback() {
    experiment_.assignment.switchback =
        define::Switchback{.period_seconds = 3600, .burn_in_seconds = 600, .start = at(0)};
  }
};

TEST_F(Switchback, AUnitInAPeriodIsAUnit) {
  expose("u1", "a", 700);
  expose("u1", "a", 900);          // Again in period 0.
  expose("u1", "b", 3600 + 700);   // Another draw: no contamination.
  expose("u1", "b", 7200 + 3599);  // The last second of period 2.
  expose("u2", "a", 3600 + 700);
  expose("u2", "b", 3600 + 599);  // In the burn-in: what came before still works.
  expose("u3", "b", 599);         // In the burn-in only: not there.
  expose("u4", "a", -100);        // Before the first period.
  store();
  const auto seen = exposed();
  EXPECT_EQ(seen.units.at({"a", 0}), 2);
  EXPECT_EQ(seen.units.at({"b", 0}), 2);
  EXPECT_EQ(seen.exposures, 5);
  EXPECT_EQ(seen.contaminated, 0);
  EXPECT_EQ(seen.first, at(700));
  EXPECT_THAT(first_exposures(), testing::ElementsAre("user u1 a 700", "user u1 b 10799",
                                                      "user u1 b 4300", "user u2 a 4300"));
}

TEST_F(Switchback, TwoVariantsInOnePeriodAreContamination) {
  expose("u1", "a", 700);
  expose("u1", "b", 900);
  store();
  EXPECT_EQ(exposed().contaminated, 1);
}

TEST_F(Switchback, ValuesBelongToThePeriodTheyHappenIn) {
  expose("u1", "a", 2000);
  expose("u1", "b", 3600 + 2000);
  expose("u2", "b", 3600 + 2000);
  event("u1", "buy", 599, 1000.0);         // Burn-in of period 0.
  event("u1", "buy", 600, 1.0);            // Before the exposure, but in its period.
  event("u1", "buy", 3599, 2.0);           // The last second.
  event("u1", "buy", 3600 + 10, 1000.0);   // Burn-in of period 1.
  event("u1", "buy", 3600 + 700, 5.0);     // Period 1.
  event("u1", "buy", 7200 + 700, 1000.0);  // Period 2: no exposure there.
  event("u1", "buy", -3000, 1000.0);       // Before the first.
  event("u2", "buy", 3600 + 3000, 7.0);
  store();
  const MetricData data = read(metric(Aggregation::kSum));
  EXPECT_EQ(count(data, "a"), 1);
  EXPECT_DOUBLE_EQ(mean(data, "a"), 3);
  EXPECT_EQ(count(data, "b"), 2);
  EXPECT_DOUBLE_EQ(mean(data, "b"), 6);
  EXPECT_EQ(data.events, 4);
  EXPECT_TRUE(data.all_units.empty());
}

TEST_F(Switchback, APeriodThatHasNotEndedWaits) {
  expose("u1", "a", 700);
  expose("u1", "b", 3600 + 700);
  event("u1", "buy", 3600 + 800, 5.0);
  store();
  const MetricData open = read(metric(Aggregation::kSum), at(7200 - 1));
  EXPECT_EQ(count(open, "a"), 1);
  EXPECT_EQ(count(open, "b"), -1);
  EXPECT_EQ(open.all_units.at({"b", 0}).summary.n(), 1);
  EXPECT_EQ(count(read(metric(Aggregation::kSum), at(7200)), "b"), 1);
}

TEST_F(Switchback, QuantilesAreOfRowsOfUnitsInPeriods) {
  for (int period = 0; period < 3; ++period) {
    expose("u1", "a", period * 3600 + 700);
    event("u1", "buy", period * 3600 + 800, period);
    event("u1", "buy", period * 3600 + 100, 99.0);
  }
  store();
  MetricDefinition latency = metric(Aggregation::kSum, MetricType::kQuantile);
  latency.quantile = 0.5;
  const auto cell = read(latency).cells.at({"a", 0});
  EXPECT_EQ(cell.rows.rows(), 3);
  EXPECT_EQ(cell.matured, 3);
}

TEST_F(Switchback, SegmentsAreOfUnitsInPeriods) {
  expose("u1", "a", 700).properties_json = R"({"rain":"yes"})";
  expose("u1", "b", 3600 + 700).properties_json = R"({"rain":"no"})";
  store();
  analyze::MetricQuery query{.metric = metric(Aggregation::kCount)};
  query.segment = "rain";
  query.segment_value = "no";
  const MetricData data = read(query);
  EXPECT_EQ(count(data, "a"), -1);
  EXPECT_EQ(count(data, "b"), 1);
}

}  // namespace
}  // namespace assay::io::duckdb

#include "assay/define/words.h"

namespace assay::define {
namespace {

constexpr Word<Role> kRoles[] = {
    {"primary", Role::kPrimary}, {"secondary", Role::kSecondary}, {"guardrail", Role::kGuardrail}};

constexpr Word<Direction> kDirections[] = {{"increase", Direction::kIncrease},
                                           {"decrease", Direction::kDecrease}};

constexpr Word<Method> kMethods[] = {{"frequentist_sequential", Method::kSequential},
                                     {"sequential", Method::kSequential},
                                     {"fixed_horizon", Method::kFixedHorizon},
                                     {"frequentist_fixed", Method::kFixedHorizon},
                                     {"bayesian", Method::kBayesian}};

constexpr Word<VarianceReduction> kReductions[] = {{"none", VarianceReduction::kNone},
                                                   {"cuped", VarianceReduction::kCuped}};

constexpr Word<Correction> kCorrections[] = {
    {"none", Correction::kNone},
    {"bonferroni", Correction::kBonferroni},
    {"holm", Correction::kHolm},
    {"hochberg", Correction::kHochberg},
    {"benjamini_hochberg", Correction::kBenjaminiHochberg},
    {"benjamini_yekutieli", Correction::kBenjaminiYekutieli}};

constexpr Word<HashScheme> kSchemes[] = {{"assay", HashScheme::kAssay},
                                         {"growthbook_v2", HashScheme::kGrowthbookV2},
                                         {"growthbook_v1", HashScheme::kGrowthbookV1},
                                         {"flagd", HashScheme::kFlagd},
                                         {"unleash", HashScheme::kUnleash},
                                         {"optimizely", HashScheme::kOptimizely},
                                         {"launchdarkly", HashScheme::kLaunchdarkly},
                                         {"eppo", HashScheme::kEppo},
                                         {"statsig", HashScheme::kStatsig},
                                         {"md5_guide", HashScheme::kMd5Guide}};

constexpr Word<MetricType> kTypes[] = {
    {"proportion", MetricType::kProportion}, {"mean", MetricType::kMean},
    {"count", MetricType::kCount},           {"ratio", MetricType::kRatio},
    {"quantile", MetricType::kQuantile},     {"retention", MetricType::kRetention}};

constexpr Word<Aggregation> kAggregations[] = {{"exists", Aggregation::kExists},
                                               {"count", Aggregation::kCount},
                                               {"sum", Aggregation::kSum},
                                               {"mean", Aggregation::kMean},
                                               {"min", Aggregation::kMin},
                                               {"max", Aggregation::kMax},
                                               {"count_distinct", Aggregation::kCountDistinct}};

constexpr Word<Op> kOps[] = {{"all", Op::kAll},
                             {"any", Op::kAny},
                             {"not", Op::kNot},
                             {"equals", Op::kEqual},
                             {"not_equals", Op::kNotEqual},
                             {"in", Op::kIn},
                             {"not_in", Op::kNotIn},
                             {"less_than", Op::kLess},
                             {"at_most", Op::kLessEqual},
                             {"greater_than", Op::kGreater},
                             {"at_least", Op::kGreaterEqual},
                             {"starts_with", Op::kPrefix},
                             {"ends_with", Op::kSuffix},
                             {"contains", Op::kContains},
                             {"semver", Op::kSemver},
                             {"exists", Op::kExists}};

}  // namespace

std::span<const Word<Role>> words(Role) { return kRoles; }
std::span<const Word<Direction>> words(Direction) { return kDirections; }
std::span<const Word<Method>> words(Method) { return kMethods; }
std::span<const Word<VarianceReduction>> words(VarianceReduction) { return kReductions; }
std::span<const Word<Correction>> words(Correction) { return kCorrections; }
std::span<const Word<HashScheme>> words(HashScheme) { return kSchemes; }
std::span<const Word<MetricType>> words(MetricType) { return kTypes; }
std::span<const Word<Aggregation>> words(Aggregation) { return kAggregations; }
std::span<const Word<Op>> words(Op) { return kOps; }

}  // namespace assay::define

// Families of claims: the chance of any false one (Bonferroni, Holm, Hochberg, Dunnett) and the
// share of false ones among all (Benjamini–Hochberg, Benjamini–Yekutieli, e-BH), when all nulls
// are true, when half are, and when the statistics are correlated.
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

using stats::Correction;

constexpr std::size_t kSize = 10;

struct Family {
  std::vector<std::optional<double>> p_values;
  std::vector<std::optional<double>> log_e_values;
  std::vector<bool> real;  // There is an effect.
};

struct FamilyDesign {
  std::string name;
  std::string world;
  double real_share = 0;
  double effect = 3;       // In standard errors.
  double correlation = 0;  // Of any two statistics; negative: one half against the other.
};

Simulate<Family> simulate_family(const FamilyDesign& design) {
  return [design](const Random& base, const Show<Family>& show) {
    Random random = base;
    Family family;
    const double load = std::sqrt(std::abs(design.correlation));
    const double shared = random.normal();
    for (std::size_t i = 0; i < kSize; ++i) {
      const bool real = static_cast<double>(i) < design.real_share * kSize;
      const double sign = design.correlation < 0 && i % 2 ? -1 : 1;
      const double z = (real ? design.effect : 0) + sign * load * shared +
                       std::sqrt(1 - load * load) * random.normal();
      family.real.push_back(real);
      family.p_values.push_back(2 * stats::normal_sf(std::abs(z)));
      const auto mixture = stats::mixture_sprt(z, 1, {.tau = 3});
      family.log_e_values.push_back(mixture->log_e);
    }
    show(family);
  };
}

struct Count {
  double claims = 0;
  double mistaken = 0;
  void see(bool claimed, bool real) {
    claims += claimed;
    mistaken += claimed && !real;
  }
  double false_share() const { return claims > 0 ? mistaken / claims : 0; }
};

Method<Family> family_method(std::string name, Correction correction, Promise promise,
                             bool discoveries) {
  return {{.name = std::move(name), .promise = promise},
          [correction, discoveries](const Family& family) -> Claim {
            const auto adjusted = stats::adjust(family.p_values, correction);
            Count count;
            for (std::size_t i = 0; i < adjusted.size(); ++i) {
              count.see(*adjusted[i] <= 0.05, family.real[i]);
            }
            if (discoveries) return {.false_share = count.false_share()};
            return {.rejects = count.mistaken > 0};
          }};
}

Claim e_bh_claim(const Family& family) {
  const std::vector<bool> stands = stats::e_bh(family.log_e_values, 0.05);
  Count count;
  for (std::size_t i = 0; i < stands.size(); ++i) count.see(stands[i], family.real[i]);
  return {.false_share = count.false_share()};
}

Study family_study(const FamilyDesign& design) {
  constexpr Promise kMost = Promise::kAtMost;
  // Hochberg and Benjamini–Hochberg need independence or positive dependence.
  const Promise positive = design.correlation < 0 ? Promise::kNone : kMost;
  return make_study<Family>(
      {.id = "family." + design.name, .world = design.world, .runs = 20'000, .units = 100},
      simulate_family(design),
      {family_method("none", Correction::kNone, Promise::kNone, false),
       family_method("bonferroni", Correction::kBonferroni, kMost, false),
       family_method("holm", Correction::kHolm, kMost, false),
       family_method("hochberg", Correction::kHochberg, positive, false),
       family_method("benjamini_hochberg", Correction::kBenjaminiHochberg, positive, true),
       family_method("benjamini_yekutieli", Correction::kBenjaminiYekutieli, kMost, true),
       {{.name = "e_bh", .promise = kMost}, e_bh_claim}});
}

// Treatments that share a control, all without an effect.
struct Treatments {
  stats::Summary control;
  std::vector<stats::Summary> treatments;
};

Study dunnett_study(int control_units, int treatment_units, int treatments) {
  const auto simulate = [=](const Random& base, const Show<Treatments>& show) {
    Random random = base;
    Treatments data{.treatments =
                        std::vector<stats::Summary>(static_cast<std::size_t>(treatments))};
    const auto fill = [&](stats::Summary& summary, int units) {
      for (int i = 0; i < units; ++i) summary.add(std::array{random.normal()});
    };
    fill(data.control, control_units);
    for (stats::Summary& each : data.treatments) fill(each, treatment_units);
    show(data);
  };
  const auto dunnett_claim = [](const Treatments& data) -> Claim {
    const auto answer = stats::dunnett(data.control, data.treatments);
    if (!answer) return {};
    Claim claim{.rejects = false, .misses = false};
    for (const stats::Estimate& each : answer->comparisons) {
      *claim.rejects |= *each.p_value < 0.05;
      *claim.misses |= !each.interval.contains(0);
    }
    return claim;
  };
  const auto welch_claim = [](const Treatments& data) -> Claim {
    bool any = false;
    for (const stats::Summary& each : data.treatments) {
      const auto answer = fixed(*stats::mean_contrast(data.control, each));
      any |= answer && *answer->difference.p_value < 0.05;
    }
    return {.rejects = any};
  };
  return make_study<Treatments>(
      {.id = fmt::format("family.treatments{}.n{}_{}", treatments, control_units, treatment_units),
       .world = fmt::format("{} treatments of {} units, a control of {}", treatments,
                            treatment_units, control_units),
       .runs = 2000,
       .units = 2000},
      simulate,
      {{{.name = "dunnett"}, dunnett_claim},
       {{.name = "welch_t for each", .promise = Promise::kNone}, welch_claim}});
}

}  // namespace

std::vector<Study> family_studies() {
  std::vector<Study> made;
  for (const FamilyDesign& design : std::vector<FamilyDesign>{
           {"all_null", "10 metrics, no effect"},
           {"half_null", "10 metrics, half with an effect of 3 standard errors", 0.5},
           {"correlated", "10 metrics, correlation 0.5, no effect", 0, 3, 0.5},
           {"half_correlated", "10 metrics, correlation 0.5, half with an effect", 0.5, 3, 0.5},
           {"opposed", "10 metrics, one half against the other, half with an effect", 0.5, 3, -0.8},
       }) {
    made.push_back(family_study(design));
  }
  made.push_back(dunnett_study(10, 10, 3));
  made.push_back(dunnett_study(40, 20, 4));
  return made;
}

}  // namespace assay::sim

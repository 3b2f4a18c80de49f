#include "assay/stats/interleaving.h"

#include <algorithm>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

Preferred more_of(std::ptrdiff_t control, std::ptrdiff_t treatment) {
  if (control == treatment) return Preferred::kNeither;
  return control > treatment ? Preferred::kControl : Preferred::kTreatment;
}

constexpr double kMostUnits = 9007199254740992.0;  // 2^53

// One unit's impressions and the sum of their scores.
double total_of(const UnitPreferences& unit) {
  return static_cast<double>(unit.wins) + static_cast<double>(unit.losses) +
         static_cast<double>(unit.ties);
}
double score_of(const UnitPreferences& unit) {
  return (static_cast<double>(unit.wins) - static_cast<double>(unit.losses)) / 2;
}

struct Sums {
  double units = 0;  // With impressions.
  double impressions = 0;
  double score = 0;
};

Stat<Sums> sums_of(std::span<const UnitPreferences> units) {
  Sums sums;
  for (const UnitPreferences& unit : units) {
    if (std::min({unit.wins, unit.losses, unit.ties, unit.units}) < 0) {
      return undefined(Undefined::kOutOfRange, "wins, losses, ties and units cannot be negative");
    }
    const auto times = static_cast<double>(unit.units);
    sums.units += total_of(unit) > 0 ? times : 0;
    sums.impressions += times * total_of(unit);
    sums.score += times * score_of(unit);
  }
  if (sums.units > kMostUnits) {
    return undefined(Undefined::kOutOfRange, fmt::format("{} units are too many", sums.units));
  }
  if (sums.units < 2) {
    return undefined(Undefined::kTooFewUnits,
                     fmt::format("units with impressions: {}; two are the least", sums.units));
  }
  return sums;
}

}  // namespace

Preferred team_draft_winner(std::span<const Preferred> clicked) {
  return more_of(std::ranges::count(clicked, Preferred::kControl),
                 std::ranges::count(clicked, Preferred::kTreatment));
}

Preferred balanced_winner(std::span<const Ranks> clicked) {
  std::uint32_t top = 0;
  for (const Ranks& one : clicked) {
    if (one.control == 0 && one.treatment == 0) continue;
    top = one.control == 0     ? one.treatment
          : one.treatment == 0 ? one.control
                               : std::min(one.control, one.treatment);
  }
  const auto in_top = [&](std::uint32_t Ranks::*of) {
    return std::ranges::count_if(clicked,
                                 [&](const Ranks& one) { return one.*of > 0 && one.*of <= top; });
  };
  return more_of(in_top(&Ranks::control), in_top(&Ranks::treatment));
}

Stat<Contrast> preference_contrast(std::span<const UnitPreferences> units) {
  ASSAY_TRY(const Sums sums, sums_of(units));
  const double preference = sums.score / sums.impressions;
  double squares = 0;
  for (const UnitPreferences& unit : units) {
    const double residual = score_of(unit) - preference * total_of(unit);
    squares += static_cast<double>(unit.units) * residual * residual;
  }
  if (squares <= 0) {
    return undefined(
        Undefined::kNoVariance,
        fmt::format("all {} units have the same preference, {}", sums.units, preference));
  }
  const double correction = sums.units / (sums.units - 1);
  const auto count = static_cast<std::int64_t>(sums.units);
  return Contrast{.control = 0,
                  .treatment = preference,
                  .treatment_variance = correction * squares / sums.impressions / sums.impressions,
                  .df = sums.units - 1,
                  .n_control = count,
                  .n_treatment = count};
}

SignTest sign_test(std::span<const UnitPreferences> units) {
  SignTest test;
  for (const UnitPreferences& unit : units) {
    test.units_won += unit.wins > unit.losses ? unit.units : 0;
    test.units_lost += unit.losses > unit.wins ? unit.units : 0;
  }
  const std::int64_t fewer = std::min(test.units_won, test.units_lost);
  test.p_value = std::min(1.0, 2 * binomial_cdf(fewer, test.units_won + test.units_lost, 0.5));
  return test;
}

}  // namespace assay::stats

// Balance: which salt splits a known list of units so that named strata are even? Tries one salt
// after the other and keeps the best, so that the assignment stays a function of id and salt that
// every language computes.
//
// The imbalance of a salt is Pearson's X² of counts against the plan's shares, added over the
// strata of every column: the sum of (n - e)² / e over strata and variants, where e is the
// stratum's size times the variant's share. Choosing among random splits by a rule that treats the
// variants alike is rerandomization: with equal shares estimates stay unbiased, and covariates that
// the strata explain vary less. With unequal shares the least X² would keep small strata out of the
// small variants (of one unit at 10 % the likely variant fits nine times better, always): there n
// is compared with e rounded up or down at random, up as often as its fraction says, so that units
// keep the plan's probabilities. K. L. Morgan, D. B. Rubin, Annals of Statistics 40 (2012),
// doi:10.1214/12-AOS1008. The usual intervals do not know of it, and are too wide rather than too
// narrow.
//
//   const Strata strata[] = {{.level = {0, 1, 1, 0}, .levels = 2}};
//   const Balance best = find_balance(digests, strata, {1, 1}, "schools", {.salts = 1000});
//   plan.salt = best.salt;
//
// Pure; any thread. About half a nanosecond for a unit and a salt with AVX-512.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::assign {

// One column of the list: the stratum of each unit, from 0.
struct Strata {
  std::vector<std::uint32_t> level;
  std::uint32_t levels = 0;
};

struct BalanceOptions {
  std::size_t salts = 1000;
};

struct Balance {
  std::string salt;
  double imbalance = 0.0;
  double of_plan = 0.0;  // Of the plan's own salt …
  double median = 0.0;   // … and of the middle one that was tried: what chance gives.
  // By column, stratum and variant; one more "column" at the end is the whole list.
  std::vector<std::vector<std::vector<std::size_t>>> counts;
};

// Number 0 is the plan's own; the others are told apart by "#" and their number.
std::string candidate_salt(std::string_view salt, std::size_t number);

// `digests` are unit_digest of the ids. At least one unit and 2 to 255 variants; weights add up to
// 1 to 2^31 - 1. Ties go to the first salt.
Balance find_balance(std::span<const std::uint64_t> digests, std::span<const Strata> columns,
                     std::span<const std::uint32_t> weights, std::string_view salt,
                     const BalanceOptions& options = {});

}  // namespace assay::assign

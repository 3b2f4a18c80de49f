#include "assay/assign/balance.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>

#include "assay/assign/bulk.h"
#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

constexpr std::size_t kMaxVariants = 255;  // Of SplitColumn.

// Units of one combination of strata stand side by side, so that a salt counts each combination in
// one pass and the columns are sums of combinations.
class Search {
 public:
  Search(std::span<const std::uint64_t> digests, std::span<const Strata> columns,
         std::span<const std::uint32_t> weights, std::string_view salt)
      : columns_(columns), weights_(weights) {
    split_.emplace(grouped(digests), weights);
    variants_.resize(digests.size());
    reset();
    find_targets(digests, salt_digest(std::string(salt) + "#strata"));
  }

  double imbalance(std::uint64_t salt) {
    count(salt);
    double sum = 0.0;
    for (std::size_t c = 0; c < counts_.size(); ++c) {
      for (std::size_t l = 0; l < counts_[c].size(); ++l) {
        sum += pearson(counts_[c][l], targets_[c][l]);
      }
    }
    return sum;
  }
  const auto& counts() const { return counts_; }

 private:
  struct Group {
    std::vector<std::uint32_t> level;  // By column.
    std::size_t end = 0;
  };

  std::vector<std::uint64_t> grouped(std::span<const std::uint64_t> digests) {
    std::vector<std::uint64_t> sorted;
    std::vector<std::uint32_t> order(digests.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto less = [&](std::uint32_t a, std::uint32_t b) {
      for (const Strata& column : columns_) {
        if (column.level[a] != column.level[b]) return column.level[a] < column.level[b];
      }
      return false;
    };
    std::ranges::stable_sort(order, less);
    for (std::size_t i = 0; i < order.size(); ++i) {
      sorted.push_back(digests[order[i]]);
      if (i + 1 < order.size() && !less(order[i], order[i + 1])) continue;
      Group& one = groups_.emplace_back();
      for (const Strata& column : columns_) one.level.push_back(column.level[order[i]]);
      one.end = i + 1;
    }
    return sorted;
  }

  void reset() {
    counts_.clear();
    for (const Strata& column : columns_) {
      counts_.emplace_back(column.levels, std::vector<std::size_t>(weights_.size()));
    }
    counts_.emplace_back(1, std::vector<std::size_t>(weights_.size()));
  }

  void count(std::uint64_t salt) {
    split_->draw(salt, variants_);
    reset();
    std::size_t begin = 0;
    for (const Group& one : groups_) {
      // Two tables, for neighbours often are of one variant and would wait for each other.
      std::array<std::array<std::uint32_t, kMaxVariants>, 2> found{};
      std::size_t i = begin;
      for (; i + 1 < one.end; i += 2) {
        ++found[0][variants_[i]];
        ++found[1][variants_[i + 1]];
      }
      if (i < one.end) ++found[0][variants_[i]];
      begin = one.end;
      for (std::size_t v = 0; v < weights_.size(); ++v) {
        const std::size_t units = std::size_t{found[0][v]} + found[1][v];
        for (std::size_t c = 0; c < columns_.size(); ++c) counts_[c][one.level[c]][v] += units;
        counts_.back()[0][v] += units;
      }
    }
  }

  struct Target {
    std::vector<double> expected;  // By variant …
    std::vector<double> wanted;    // … and as whole units.
  };

  // Rounds what is expected in a stratum up or down, up as often as its fraction says: a coin that
  // hangs on the stratum's units alone. With equal shares any salt's labels may change places, and
  // nothing needs to be rounded.
  Target target(std::uint64_t size, std::uint64_t units, std::uint64_t salt) const {
    const auto total = std::accumulate(weights_.begin(), weights_.end(), std::uint64_t{0});
    const bool is_even = std::ranges::count(weights_, weights_[0]) == std::ssize(weights_);
    const std::uint64_t start = scale(draw(units, salt), static_cast<std::uint32_t>(total));
    Target target;
    std::uint64_t below = 0;
    for (const std::uint32_t weight : weights_) {
      const std::uint64_t begin = (size * below + start) / total;
      below += weight;
      const std::uint64_t end = (size * below + start) / total;
      target.expected.push_back(static_cast<double>(size * weight) / static_cast<double>(total));
      target.wanted.push_back(is_even ? target.expected.back() : static_cast<double>(end - begin));
    }
    return target;
  }

  void find_targets(std::span<const std::uint64_t> digests, std::uint64_t salt) {
    const Strata all{.level = std::vector<std::uint32_t>(digests.size()), .levels = 1};
    for (std::size_t c = 0; c <= columns_.size(); ++c) {
      const Strata& column = c < columns_.size() ? columns_[c] : all;
      std::vector<std::uint64_t> sizes(column.levels), units(column.levels);
      for (std::size_t i = 0; i < digests.size(); ++i) {
        ++sizes[column.level[i]];
        units[column.level[i]] ^= digests[i];
      }
      targets_.emplace_back();
      for (std::size_t l = 0; l < column.levels; ++l) {
        targets_.back().push_back(target(sizes[l], units[l], salt));
      }
    }
  }

  static double pearson(const std::vector<std::size_t>& of_variants, const Target& target) {
    double sum = 0.0;
    for (std::size_t v = 0; v < of_variants.size(); ++v) {
      const double off = static_cast<double>(of_variants[v]) - target.wanted[v];
      if (target.expected[v] > 0) sum += off * off / target.expected[v];
    }
    return sum;
  }

  std::span<const Strata> columns_;
  std::span<const std::uint32_t> weights_;
  std::optional<SplitColumn> split_;  // Of the units by group.
  std::vector<Group> groups_;
  std::vector<std::uint8_t> variants_;
  std::vector<std::vector<std::vector<std::size_t>>> counts_;
  std::vector<std::vector<Target>> targets_;  // By column and stratum.
};

}  // namespace

std::string candidate_salt(std::string_view salt, std::size_t number) {
  return number == 0 ? std::string(salt) : std::string(salt) + "#" + std::to_string(number);
}

Balance find_balance(std::span<const std::uint64_t> digests, std::span<const Strata> columns,
                     std::span<const std::uint32_t> weights, std::string_view salt,
                     const BalanceOptions& options) {
  ASSAY_CHECK(!digests.empty() && options.salts > 0);
  ASSAY_CHECK(weights.size() >= 2 && weights.size() <= kMaxVariants);
  for (const Strata& column : columns) ASSAY_CHECK(column.level.size() == digests.size());
  Search search(digests, columns, weights, salt);
  std::vector<double> all;
  std::size_t best = 0;
  for (std::size_t number = 0; number < options.salts; ++number) {
    all.push_back(search.imbalance(salt_digest(candidate_salt(salt, number))));
    if (all[number] < all[best]) best = number;
  }
  Balance found{.salt = candidate_salt(salt, best), .imbalance = all[best], .of_plan = all[0]};
  search.imbalance(salt_digest(found.salt));
  found.counts = search.counts();
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  found.median = *middle;
  return found;
}

}  // namespace assay::assign

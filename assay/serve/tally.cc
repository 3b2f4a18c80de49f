#include "assay/serve/tally.h"

#include <algorithm>
#include <array>
#include <atomic>

namespace assay::serve {
namespace {

constexpr std::size_t kReasons = static_cast<std::size_t>(assign::Reason::kSplit) + 1;
constexpr std::size_t kThreads = 64;  // More share the last column.

// A column of counters for each thread that counts.
std::size_t own_column() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = std::min(threads++, kThreads - 1);
  return mine;
}

}  // namespace

class Tally::Counters {
 public:
  explicit Counters(const define::Experiment& plan) : experiment(plan.id) {
    for (const define::Variant& variant : plan.variants) variants.push_back(variant.key);
  }
  ~Counters() {
    for (const auto& column : columns_) delete[] column.load();
  }
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  const std::string experiment;
  std::vector<std::string> variants;

  static std::size_t cell_of(std::int16_t variant, assign::Reason reason) {
    return kReasons * static_cast<std::size_t>(variant + 1) + static_cast<std::size_t>(reason);
  }

  void add_one(std::size_t mine, std::size_t cell) {
    Cell* column = columns_[mine].load(std::memory_order_acquire);
    if (column == nullptr) column = begin_column(mine);
    if (mine == kThreads - 1) {
      column[cell].fetch_add(1, std::memory_order_relaxed);
    } else {  // Nobody else writes it, so no bus is locked.
      const std::uint64_t before = column[cell].load(std::memory_order_relaxed);
      column[cell].store(before + 1, std::memory_order_relaxed);
    }
  }

  std::uint64_t sum(std::size_t cell) const {
    std::uint64_t all = 0;
    for (const auto& column : columns_) {
      const Cell* const from = column.load(std::memory_order_acquire);
      if (from != nullptr) all += from[cell].load(std::memory_order_relaxed);
    }
    return all;
  }

  std::size_t cells() const { return kReasons * (1 + variants.size()); }

 private:
  using Cell = std::atomic<std::uint64_t>;

  Cell* begin_column(std::size_t mine) {
    auto fresh = std::make_unique<Cell[]>(cells());
    Cell* seen = nullptr;
    if (!columns_[mine].compare_exchange_strong(seen, fresh.get())) return seen;
    return fresh.release();
  }

  std::array<std::atomic<Cell*>, kThreads> columns_{};
};

void Tally::count(const std::vector<deliver::Evaluation>& evaluations) const {
  const std::size_t mine = own_column();
  for (const deliver::Evaluation& one : evaluations) {
    by_experiment_[one.experiment.index]->add_one(mine, Counters::cell_of(one.variant, one.reason));
  }
}

std::shared_ptr<Tally::Counters> Tally::counters_of(const define::Experiment& plan) {
  return std::make_shared<Counters>(plan);
}

std::vector<Tally::Row> Tally::rows() const {
  std::vector<Row> rows;
  for (const auto& counters : by_experiment_) {
    for (std::size_t cell = 0; cell < counters->cells(); ++cell) {
      const std::uint64_t count = counters->sum(cell);
      if (count == 0) continue;
      const std::size_t variant = cell / kReasons;
      rows.push_back({counters->experiment, variant == 0 ? "" : counters->variants[variant - 1],
                      static_cast<assign::Reason>(cell % kReasons), count});
    }
  }
  return rows;
}

}  // namespace assay::serve

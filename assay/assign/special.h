// Special: what only some experiments have — a second kind of unit, memory, forced variants,
// holdouts, prerequisites, namespaces, switchbacks, and splits that earlier epochs promised. It
// stands in tables of its own and is read by Snapshot::decide_special, so that plain experiments
// pay nothing for it.
//
// - Forced: whoever meets a condition has a variant by it; the first condition that is met counts.
// - Holdout: held out where draw(digest, "holdout:" + name) is below the share. The same units in
//   every experiment that has it. Where an experiment has nothing else of all this, as most in a
//   catalogue with a holdout, Snapshot::decide asks for it.
// - Prerequisite: the variant of another experiment is asked for in the same context. The graph has
//   no cycle, and one evaluation asks at most kMaxEvaluations experiments; compile checks both.
// - Namespace: after the layer's slot, a bucket of a peer's hash must lie in the plan's ranges.
// - Cohort: the slots that an earlier epoch had in use keep its weights and its number. So weights
//   change without a store and without moving anyone: those whom a raise of traffic brings in are
//   split by the new ones.
// - Fallback: where the context has no id of the plan's first kind of unit, that of the second
//   decides. An id that is there but is not a text is a mistake, not an absence.
// - Sticky: a unit whose answer is remembered keeps it, through any change of weights. Who is not
//   remembered is split by the present weights, in whatever slot: cohorts then only say with which
//   propensity a remembered variant was drawn. Memory comes in through the context; a memory of
//   before the first cohort (the weights were reshuffled since) does not hold any more.
// - Switchback: the variant is drawn with the salt salt + "@" + number of the period, from 0.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "assay/assign/schemes.h"
#include "assay/base/problem.h"
#include "assay/define/experiment.h"

namespace assay::assign {

struct Running;

inline constexpr int kMaxEvaluations = 64;

struct Special {
  struct Holdout {
    std::uint64_t salt = 0;
    std::uint64_t threshold = 0;  // The first draw that is not held out.
    std::uint32_t name = 0;       // In the snapshot's texts.
    std::uint8_t unit_kind = 0;
    auto operator<=>(const Holdout&) const = default;
  };
  struct Prerequisite {
    std::uint32_t experiment = 0;        // In the snapshot; TextTable::kAbsent: not there.
    std::uint32_t name = 0;              // In the snapshot's texts.
    std::vector<std::int16_t> variants;  // kNone: outside of it will do.
  };
  struct Namespace {
    define::HashScheme scheme = define::HashScheme::kGrowthbookV2;
    std::uint8_t unit_kind = 0;
    std::uint32_t salt = 0;  // In the snapshot's texts.
    std::vector<BucketRange> ranges;
  };
  struct Cohort {
    std::int64_t epoch = 0;
    std::uint32_t variants_begin = 0;
    std::uint32_t ranges_begin = 0, ranges_end = 0;  // Of the snapshot; `used` bounds the cohort.
  };
  struct Forced {
    std::uint32_t program = 0;  // Of the snapshot's targeting.
    std::int16_t variant = 0;
    std::vector<Prerequisite> prerequisites;
  };
  std::optional<std::uint8_t> fallback_kind;
  bool is_sticky = false;
  std::vector<Forced> forced;
  std::vector<Holdout> holdouts;
  std::vector<Prerequisite> prerequisites;
  std::vector<Namespace> namespaces;
  std::vector<Cohort> cohorts;     // Oldest first, without the present one.
  std::int64_t period_micros = 0;  // 0: no switchback.
  std::int64_t burn_in_micros = 0;
  std::int64_t start_micros = 0;
  std::uint32_t salt_text = 0;  // Switchback: in the snapshot's texts.

  std::vector<std::uint32_t> others() const;  // Experiments in the snapshot, maybe repeated.
};

// Holdouts alone do not make it so: Snapshot::decide looks at them itself.
bool is_special(const Running& running);

// Of the experiment and of what it forces.
std::vector<define::Prerequisite> all_prerequisites(const define::Assignment& plan);

// A cycle (named), a variant that the other experiment does not have, too many experiments to ask.
Problems prerequisite_problems(std::span<const Running* const> experiments);

// What in one plan does not go together, or cannot be.
Problems special_problems(const Running& running);

}  // namespace assay::assign

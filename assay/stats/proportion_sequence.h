// A confidence sequence for one share: an interval for a success probability that holds at every
// look at once, exactly, for any count down to zero. For rare events (crashes, errors), where
// normal bounds have no width or the wrong one.
//
//   const auto share = proportion_sequence(0, 50'000, 0.05);   // [0, 0.00016]
//
// Inverts the beta-binomial mixture martingale in the hypothetical share (Howard, Ramdas, McAuliffe
// & Sekhon 2021).
#pragma once

#include <cstdint>

#include "assay/stats/estimate.h"

namespace assay::stats {

// 0 <= successes <= n; n > 0; alpha in (0, 1).
Stat<Interval> proportion_sequence(std::int64_t successes, std::int64_t n, double alpha);

}  // namespace assay::stats

// How long until so many units have come: from a daily number of new units, or from a curve of
// cumulative unique units, which is concave because visitors return.
//
// The curve is a few points (day, units seen so far). Between points, and beyond the last, units
// grow as a power of time (Heaps' law), so that two points fix a curve and one point on day d means
// a constant number of new units a day; beyond the last point the last power holds, at most 1.
//
//   const Traffic shop{.curve = {{1, 5000}, {7, 22000}, {28, 60000}}, .share = 0.5};
//   duration_days(30000, shop);      // whole weeks
#pragma once

#include <cstdint>
#include <vector>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct TrafficPoint {
  double day = 1;    // Above 0.
  double units = 0;  // Different units seen until the end of that day.
};

struct Traffic {
  std::vector<TrafficPoint> curve;  // Days and units both rise.
  double share = 1;                 // Of them, that enter the experiment, in (0, 1].
};

// kOutOfRange where the curve is empty, falls, or the share is not in (0, 1].
Stat<void> require_traffic(const Traffic& traffic);
// Units of the experiment after `days` days; a sound traffic is required.
double units_after(double days, const Traffic& traffic);
// Days until `units` have entered, rounded up to whole weeks; kOutOfRange beyond 100 years.
Stat<std::int64_t> duration_days(double units, const Traffic& traffic);

}  // namespace assay::stats

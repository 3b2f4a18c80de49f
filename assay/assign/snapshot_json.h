// The rules of running experiments as JSON, so that other processes evaluate them: what GET
// /v1/snapshot answers and bindings/c loads. Described in spec/formats/snapshot.md.
//
//   const std::string text = snapshot_json(running);
//   const auto snapshot = load_snapshot(text).value();
//
// Only what decides an assignment is written: no metrics, no analysis. A reader refuses members it
// does not know, for what it leaves out might be what keeps a unit out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/snapshot.h"
#include "assay/base/expected.h"

namespace assay::assign {

inline constexpr int kSnapshotFormat = 1;
inline constexpr std::size_t kMaxSnapshotBytes = 1U << 30;

std::string snapshot_json(std::span<const Running* const> experiments);
std::string snapshot_json(std::span<const Running> experiments);

// One problem: not JSON, too large, nested deeper than any condition may be, of a newer format; or,
// of the experiment that `field` names, without a member. Any bytes; any thread.
Checked<std::vector<Running>> parse_snapshot(std::string_view json);

// Both steps at once, in half the time and without ever holding all the plans.
Checked<std::shared_ptr<const Snapshot>> load_snapshot(std::string_view json);

}  // namespace assay::assign

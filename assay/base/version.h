// The engine's version, named by every scorecard so that a verdict can be replayed with the engine
// that made it.
#pragma once

namespace assay {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace assay

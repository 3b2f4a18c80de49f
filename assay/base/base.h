// The front door of base: what every other module stands on. Values that may be missing
// (expected.h), trouble and its place (problem.h), points in time (time.h), hashing (hash.h),
// seeded randomness (random.h), numbers and words as text (text.h), what JSON leaves open
// (json_text.h). Everything here is pure and may be called from any thread.
#pragma once

#include "assay/base/check.h"
#include "assay/base/expected.h"
#include "assay/base/hash.h"
#include "assay/base/json_text.h"
#include "assay/base/problem.h"
#include "assay/base/random.h"
#include "assay/base/text.h"
#include "assay/base/time.h"

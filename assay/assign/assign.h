// Front door of assign: a compiled snapshot of running experiments, a context that says who is
// asking, and the assignment with its reason. Start at snapshot.h. For rankers: one list out of two
// rankings, interleave.h.
#pragma once

#include "assay/assign/assignment.h"
#include "assay/assign/bulk.h"
#include "assay/assign/context.h"
#include "assay/assign/interleave.h"
#include "assay/assign/snapshot.h"
#include "assay/assign/snapshot_json.h"

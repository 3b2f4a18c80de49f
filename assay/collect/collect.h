// The front door of collect: check what the world sends (intake.h), name it (event.h), and hand it
// to the log that keeps it (event_log.h, a port that io/duckdb implements).
#pragma once

#include "assay/collect/event.h"
#include "assay/collect/event_log.h"
#include "assay/collect/intake.h"

// The front door of io/duckdb: DuckDB behind the ports of collect and analyze. The event store
// (event_store.h), files of exposures and events (file_source.h), and tables with one row per unit
// (table_source.h).
#pragma once

#include "assay/io/duckdb/event_store.h"
#include "assay/io/duckdb/file_source.h"
#include "assay/io/duckdb/table_source.h"

// The front door of io/sqlite.
#pragma once

#include "assay/io/sqlite/records.h"
#include "assay/io/sqlite/sticky_store.h"

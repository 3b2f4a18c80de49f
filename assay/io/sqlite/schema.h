// The tables of records.sqlite and how older files become newer ones. The format's number is
// SQLite's user_version; every migration also notes which assay can read it from then on.
#pragma once

#include "assay/io/sqlite/database.h"

namespace assay::io::sqlite {

inline constexpr std::int64_t kFormat = 1;

// Brings the file to kFormat. kConflict when it has a higher one, kCorrupt when it is damaged or
// belongs to another program.
Result<void> migrate(Database& database);

}  // namespace assay::io::sqlite

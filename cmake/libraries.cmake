# Every third-party library the house uses, found once, under one name each.
# A module links what it owns (LIBS in its CMakeLists.txt); tools/tidy keeps the headers out of other modules.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(simdjson REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)

# DuckDB comes as a shared library from its npm package; tools/setup puts it and its C header under .deps/duckdb.
set(ASSAY_DUCKDB_DIR ${CMAKE_SOURCE_DIR}/.deps/duckdb CACHE PATH "Folder with duckdb.h and libduckdb.so")
if(NOT EXISTS ${ASSAY_DUCKDB_DIR}/libduckdb.so OR NOT EXISTS ${ASSAY_DUCKDB_DIR}/duckdb.h)
  message(FATAL_ERROR "DuckDB is missing in ${ASSAY_DUCKDB_DIR}: run tools/setup")
endif()
add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION ${ASSAY_DUCKDB_DIR}/libduckdb.so
                                        INTERFACE_INCLUDE_DIRECTORIES ${ASSAY_DUCKDB_DIR})

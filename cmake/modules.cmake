# assay_module(stats DEPS base LIBS Boost::headers)
#
# One folder is one module: its *.cc files become the library assay_<name>, its *_test.cc one test program,
# each *_bench.cc and *_fuzz.cc a program of its own. DEPS *is* the architecture: tools/tidy reads it and rejects any
# include of a module that is not listed. LIBS names the third-party libraries the module owns.

function(assay_module path)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS;TEST_LIBS" ${ARGN})
  string(REPLACE "/" "_" name ${path})
  set(target assay_${name})

  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz|main)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  set(dep_targets)
  foreach(dep ${ARG_DEPS})
    string(REPLACE "/" "_" dep_name ${dep})
    list(APPEND dep_targets assay_${dep_name})
  endforeach()

  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC assay_flags ${dep_targets} PRIVATE ${ARG_LIBS} fmt::fmt nlohmann_json::nlohmann_json)
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE assay_flags ${dep_targets})
  endif()

  if(tests)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} ${ARG_LIBS} ${ARG_TEST_LIBS} fmt::fmt
                          nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main)
    # Tests run in the root: an absolute path here would keep checkouts from sharing a compiler cache.
    target_compile_definitions(${target}_test PRIVATE ASSAY_SOURCE_DIR=".")
    add_test(NAME unit.${name} COMMAND ${target}_test --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(unit.${name} PROPERTIES LABELS fast TIMEOUT 300)
  endif()

  foreach(bench ${benches})
    get_filename_component(stem ${bench} NAME_WE)
    add_executable(${stem} EXCLUDE_FROM_ALL ${bench})
    target_link_libraries(${stem} PRIVATE ${target} ${ARG_LIBS} fmt::fmt benchmark::benchmark_main)
    set_property(GLOBAL APPEND PROPERTY ASSAY_BENCHES ${stem})
  endforeach()

  if(ASSAY_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(stem ${fuzzer} NAME_WE)
      add_executable(${stem} ${fuzzer})
      target_link_libraries(${stem} PRIVATE ${target} ${ARG_LIBS} fmt::fmt nlohmann_json::nlohmann_json)
      target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
      set_property(GLOBAL APPEND PROPERTY ASSAY_FUZZERS ${stem})
    endforeach()
  endif()
endfunction()

# Compiler flags, sanitizers, and the optional speed-ups (ccache, mold) where they are present.

add_library(assay_flags INTERFACE)
target_compile_options(assay_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       # Designated initializers leave out what has a default: that is their point.
                       -Wno-missing-field-initializers -Werror)
# g++ 12 sees overlapping copies in std::string where there are none (GCC bug 105651), when it optimizes.
target_compile_options(assay_flags INTERFACE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-restrict>)
target_include_directories(assay_flags INTERFACE ${CMAKE_SOURCE_DIR})

set(ASSAY_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target (empty: none)")
if(ASSAY_SANITIZE)
  add_compile_options(-fsanitize=${ASSAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ASSAY_SANITIZE})
  if(ASSAY_SANITIZE MATCHES "undefined")
    # These four checks stand at every member access: they double the time to compile, and what they find crashes
    # anyway or is found by AddressSanitizer.
    add_compile_options(-fno-sanitize=null,alignment,object-size,vptr)
  endif()
endif()

option(ASSAY_FUZZ "Build the *_fuzz.cc targets with libFuzzer (clang only)" OFF)
if(ASSAY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(ASSAY_CCACHE ccache)
if(ASSAY_CCACHE)
  # Relative paths and no directory in the hash, so that every checkout shares one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${ASSAY_CCACHE})
endif()

find_program(ASSAY_MOLD mold)
if(ASSAY_MOLD AND CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  add_link_options(-fuse-ld=mold)
endif()

// The command line: `assay define FILE`, `assay plan …`. One function parses the arguments and runs
// the command; the commands themselves are stems beside this one, each with a plain options struct
// and no knowledge of argument parsing. To add one: write foo_command.h with
// `int run_foo(const FooOptions&, Streams)`, and register it in cli.cc.
//
//   return run({argv + 1, argv + argc}, {std::cin, std::cout, std::cerr});
#pragma once

#include <string>
#include <vector>

#include "assay/cli/streams.h"

namespace assay::cli {

// Arguments without the program's name. Returns the exit status.
int run(const std::vector<std::string>& arguments, Streams streams);

}  // namespace assay::cli

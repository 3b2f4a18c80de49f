#include <iostream>

#include "assay/cli/cli.h"

int main(int argc, char** argv) {
  return assay::cli::run({argv + 1, argv + argc}, {std::cin, std::cout, std::cerr});
}

// Golden tables for tests: spec/golden/*.csv, made by tools/golden from an independent source.
//
// A table opens with lines starting in '#': what it holds, which tool made it, and rel_tol, the
// relative agreement its source is good for. Then a header row, then numbers. A cell may be empty.
// Used by tests only; it reads files, so it stays out of the library.
#pragma once

#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace assay::stats::testing {

class GoldenTable {
 public:
  explicit GoldenTable(const std::string& name) : name_(name) {
    std::ifstream file(std::string(ASSAY_SOURCE_DIR "/spec/golden/") + name + ".csv");
    std::string line;
    while (std::getline(file, line)) read(line);
    EXPECT_FALSE(rows_.empty()) << "spec/golden/" << name << ".csv is missing or empty";
  }

  std::size_t size() const { return rows_.size(); }
  double rel_tol() const { return rel_tol_; }
  const std::string& text(std::size_t row, const std::string& column) const {
    return rows_.at(row).at(columns_.at(column));
  }
  double number(std::size_t row, const std::string& column) const {
    return std::stod(text(row, column));
  }
  std::int64_t integer(std::size_t row, const std::string& column) const {
    return std::stoll(text(row, column));
  }

  // Compares and remembers the worst; `scale` is what an absolute error is measured against when
  // the wanted number is a difference that may cancel (default: the wanted number itself).
  void compare(std::size_t row, const std::string& column, double got, double scale = 0) {
    const double wanted = number(row, column);
    const double size = std::max({std::abs(wanted), scale, 1e-300});
    const double error = got == wanted ? 0 : std::abs(got - wanted) / size;
    if (error > worst_ || std::isnan(error)) {
      worst_ = error;
      worst_place_ = "row " + std::to_string(row + 1) + ", " + column;
    }
    EXPECT_LE(error, rel_tol_) << name_ << ".csv row " << row + 1 << " " << column << ": got "
                               << got << ", wanted " << text(row, column);
  }

  ~GoldenTable() {
    std::printf("golden %-28s %5zu rows, worst relative error %.1e (%s)\n", name_.c_str(),
                rows_.size(), worst_, worst_place_.c_str());
  }

 private:
  void read(const std::string& line) {
    if (line.empty()) return;
    if (line[0] == '#') {
      const auto at = line.find("rel_tol:");
      if (at != std::string::npos) rel_tol_ = std::stod(line.substr(at + 8));
      return;
    }
    std::vector<std::string> cells;
    std::stringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    if (columns_.empty()) {
      for (std::size_t i = 0; i < cells.size(); ++i) columns_[cells[i]] = i;
      return;
    }
    cells.resize(columns_.size());
    rows_.push_back(std::move(cells));
  }

  std::string name_;
  double rel_tol_ = 1e-10;
  std::map<std::string, std::size_t> columns_;
  std::vector<std::vector<std::string>> rows_;
  double worst_ = 0;
  std::string worst_place_ = "-";
};

}  // namespace assay::stats::testing

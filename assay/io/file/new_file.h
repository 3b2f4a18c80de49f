// NewFile: a file that is there whole or not at all.
//
// Written as <path>.part, which takes its name when it is complete. A process that is killed leaves
// at most the .part behind, and the next one writes over it.
//
//   ASSAY_TRY(auto file, NewFile::create("answers.parquet"));
//   ASSAY_TRY_VOID(write_everything(file.part()));
//   return file.keep();  // without it nothing is left
#pragma once

#include <string>

#include "assay/base/expected.h"

namespace assay::io::file {

class NewFile {
 public:
  // kInvalid where a file of the name is there already, or its folder is not there or cannot be
  // written to; kConflict while another process makes the same file.
  static Result<NewFile> create(const std::string& path);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) noexcept;
  ~NewFile();

  const std::string& part() const { return part_; }  // Empty, to be opened and filled.
  // Its bytes and its name are on the disk when it returns; kUnavailable where that fails, kInvalid
  // where a file of the name has come up since.
  Result<void> keep();

 private:
  explicit NewFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}

  std::string path_;
  std::string part_;
  int descriptor_ = -1;  // Of the part; holds its lock.
};

}  // namespace assay::io::file

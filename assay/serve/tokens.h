// Tokens: who may call. A bearer token is "NAME.SECRET"; the store keeps only an argon2id hash of
// the secret. Verifying that hash is slow on purpose, so a token that was right once is remembered,
// by a keyed hash, for as long as the process lives. Any thread.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "assay/base/expected.h"
#include "assay/io/sqlite/records.h"

namespace assay::serve {

class Tokens {
 public:
  // Makes a token and stores its hash; the returned text is shown once and kept nowhere.
  static Result<std::string> create(io::sqlite::Records& records, const std::string& name,
                                    const io::sqlite::Change& change);

  static Result<std::unique_ptr<Tokens>> load(io::sqlite::Records& records);

  bool any() const { return !hashes_.empty(); }
  // The token's name if it was right before; takes microseconds.
  std::optional<std::string> recall(std::string_view token) const;
  // The token's name if it is right; takes milliseconds. Call it off the event loops.
  std::optional<std::string> verify(std::string_view token);
  // A secret for addresses that are only given to who was let in. It follows from the stored hashes
  // and `purpose`, so that a restart changes nothing for who has one; another token does.
  std::string ticket(std::string_view purpose) const;

 private:
  Tokens();
  std::string fingerprint(std::string_view token) const;

  std::map<std::string, std::string, std::less<>> hashes_;  // Name to argon2id hash.
  std::array<unsigned char, 32> key_{};
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> right_;  // Fingerprint to name.
};

// Whether two secrets are equal, in a time that does not say where they differ.
bool same_secret(std::string_view a, std::string_view b);

// The token of an Authorization header ("Bearer TOKEN").
std::optional<std::string_view> bearer(std::optional<std::string_view> authorization);

}  // namespace assay::serve

#include "assay/base/hash.h"

#include <array>

#include <sodium.h>
#define XXH_INLINE_ALL  // Half of the time for a short id is the call into the library.
#include <xxhash.h>

namespace assay {

std::uint64_t xxh3_64(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

Digest128 xxh3_128(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size());
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return {hex.data(), hex.size() - 1};
}

}  // namespace assay

// OpenSSL's one-call digests of version 3 allocate a context each time; the older functions do not.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "assay/assign/peer_hash.h"

#include <array>
#include <bit>

#include <openssl/md5.h>
#include <openssl/sha.h>

namespace assay::assign {
namespace {

std::uint32_t murmur_scrambled(std::uint32_t block) {
  return std::rotl(block * 0xcc9e2d51U, 15) * 0x1b873593U;
}

// Reads one code point at `at` and moves on; U+FFFD and one byte for what is malformed.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(at++);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : 0;
  if (more == 0 || first >= 0xf5 || at + static_cast<std::size_t>(more) > text.size()) {
    return 0xfffd;
  }
  std::uint32_t point = first & (0x3fU >> more);
  for (int i = 0; i < more; ++i) {
    const std::uint8_t next = byte(at + static_cast<std::size_t>(i));
    if ((next & 0xc0) != 0x80) return 0xfffd;
    point = point << 6 | (next & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 4> kSmallest = {0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = point >= 0xd800 && point < 0xe000;
  if (point < kSmallest[static_cast<std::size_t>(more)] || is_surrogate || point > 0x10ffff) {
    return 0xfffd;
  }
  at += static_cast<std::size_t>(more);
  return point;
}

template <typename State, std::size_t size, auto init, auto update, auto final>
std::uint64_t digest_64(Pieces pieces) {
  State state;
  init(&state);
  for (const std::string_view piece : pieces) update(&state, piece.data(), piece.size());
  std::array<unsigned char, size> digest;
  final(digest.data(), &state);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits = bits << 8 | digest[i];
  return bits;
}

}  // namespace

std::uint32_t murmur3_32(Pieces pieces, std::uint32_t seed) {
  std::uint32_t hash = seed;
  std::uint32_t block = 0;
  std::uint32_t size = 0;
  for (const std::string_view piece : pieces) {
    for (const char c : piece) {
      block |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(c)) << (8 * (size % 4));
      if (++size % 4 != 0) continue;
      hash = std::rotl(hash ^ murmur_scrambled(block), 13) * 5 + 0xe6546b64U;
      block = 0;
    }
  }
  hash ^= murmur_scrambled(block);  // Of no block: zero.
  hash ^= size;
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bU;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35U;
  return hash ^ (hash >> 16);
}

std::uint32_t fnv1a32_utf16(Pieces pieces) {
  std::uint32_t hash = 0x811c9dc5U;
  const auto add = [&](std::uint32_t unit) { hash = (hash ^ unit) * 0x01000193U; };
  for (const std::string_view piece : pieces) {
    for (std::size_t at = 0; at < piece.size();) {
      const std::uint32_t point = next_code_point(piece, at);
      if (point < 0x10000) {
        add(point);
      } else {
        add(0xd800 + ((point - 0x10000) >> 10));
        add(0xdc00 + ((point - 0x10000) & 0x3ff));
      }
    }
  }
  return hash;
}

std::uint64_t md5_64(Pieces pieces) {
  return digest_64<MD5_CTX, MD5_DIGEST_LENGTH, MD5_Init, MD5_Update, MD5_Final>(pieces);
}
std::uint64_t sha1_64(Pieces pieces) {
  return digest_64<SHA_CTX, SHA_DIGEST_LENGTH, SHA1_Init, SHA1_Update, SHA1_Final>(pieces);
}
std::uint64_t sha256_64(Pieces pieces) {
  return digest_64<SHA256_CTX, SHA256_DIGEST_LENGTH, SHA256_Init, SHA256_Update, SHA256_Final>(
      pieces);
}

}  // namespace assay::assign

// The hash functions of other tools' schemes (schemes.h), over a text given in pieces: nothing is
// put together, so nothing is allocated. Pure; any thread.
//
//   murmur3_32({"flag", "user_42"}, 0);   // as of "flaguser_42"
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace assay::assign {

using Pieces = std::initializer_list<std::string_view>;

// MurmurHash3_x86_32 (A. Appleby, public domain, MurmurHash3.cpp).
std::uint32_t murmur3_32(Pieces pieces, std::uint32_t seed);

// FNV-1a, 32 bits (Fowler, Noll, Vo), over UTF-16 code units, each xored in whole, as JavaScript
// programs do it. What is not UTF-8 counts as U+FFFD.
std::uint32_t fnv1a32_utf16(Pieces pieces);

// The first 64 bits of the digest, as one number.
std::uint64_t md5_64(Pieces pieces);
std::uint64_t sha1_64(Pieces pieces);
std::uint64_t sha256_64(Pieces pieces);

}  // namespace assay::assign

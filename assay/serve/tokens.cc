#include "assay/serve/tokens.h"

#include <algorithm>

#include <sodium.h>

#include "assay/base/check.h"

namespace assay::serve {
namespace {

// The secret has 256 random bits, so the hash needs no more effort than to make a stolen file
// useless.
constexpr unsigned long long kHashOperations = 2;
constexpr std::size_t kHashMemoryBytes = 16 << 20;
constexpr std::size_t kSecretBytes = 32;

bool is_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), allowed);
}

std::string to_base64(const std::array<unsigned char, kSecretBytes>& bytes) {
  std::string text(
      sodium_base64_encoded_len(kSecretBytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // The terminating zero.
  return text;
}

std::string random_secret() {
  std::array<unsigned char, kSecretBytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return to_base64(bytes);
}

}  // namespace

Tokens::Tokens() {
  ASSAY_CHECK(sodium_init() >= 0);
  randombytes_buf(key_.data(), key_.size());
}

Result<std::string> Tokens::create(io::sqlite::Records& records, const std::string& name,
                                   const io::sqlite::Change& change) {
  ASSAY_CHECK(sodium_init() >= 0);
  if (!is_name(name)) {
    return fail(Code::kInvalid, "'" + name + "' is no name for a token",
                "letters, digits, _ and -, at most 64");
  }
  const std::string secret = random_secret();
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_str(hash.data(), secret.data(), secret.size(), kHashOperations,
                        kHashMemoryBytes) != 0) {
    return fail(Code::kUnavailable, "not enough memory to hash a token");
  }
  ASSAY_TRY_VOID(records.save_token(name, hash.data(), change));
  return name + "." + secret;
}

Result<std::unique_ptr<Tokens>> Tokens::load(io::sqlite::Records& records) {
  ASSAY_TRY(const auto stored, records.tokens());
  std::unique_ptr<Tokens> tokens(new Tokens());
  for (const io::sqlite::Token& token : stored) tokens->hashes_[token.name] = token.hash;
  return tokens;
}

std::string Tokens::ticket(std::string_view purpose) const {
  // Names and hashes hold no line ends.
  std::string text;
  for (const auto& [name, hash] : hashes_) text.append(name).append("\n").append(hash) += "\n";
  text += purpose;
  std::array<unsigned char, kSecretBytes> digest{};
  crypto_generichash(digest.data(), digest.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return to_base64(digest);
}

std::string Tokens::fingerprint(std::string_view token) const {
  std::string out(crypto_generichash_BYTES, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(out.data()), out.size(),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size(),
                     key_.data(), key_.size());
  return out;
}

std::optional<std::string> Tokens::recall(std::string_view token) const {
  const std::string print = fingerprint(token);
  const std::scoped_lock lock(mutex_);
  const auto at = right_.find(print);
  if (at == right_.end()) return std::nullopt;
  return at->second;
}

std::optional<std::string> Tokens::verify(std::string_view token) {
  if (auto known = recall(token)) return known;
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto hash = hashes_.find(token.substr(0, dot));
  if (hash == hashes_.end()) return std::nullopt;
  const std::string_view secret = token.substr(dot + 1);
  if (crypto_pwhash_str_verify(hash->second.c_str(), secret.data(), secret.size()) != 0) {
    return std::nullopt;
  }
  const std::string print = fingerprint(token);
  const std::scoped_lock lock(mutex_);
  right_[print] = hash->first;
  return hash->first;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<std::string_view> bearer(std::optional<std::string_view> authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (!authorization || authorization->size() <= kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = (*authorization)[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kScheme[i]) return std::nullopt;
  }
  return authorization->substr(kScheme.size());
}

}  // namespace assay::serve

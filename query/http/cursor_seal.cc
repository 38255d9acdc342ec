#include "query/http/cursor_seal.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "query/http/base64.h"
#include "query/http/key_source.h"
#include "query/http/openssl_ptr.h"

namespace satindex::http {
namespace {

constexpr size_t kSaltBytes = 12;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kTextBytesMax = 512;  // far above any cursor of ours
// Nonces are random: under one subkey, so few that none comes twice.
constexpr uint32_t kSealsOfSalt = 1 << 16;
constexpr std::string_view kPurpose = "satindex cursor 1";

using SubKey = std::array<unsigned char, kCursorKeyBytes>;

const unsigned char* bytes_of(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* bytes_of(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

// Algorithms are looked up once a process and contexts kept by each thread: looking them up costs several times what sealing
// does.
MacContextPtr new_hmac() {
  static const MacPtr algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  MacContextPtr context(algorithm ? EVP_MAC_CTX_new(algorithm.get()) : nullptr);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  const bool ok = context && EVP_MAC_CTX_set_params(context.get(), params) == 1;
  SATINDEX_INVARIANT(ok, "HMAC-SHA256 is at hand");
  return context;
}

SubKey derive(const std::string& key, std::string_view salt) {
  thread_local const MacContextPtr hmac = new_hmac();
  SubKey out{};
  size_t length = 0;
  const bool ok = EVP_MAC_init(hmac.get(), bytes_of(key), key.size(), nullptr) == 1 &&
                  EVP_MAC_update(hmac.get(), bytes_of(kPurpose), kPurpose.size()) == 1 &&
                  EVP_MAC_update(hmac.get(), bytes_of(salt), salt.size()) == 1 &&
                  EVP_MAC_final(hmac.get(), out.data(), &length, out.size()) == 1;
  SATINDEX_INVARIANT(ok && length == out.size(), "HMAC-SHA256 works");
  return out;
}

// Salts and nonces, which are no secrets, drawn many at a time: a draw costs more than a seal. Never the same bytes twice.
class RandomBytes {
 public:
  void take(unsigned char* out, size_t bytes) {
    if (bytes > pool_.size() - used_) {
      SATINDEX_INVARIANT(RAND_bytes(pool_.data(), static_cast<int>(pool_.size())) == 1,
                         "random bytes are at hand");
      used_ = 0;
    }
    std::memcpy(out, pool_.data() + used_, bytes);
    used_ += bytes;
  }

 private:
  std::array<unsigned char, 32 * (kSaltBytes + kNonceBytes)> pool_;
  size_t used_ = pool_.size();
};

// A cipher under the subkey of one salt. Deriving a subkey and setting it up costs several times what sealing does, so each
// thread keeps the last one it sealed under and the last one it opened with.
class SaltedCipher {
 public:
  explicit SaltedCipher(bool encrypt) : encrypt_(encrypt), context_(EVP_CIPHER_CTX_new()) {}

  bool is_of(const std::string& key) const { return key_ == key; }
  const std::string& salt() const { return salt_; }
  bool set(const std::string& key, std::string_view salt) {
    static const CipherPtr algorithm(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
    key_.clear();
    const SubKey subkey = derive(key, salt);
    if (!algorithm || !context_ ||
        EVP_CipherInit_ex2(context_.get(), algorithm.get(), subkey.data(), nullptr,
                           encrypt_ ? 1 : 0, nullptr) != 1) {
      return false;
    }
    key_ = key;
    salt_ = salt;
    return true;
  }
  // Ready for the text, or null.
  EVP_CIPHER_CTX* start(std::string_view nonce, std::string_view binding) {
    int length = 0;
    const bool ok =
        EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, bytes_of(nonce), -1, nullptr) == 1 &&
        EVP_CipherUpdate(context_.get(), nullptr, &length, bytes_of(binding),
                         static_cast<int>(binding.size())) == 1;
    return ok ? context_.get() : nullptr;
  }

 private:
  const bool encrypt_;
  const CipherContextPtr context_;
  std::string key_;  // that the subkey is derived from; empty: none is set
  std::string salt_;
};

}  // namespace

CursorSeal::CursorSeal(std::string key) : key_(std::move(key)) {
  SATINDEX_INVARIANT(key_.size() == kCursorKeyBytes, "a cursor key has 32 bytes");
}

std::string CursorSeal::seal(std::string_view position, std::string_view binding) const {
  std::string out(kSaltBytes + kNonceBytes + position.size() + kTagBytes, '\0');
  thread_local RandomBytes random;
  thread_local SaltedCipher cipher(true);
  thread_local uint32_t seals_left = 0;
  if (seals_left == 0 || !cipher.is_of(key_)) {
    std::string salt(kSaltBytes, '\0');
    random.take(bytes_of(salt), kSaltBytes);
    SATINDEX_INVARIANT(cipher.set(key_, salt), "a cursor key can be set up");
    seals_left = kSealsOfSalt;
  }
  --seals_left;
  cipher.salt().copy(out.data(), kSaltBytes);
  random.take(bytes_of(out) + kSaltBytes, kNonceBytes);
  unsigned char* const body = bytes_of(out) + kSaltBytes + kNonceBytes;
  EVP_CIPHER_CTX* const context = cipher.start({out.data() + kSaltBytes, kNonceBytes}, binding);
  int length = 0;
  const bool ok =
      context != nullptr &&
      EVP_CipherUpdate(context, body, &length, bytes_of(position),
                       static_cast<int>(position.size())) == 1 &&
      EVP_CipherFinal_ex(context, body + length, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagBytes, body + position.size()) == 1;
  SATINDEX_INVARIANT(ok, "AES-256-GCM seals");
  return base64url_encode(out);
}

std::optional<std::string> CursorSeal::open(std::string_view text, std::string_view binding) const {
  if (text.size() > kTextBytesMax) return std::nullopt;
  auto sealed = base64url_decode(text);
  if (!sealed || sealed->size() < kSaltBytes + kNonceBytes + kTagBytes) return std::nullopt;
  const std::string_view all(*sealed);
  const size_t body_bytes = all.size() - kSaltBytes - kNonceBytes - kTagBytes;
  const std::string_view salt = all.substr(0, kSaltBytes);
  thread_local SaltedCipher cipher(false);
  const bool at_hand = cipher.is_of(key_) && cipher.salt() == salt;
  if (!at_hand && !cipher.set(key_, salt)) return std::nullopt;
  const std::string_view body = all.substr(kSaltBytes + kNonceBytes, body_bytes);
  std::string tag(all.substr(all.size() - kTagBytes));
  std::string out(body_bytes + kTagBytes, '\0');
  EVP_CIPHER_CTX* const context = cipher.start(all.substr(kSaltBytes, kNonceBytes), binding);
  int length = 0;
  const bool ok = context != nullptr &&
                  EVP_CipherUpdate(context, bytes_of(out), &length, bytes_of(body),
                                   static_cast<int>(body.size())) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
                  EVP_CipherFinal_ex(context, bytes_of(out) + length, &length) == 1;
  if (!ok) return std::nullopt;
  out.resize(body_bytes);
  return out;
}

schemas::Result<std::string> load_cursor_key(const std::string& path) {
  const auto text = read_small_file(path, 4096);
  if (!text) return schemas::config_error("cursor key: " + text.error().message);
  if (text->size() == kCursorKeyBytes) return *text;
  constexpr const char* kSpace = " \t\r\n";
  const size_t begin = text->find_first_not_of(kSpace);
  const size_t end = text->find_last_not_of(kSpace);
  if (begin != std::string::npos) {
    const std::string_view trimmed = std::string_view(*text).substr(begin, end - begin + 1);
    if (trimmed.size() == 2 * kCursorKeyBytes) {
      if (auto key = hex_decode(trimmed)) return *key;
    }
    if (auto key = base64_decode_lenient(trimmed); key && key->size() == kCursorKeyBytes)
      return *key;
  }
  return schemas::config_error("cursor key: not 32 bytes, 64 hex digits or base64 of 32 bytes");
}

schemas::Result<std::string> load_or_make_cursor_key(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return load_cursor_key(path);
  std::string key(kCursorKeyBytes, '\0');
  SATINDEX_INVARIANT(RAND_bytes(bytes_of(key), kCursorKeyBytes) == 1, "random bytes are at hand");
  // Written beside and linked into place: whoever sees the name sees the whole key, and a key made
  // meanwhile by another wins.
  const std::string beside = path + ".new." + std::to_string(::getpid());
  const int fd =
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return schemas::config_error("cursor key: the file cannot be made");
  const bool written =
      ::write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(fd) == 0;
  ::close(fd);
  const bool linked = written && (::link(beside.c_str(), path.c_str()) == 0 || errno == EEXIST);
  ::unlink(beside.c_str());
  if (!linked) return schemas::config_error("cursor key: the file cannot be written");
  return load_cursor_key(path);
}

}  // namespace satindex::http

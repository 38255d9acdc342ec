// CursorSeal: turns a trail position into a text that tells nothing, cannot be altered, and belongs
// to one query (CONTRACT 3.4). AES-256-GCM under a key derived from 12 random bytes, which a thread
// draws anew after 65,536 cursors, so that no number of cursors brings two under one key and
// nonce; the query's binding is authenticated with it, not contained. Immutable, thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/status.h"

namespace satindex::http {

inline constexpr size_t kCursorKeyBytes = 32;

class CursorSeal {
 public:
  // A key of exactly kCursorKeyBytes.
  explicit CursorSeal(std::string key);

  // One length for one length of `position`.
  std::string seal(std::string_view position, std::string_view binding) const;
  // nullopt when spoilt, of another key, or of another binding: the three cannot be told apart.
  std::optional<std::string> open(std::string_view text, std::string_view binding) const;

 private:
  const std::string key_;
};

// Reads --cursor-key FILE: 32 bytes as they are, or 64 hex digits, or base64 (either alphabet), the
// last two with white space around allowed.
schemas::Result<std::string> load_cursor_key(const std::string& path);
// As load; when there is no file, makes one (mode 0600, synced, only ever complete). For the
// default key in --data-dir.
schemas::Result<std::string> load_or_make_cursor_key(const std::string& path);

}  // namespace satindex::http

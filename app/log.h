// Log: one line a happening, to stderr, as JSON or as text. Never a payload, a token or key
// material: callers pass names and numbers. Thread-safe; a line is one write, so lines of several
// threads never mix. A failed write is dropped, since there is nowhere to say so.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

#include "schemas/time.h"

namespace satindex::app {

enum class LogFormat : uint8_t { kJson, kText };
enum class LogLevel : uint8_t { kInfo, kWarning, kError };

struct LogField {
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, int v) : key(k), value(static_cast<int64_t>(v)) {}
  LogField(std::string_view k, int64_t v) : key(k), value(v) {}
  LogField(std::string_view k, uint64_t v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}

  std::string_view key;
  Value value;
};
using LogFields = std::initializer_list<LogField>;

// One line with its newline. Pure.
std::string format_log_line(LogFormat format, int64_t wall_ns, LogLevel level,
                            std::string_view message, LogFields fields);

class Log {
 public:
  explicit Log(LogFormat format, const schemas::Clock& clock = schemas::system_clock(), int fd = 2)
      : format_(format), clock_(clock), fd_(fd) {}

  void info(std::string_view message, LogFields fields = {}) {
    write(LogLevel::kInfo, message, fields);
  }
  void warning(std::string_view message, LogFields fields = {}) {
    write(LogLevel::kWarning, message, fields);
  }
  void error(std::string_view message, LogFields fields = {}) {
    write(LogLevel::kError, message, fields);
  }
  void write(LogLevel level, std::string_view message, LogFields fields);

 private:
  const LogFormat format_;
  const schemas::Clock& clock_;
  const int fd_;
  std::mutex mutex_;  // one line at a time
};

}  // namespace satindex::app

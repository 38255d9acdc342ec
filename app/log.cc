#include "app/log.h"

#include <unistd.h>

#include <charconv>

#include "app/json_text.h"

namespace satindex::app {
namespace {

constexpr std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

template <class Number>
void append_number(Number number, std::string& out) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  out.append(text, error == std::errc() ? end : text);
}

void append_value(const LogField::Value& value, bool always_quote, std::string& out) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const bool plain = !text->empty() && text->find_first_of(" \"\\=\t\r\n") == std::string::npos;
    if (plain && !always_quote) {
      out += *text;
    } else {
      append_json_string(*text, out);
    }
  } else if (const auto* i = std::get_if<int64_t>(&value)) {
    append_number(*i, out);
  } else if (const auto* u = std::get_if<uint64_t>(&value)) {
    append_number(*u, out);
  } else if (const auto* d = std::get_if<double>(&value)) {
    append_number(*d, out);
  } else {
    out += std::get<bool>(value) ? "true" : "false";
  }
}

}  // namespace

std::string format_log_line(LogFormat format, int64_t wall_ns, LogLevel level,
                            std::string_view message, LogFields fields) {
  std::string line;
  const std::string time = schemas::format_time(wall_ns, 3);
  if (format == LogFormat::kJson) {
    line += "{\"time\":\"" + time + "\",\"level\":\"";
    line += level_name(level);
    line += "\",\"message\":";
    append_json_string(message, line);
    for (const LogField& field : fields) {
      line += ',';
      append_json_string(field.key, line);
      line += ':';
      append_value(field.value, true, line);
    }
    line += "}\n";
    return line;
  }
  line += time + " ";
  line += level_name(level);
  line += " ";
  line += message;
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(field.value, false, line);
  }
  line += '\n';
  return line;
}

void Log::write(LogLevel level, std::string_view message, LogFields fields) {
  const std::string line = format_log_line(format_, clock_.wall_ns(), level, message, fields);
  const std::lock_guard lock(mutex_);
  [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace satindex::app

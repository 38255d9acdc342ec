// Glue between CLI11 and our own readers of values: a flag whose text is read by a function that
// gives a Result.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "schemas/status.h"

namespace satindex::app {

// `target` must outlive the parsing. `read`: schemas::Result<Value>(std::string_view).
template <class Value, class Read>
CLI::Option* add_value(CLI::App& command, const std::string& flag, Value& target, Read read,
                       const std::string& help) {
  return command.add_option_function<std::string>(
      flag,
      [&target, read, flag](const std::string& text) {
        auto value = read(text);
        if (!value) throw CLI::ValidationError(flag, value.error().message);
        target = static_cast<Value>(*value);
      },
      help);
}

}  // namespace satindex::app

// A record under construction: fields as raw JSON text, in order, so that a test can spoil exactly
// one thing. Values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace satindex::testing {

inline std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

inline std::string repeated(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

class Draft {
 public:
  using Field = std::pair<std::string, std::string>;  // the key without quotes, the value, both raw

  Draft() = default;
  explicit Draft(std::vector<Field> fields) : fields_(std::move(fields)) {}

  // Every field of the contract, all of them legal.
  static Draft event();
  static Draft ownership();

  // Replaces the value of a field that is there.
  Draft with(std::string_view key, std::string_view raw_value) const {
    Draft draft = *this;
    for (Field& field : draft.fields_) {
      if (field.first == key) field.second = raw_value;
    }
    return draft;
  }
  Draft without(std::string_view key) const {
    Draft draft = *this;
    std::erase_if(draft.fields_, [key](const Field& field) { return field.first == key; });
    return draft;
  }
  Draft plus(std::string_view raw_key, std::string_view raw_value) const {
    Draft draft = *this;
    draft.fields_.emplace_back(raw_key, raw_value);
    return draft;
  }
  Draft first(std::string_view raw_key, std::string_view raw_value) const {
    Draft draft = *this;
    draft.fields_.emplace(draft.fields_.begin(), raw_key, raw_value);
    return draft;
  }
  Draft renamed(std::string_view key, std::string_view raw_key) const {
    Draft draft = *this;
    for (Field& field : draft.fields_) {
      if (field.first == key) field.first = raw_key;
    }
    return draft;
  }

  std::vector<Field>& fields() { return fields_; }
  const std::vector<Field>& fields() const { return fields_; }
  std::string text(std::string_view comma = ",", std::string_view colon = ":") const {
    std::string text = "{";
    for (const Field& field : fields_) {
      if (text.size() > 1) text += comma;
      text += in_quotes(field.first);
      text += colon;
      text += field.second;
    }
    return text + "}";
  }

 private:
  std::vector<Field> fields_;
};

}  // namespace satindex::testing

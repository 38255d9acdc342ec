#include "schemas/sat_event.h"

namespace satindex::schemas {

std::string_view reason_name(Unreadable reason) {
  switch (reason) {
    case Unreadable::kNull:
      return "null";
    case Unreadable::kNotUtf8:
      return "not_utf8";
    case Unreadable::kByteOrderMark:
      return "byte_order_mark";
    case Unreadable::kNotJson:
      return "not_json";
    case Unreadable::kTooDeep:
      return "too_deep";
    case Unreadable::kNotAnObject:
      return "not_an_object";
    case Unreadable::kTrailingBytes:
      return "trailing_bytes";
    case Unreadable::kFieldTwice:
      return "field_twice";
    case Unreadable::kFieldMissing:
      return "field_missing";
    case Unreadable::kFieldType:
      return "field_type";
    case Unreadable::kFieldLength:
      return "field_length";
    case Unreadable::kFieldSyntax:
      return "field_syntax";
    case Unreadable::kTimeRange:
      return "time_range";
    case Unreadable::kIntervalOrder:
      return "interval_order";
    case Unreadable::kUnknownRelation:
      return "unknown_relation";
  }
  return "unknown";
}

}  // namespace satindex::schemas

// Records whose shape is right and of whose known fields one is missing, or breaks its type, length
// or syntax.
#include "tests/support/malformed_corpus.h"

namespace satindex::testing {
namespace {

using schemas::Unreadable;

constexpr std::string_view kUser = "90-B3-D5-1F-30-01-00-00";
constexpr std::string_view kDevice = "00-DB-12-34-56-78-90-A0";

class Fields {
 public:
  Fields(CorpusTopic topic, Corpus* corpus)
      : topic_(topic), base_(draft_of(topic)), corpus_(corpus) {}

  void add(std::string_view what, const Draft& draft, Unreadable reason) {
    corpus_->push_back({topic_, std::string(what), draft.text(), reason});
  }
  void put(std::string_view field, std::string_view value, Unreadable reason) {
    const std::string_view shown = value.size() < 80 ? value : value.substr(0, 40);
    add(std::string(field) + " = " + std::string(shown) + " of " + std::to_string(value.size()),
        base_.with(field, value), reason);
  }
  void put_text(std::string_view field, std::string_view text, Unreadable reason) {
    put(field, in_quotes(text), reason);
  }

  void add_missing(std::string_view field) {
    add(std::string(field) + " missing", base_.without(field), Unreadable::kFieldMissing);
    add(std::string(field) + " under another case",
        base_.renamed(
            field, std::string(1, static_cast<char>(field[0] - 32)) + std::string(field.substr(1))),
        Unreadable::kFieldMissing);
  }
  void add_not_text(std::string_view field) {
    for (const char* other :
         {"17", "-1.5e3", "true", "false", "{}", "[]", "[\"x\"]", "nul", "NULL"}) {
      put(field, other, Unreadable::kFieldType);
    }
  }
  void add_bad_escapes(std::string_view field) {
    for (const char* text :
         {R"(a\x)", R"(a\u12)", R"(a\u12G4)", R"(a\U0041)", R"(a\')", R"(\uD800)",
          R"(\uD83D)"
          R"(x)",
          R"(\uD83D\n)", R"(\uD83D\u0041)", R"(\uDE00)", R"(\uDE00\uD83D)", R"(\ud83d\ud83d)"}) {
      put_text(field, text, Unreadable::kFieldSyntax);
    }
  }
  void add_text(std::string_view field) {
    add_not_text(field);
    put_text(field, "", Unreadable::kFieldLength);
    put_text(field, repeated("a", 65), Unreadable::kFieldLength);
    put_text(field, repeated("a", 63) + "\xC3\xA9", Unreadable::kFieldLength);
    put_text(field, repeated("a", 64) + R"(\n)", Unreadable::kFieldLength);
    put_text(field, repeated(R"(\u20AC)", 22), Unreadable::kFieldLength);
    put_text(field, repeated("a", 5000), Unreadable::kFieldLength);
  }
  // Digits alone, no more than fits.
  void add_integer(std::string_view field, std::string_view too_large) {
    for (const char* other : {"\"1\"", "true", "{}", "[1]", "-1", "-0", "1.0", "4.", "1e1", "1E0",
                              "+1", "0x1", "Infinity", "NaN", "1_000", ".5"}) {
      put(field, other, Unreadable::kFieldType);
    }
    for (const std::string& other :
         {std::string("01"), std::string("00"), std::string(too_large), repeated("9", 40)}) {
      put(field, other, Unreadable::kFieldSyntax);
    }
  }

  const Draft& base() const { return base_; }

 private:
  const CorpusTopic topic_;
  const Draft base_;
  Corpus* const corpus_;
};

std::string request(std::string_view counter) {
  return std::string(kUser) + ":" + std::string(kDevice) + ":" + std::string(counter);
}

void add_request_ids(Fields* fields) {
  for (const std::string& text : {request(""), request("123456789012345678901"), std::string(kUser),
                                  std::string(), request(repeated("0", 400))}) {
    fields->put_text("requestId", text, Unreadable::kFieldLength);
  }
  for (const std::string& text :
       {request("01"), request("00"), request("18446744073709551616"),
        request("99999999999999999999"), request("-1"), request("+1"), request(" 1"), request("1 "),
        request("1a"), request("1:2"), std::string(kUser) + "-" + std::string(kDevice) + ":1",
        std::string(kUser) + ":" + std::string(kDevice) + "-1",
        std::string(kUser) + ":00DB-12-34-56-78-90-A0-0:1",
        std::string(kUser) + ":00-DB-12-34-56-78-90-G0:1", "X" + request("1").substr(1)}) {
    fields->put_text("requestId", text, Unreadable::kFieldSyntax);
  }
}

}  // namespace

void add_malformed_event_fields(Corpus* corpus) {
  Fields fields(CorpusTopic::kEvents, corpus);
  for (const char* field : {"timestamp", "eventType", "userId", "userRole"}) {
    fields.add_missing(field);
    fields.put(field, "null", Unreadable::kFieldMissing);
  }
  for (const char* field : {"eventId", "eventType", "userRole", "serviceReferenceVariant",
                            "deviceType", "smetsVersion", "responseCode"}) {
    fields.add_text(field);
  }
  fields.add_bad_escapes("eventId");
  fields.add_bad_escapes("userRole");
  for (const char* field : {"timestamp", "userId", "deviceId", "requestId"})
    fields.add_not_text(field);
  fields.add_integer("commandVariant", "256");
  add_request_ids(&fields);
  for (const char* time :
       {"1969-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00Z", "2262-01-01T00:00:00Z",
        "2262-04-11T23:47:17Z", "9999-12-31T23:59:59Z"}) {
    fields.put_text("timestamp", time, Unreadable::kTimeRange);
  }
}

void add_malformed_ownership_fields(Corpus* corpus) {
  Fields fields(CorpusTopic::kOwnership, corpus);
  for (const char* field : {"deviceId", "relation", "partyId", "validFrom", "version"}) {
    fields.add_missing(field);
    fields.put(field, "null", Unreadable::kFieldMissing);
  }
  fields.add_missing("validTo");
  fields.add_text("partyId");
  fields.add_bad_escapes("partyId");
  for (const char* field : {"deviceId", "relation", "validFrom", "validTo"})
    fields.add_not_text(field);
  fields.add_integer("version", "18446744073709551616");
  for (const char* other :
       {"\"true\"", "1", "0", "True", "TRUE", "tru", "truee", "{}", "[true]", "\"\""}) {
    fields.put("withdrawn", other, Unreadable::kFieldType);
  }
  for (const char* relation :
       {"OWNER", "responsible_supplier", "RESPONSIBLE_SUPPLIER ", "NETWORK-OPERATOR"}) {
    fields.put_text("relation", relation, Unreadable::kUnknownRelation);
  }
  fields.put_text("relation", "", Unreadable::kFieldLength);
  fields.put_text("relation", repeated("R", 65), Unreadable::kFieldLength);
  fields.put_text("validTo", "2024-02-28T23:59:59.999999999Z", Unreadable::kIntervalOrder);
  fields.put_text("validTo", "0000-01-01T00:00:00Z", Unreadable::kIntervalOrder);
  fields.put_text("validFrom", "9999-12-31T23:59:59Z", Unreadable::kIntervalOrder);
  fields.add(
      "backwards, withdrawn null",
      fields.base().with("validTo", in_quotes("2020-01-01T00:00:00Z")).with("withdrawn", "null"),
      Unreadable::kIntervalOrder);
  fields.add("backwards, withdrawn absent",
             fields.base().with("validTo", in_quotes("2020-01-01T00:00:00Z")).without("withdrawn"),
             Unreadable::kIntervalOrder);
}

void add_malformed_times(CorpusTopic topic, std::string_view field, Corpus* corpus) {
  Fields fields(topic, corpus);
  for (const char* time : {"",
                           "Z",
                           "2026",
                           "2026-11-20",
                           "2026-11-20T10:15:30",
                           "2026-11-20T10:15Z",
                           "2026-11-20 10:15:30Z",
                           "2026-11-20t10:15:30Z",
                           "2026-11-20T10:15:30z",
                           "2026-11-20T10:15:30.Z",
                           "2026-11-20T10:15:30,5Z",
                           "2026-11-20T10:15:30.1234567891Z",
                           "2026-11-20T10:15:30.12345678900Z",
                           "2026-11-20T10:15:30.1+00:00Z",
                           "2026-11-20T10:15:30-00:00",
                           "2026-11-20T10:15:30+00:01",
                           "2026-11-20T10:15:30+01:00",
                           "2026-11-20T10:15:30+0000",
                           "2026-11-20T10:15:30+00",
                           "2026-11-20T10:15:30 Z",
                           "2026-11-20T10:15:30ZZ",
                           " 2026-11-20T10:15:30Z",
                           "2026-11-20T10:15:30Z ",
                           "2026-11-20T10:15:60Z",
                           "2016-12-31T23:59:60Z",
                           "2026-11-20T10:60:30Z",
                           "2026-11-20T24:00:00Z",
                           "2026-11-20T25:00:00Z",
                           "2026-00-20T10:15:30Z",
                           "2026-13-20T10:15:30Z",
                           "2026-11-00T10:15:30Z",
                           "2026-11-31T10:15:30Z",
                           "2026-02-29T10:15:30Z",
                           "2100-02-29T10:15:30Z",
                           "2024-02-30T10:15:30Z",
                           "2026-1-20T10:15:30Z",
                           "26-11-20T10:15:30Z",
                           "02026-11-20T10:15:30Z",
                           "+2026-11-20T10:15:30Z",
                           "-2026-11-20T10:15:30Z",
                           "2026/11/20T10:15:30Z",
                           "20261120T101530Z",
                           "2026-W47-5T10:15:30Z",
                           "2026-324T10:15:30Z",
                           "2026-11-20T1a:15:30Z",
                           "2026-11-20T10-15-30Z",
                           "2026-11-20T10:15:3\xD9\xA0Z",
                           "1795169730"}) {
    fields.put_text(field, time, Unreadable::kFieldSyntax);
  }
}

void add_malformed_euis(CorpusTopic topic, std::string_view field, Corpus* corpus) {
  Fields fields(topic, corpus);
  for (const char* eui :
       {"", "90B3D51F30010000", "90-B3-D5-1F-30-01-00", "90-B3-D5-1F-30-01-00-00-00",
        "90-B3-D5-1F-30-01-00-0", "90-B3-D5-1F-30-01-00-0G", "90-B3-D5-1F-30-01-00-:0",
        "90-B3-D5-1F-30-01-00-@0", "90:B3:D5:1F:30:01:00:00", "90 B3 D5 1F 30 01 00 00",
        "90-B3-D5-1F-30-01-00_00", "-90B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-01-0--00",
        " 90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-01-00-00 ", "0x90-B3-D5-1F-30-01-00",
        "9\xC3\xA9-B3-D5-1F-30-01-00-0"}) {
    fields.put_text(field, eui, Unreadable::kFieldSyntax);
  }
}

}  // namespace satindex::testing

// The legal neighbours of the malformed corpus: odd, and yet to be read.
#include <algorithm>

#include "tests/support/malformed_corpus.h"

namespace satindex::testing {
namespace {

class Legal {
 public:
  Legal(CorpusTopic topic, Corpus* corpus)
      : topic_(topic), base_(draft_of(topic)), corpus_(corpus) {}

  void add(std::string_view what, std::string value) {
    corpus_->push_back({topic_, std::string(what), std::move(value), std::nullopt});
  }
  void put(std::string_view field, std::string_view value) {
    add(std::string(field) + " = " + std::string(value.substr(0, 60)),
        base_.with(field, value).text());
  }

  void add_space() {
    const std::string text = base_.text();
    add("the usual shape", text);
    add("white space around", " \t\r\n" + text + "\n\r\t ");
    add("white space behind commas and colons", base_.text(", ", ": "));
    add("white space everywhere", base_.text(" \n\t, \r\n", "\n:\t"));
    add("a line feed behind", text + "\n");
    std::string spaced = base_.text();
    spaced.insert(1, "   ");
    spaced.insert(spaced.size() - 1, "\n\n");
    add("white space inside the braces", spaced);
  }

  void add_orders() {
    std::vector<Draft::Field> fields = base_.fields();
    for (size_t turn = 0; turn < fields.size(); ++turn) {
      std::rotate(fields.begin(), fields.begin() + 1, fields.end());
      add("fields turned by " + std::to_string(turn + 1), Draft(fields).text());
    }
    std::reverse(fields.begin(), fields.end());
    add("fields backwards", Draft(fields).text());
    std::sort(fields.begin(), fields.end());
    add("fields by name", Draft(fields).text());
  }

  // What does not make a record unreadable in a field that we do not read.
  void add_unread() {
    const auto unread = [this](std::string_view what, std::string_view value) {
      add("unread: " + std::string(what), base_.plus("x", value).text());
      add("unread, first: " + std::string(what), base_.first("x", value).text());
      add("unread, nested: " + std::string(what),
          base_.first("x", "[" + std::string(value) + "]").text());
    };
    for (const char* value : {"null",
                              "true",
                              "-1.5e-300",
                              "{}",
                              "[]",
                              "[[],{}]",
                              "\"\"",
                              "01",
                              "1.",
                              "-",
                              "+1",
                              "1e999",
                              "NaN",
                              "nul",
                              "tru",
                              "truefalse",
                              "undefined",
                              "'a'",
                              "$",
                              "\x01",
                              "\"\\q\"",
                              "\"\\u12\"",
                              "\"\\ud800\"",
                              "\"\\uDC00\\uD800\"",
                              "\"\\\\\"",
                              "\"\\\"\"",
                              "\"\\\\\\\"}\"",
                              "\"]}\"",
                              "\"{[\"",
                              "[1,]",
                              "[,]",
                              "[1 2]",
                              "{\"a\"}",
                              "{\"a\":}",
                              "{a:1}",
                              "{1,2}",
                              "{\"a\":1,\"a\":2}",
                              "[:]",
                              "[tru,\x02]",
                              "{\"timestamp\":5}",
                              "[\"timestamp\",\"userId\"]",
                              "\"\x7F\"",
                              "\"\xC2\x80\"",
                              "\"\xEF\xBF\xBF\"",
                              "\"\xF4\x8F\xBF\xBF\"",
                              "\"\xEF\xBB\xBF\"",
                              "\"\xE2\x82\xAC\"",
                              "[\"\\\\\",\"\\\\\\\\\",\"\\\\\\\"\"]"}) {
      unread(value, value);
    }
    for (const size_t run : {1u, 2u, 29u, 30u, 31u, 32u, 33u, 62u, 63u, 64u, 65u, 127u, 128u}) {
      unread("backslashes: " + std::to_string(run), in_quotes(repeated("\\\\", run)));
      unread("backslashes and a quote: " + std::to_string(run),
             in_quotes(repeated("\\\\", run) + "\\\""));
      unread("bytes: " + std::to_string(run), in_quotes(repeated("a", run)));
    }
    add("unread: a bad escape in a key", base_.plus("\\q", "1").text());
    add("unread: a known name with a bad escape", base_.plus("timestamp\\q", "1").text());
    add("unread: a known name and a NUL", base_.plus("timestamp\\u0000", "1").text());
    add("unread: an empty key", base_.plus("", "1").text());
    add("unread: a field twice", base_.plus("x", "1").plus("x", "2").text());
    add("unread: names in other cases", base_.plus("TIMESTAMP", "1").plus("userid", "2").text());
    add("unread: a key of 1,000 bytes", base_.plus(repeated("k", 1000), "1").text());
    add("unread: 300 fields", many_fields());
  }

  void add_deep_and_large() {
    add("1,024 deep, arrays", base_.plus("x", repeated("[", 1023) + repeated("]", 1023)).text());
    add("1,024 deep, objects",
        base_.first("x", repeated("{\"a\":", 1023) + "1" + repeated("}", 1023)).text());
    add("1,024 deep, many times",
        base_.first("x", "[" + repeated(repeated("[", 1022) + repeated("]", 1022) + ",", 50) + "1]")
            .text());
    add("a string of 1 MB", base_.plus("x", in_quotes(repeated("a", 1 << 20))).text());
    add("a string of 1 MB in front", base_.first("x", in_quotes(repeated("a", 1 << 20))).text());
    add("an array of 1 MB",
        base_.first("x", "[" + repeated("{\"a\":[\"\\\\\",1]},", 1 << 16) + "0]").text());
    add("1 MB of text beyond ASCII",
        base_.plus("x", in_quotes(repeated("\xE2\x82\xAC", 1 << 18))).text());
    add("brackets in a string of 1 MB",
        base_.plus("x", "[" + in_quotes(repeated("]}\\\"", 1 << 18)) + "]").text());
  }

 private:
  std::string many_fields() const {
    Draft draft = base_;
    for (int i = 0; i < 300; ++i) draft = draft.first("x" + std::to_string(i), "[]");
    return draft.text();
  }

  const CorpusTopic topic_;
  const Draft base_;
  Corpus* const corpus_;
};

void add_legal_event_fields(Corpus* corpus) {
  Legal events(CorpusTopic::kEvents, corpus);
  const Draft base = Draft::event();
  Draft least = base;
  for (const char* field : {"eventId", "deviceId", "requestId", "serviceReferenceVariant",
                            "deviceType", "smetsVersion", "responseCode", "commandVariant"}) {
    events.put(field, "null");
    events.add(std::string(field) + " absent", base.without(field).text());
    least = least.without(field);
  }
  events.add("required fields only", least.without("payload").text());
  events.add("payload null", base.with("payload", "null").text());
  events.add("payload twice", base.plus("payload", "1").text());
  for (const char* field : {"eventId", "eventType", "userRole", "serviceReferenceVariant",
                            "deviceType", "smetsVersion", "responseCode"}) {
    for (const std::string& text :
         {std::string("x"), repeated("a", 64), repeated("\xE2\x82\xAC", 21),
          repeated(R"(\u20ac)", 21), repeated(R"(\uD83D\uDE00)", 16),
          std::string(R"(\"\\\/\b\f\n\r\t)"), std::string(R"(\u0000)"), std::string(" "),
          std::string("\x7F"), std::string("null")}) {
      events.put(field, in_quotes(text));
    }
  }
  for (const char* value : {"0", "1", "9", "10", "255"}) events.put("commandVariant", value);
  const std::string pair = "90-b3-d5-1f-30-01-00-00:00-db-12-34-56-78-90-a0:";
  for (const char* counter : {"0", "1", "18446744073709551615", "10000000000000000000"}) {
    events.put("requestId", in_quotes(pair + counter));
  }
  for (const char* time : {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000+00:00",
                           "2261-12-31T23:59:59.999999999Z", "2024-02-29T23:59:59.5Z",
                           "2000-02-29T00:00:00.50+00:00"}) {
    events.put("timestamp", in_quotes(time));
  }
  events.put("userId", in_quotes("90-b3-D5-1f-30-01-00-fF"));
  events.put("userId", R"("\u0039\u0030-B3-D5-1F-30-01-00-00")");
  events.put("timestamp", R"("2026-11-20\u005410:15:30.123Z")");
  events.add("a known key in escapes", base.renamed("userId", R"(\u0075ser\u0049d)").text());
}

void add_legal_ownership_fields(Corpus* corpus) {
  Legal ownership(CorpusTopic::kOwnership, corpus);
  const Draft base = Draft::ownership();
  ownership.put("validTo", "null");
  ownership.put("withdrawn", "null");
  ownership.put("withdrawn", "true");
  ownership.add("withdrawn absent", base.without("withdrawn").text());
  ownership.put("relation", in_quotes("NETWORK_OPERATOR"));
  ownership.put("relation", R"("\u004eETWORK_OPERATOR")");
  for (const char* version : {"0", "1", "18446744073709551615"}) ownership.put("version", version);
  for (const char* time : {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000000+00:00",
                           "9999-12-31T23:59:59.999999999Z", "2262-01-01T00:00:00Z"}) {
    ownership.put("validTo", in_quotes(time));
  }
  for (const char* time :
       {"0000-01-01T00:00:00Z", "0000-02-29T00:00:00Z", "1969-12-31T23:59:59.9Z"}) {
    ownership.put("validFrom", in_quotes(time));
  }
  ownership.add(
      "backwards and withdrawn",
      base.with("validTo", in_quotes("2020-01-01T00:00:00Z")).with("withdrawn", "true").text());
  ownership.add("backwards and withdrawn, told first",
                base.without("withdrawn")
                    .with("validTo", in_quotes("0000-01-01T00:00:00Z"))
                    .first("withdrawn", "true")
                    .text());
  ownership.put("partyId", in_quotes(repeated("p", 64)));
  ownership.put("partyId", R"("\ud83d\ude00")");
  ownership.add("a known key in escapes", base.renamed("validTo", R"(valid\u0054o)").text());
}

}  // namespace

void add_legal_shapes(CorpusTopic topic, Corpus* corpus) {
  Legal legal(topic, corpus);
  legal.add_space();
  legal.add_orders();
  legal.add_unread();
  legal.add_deep_and_large();
}

void add_legal_fields(Corpus* corpus) {
  add_legal_event_fields(corpus);
  add_legal_ownership_fields(corpus);
}

}  // namespace satindex::testing

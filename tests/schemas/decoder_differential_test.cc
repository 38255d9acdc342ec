// Strategy: records written from random content in random ways, and records of the corpus spoilt by
// random edits. The seed is printed; SATINDEX_SEED=<number> replays it. Invariants: both paths give
// the same verdict, reason and record; what was written is what is read; no byte outside the record
// is touched.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "schemas/decoder.h"
#include "tests/schemas/describe.h"
#include "tests/schemas/fenced_bytes.h"
#include "tests/support/malformed_corpus.h"
#include "tests/support/seed.h"

namespace satindex::testing {
namespace {

using schemas::Eui64;
using schemas::EventDecoder;
using schemas::OwnershipDecoder;
using schemas::OwnershipRecord;
using schemas::SatEvent;

class Writer {
 public:
  explicit Writer(Random* random) : random_(*random) {}

  // Text of 1 to 64 bytes, at times with what needs escaping.
  std::string text() {
    constexpr std::string_view kPieces[] = {"A",
                                            "z",
                                            "_",
                                            "4.8.1",
                                            " ",
                                            "\"",
                                            "\\",
                                            "\n",
                                            "\xC3\xA9",
                                            "\xE2\x82\xAC",
                                            "\xF0\x9F\x98\x80",
                                            "/",
                                            "\t",
                                            "{",
                                            "]",
                                            ",",
                                            ":"};
    const size_t kinds = random_.one_in(4) ? std::size(kPieces) : 4;
    std::string out;
    for (uint64_t n = 1 + random_.below(14); n > 0; --n) out += kPieces[random_.below(kinds)];
    return out;
  }

  // A JSON string that means `text`: escapes where they must be, and now and then where they need
  // not.
  std::string json(std::string_view text, bool fancy) {
    std::string out = "\"";
    for (const char c : text) {
      const auto byte = static_cast<uint8_t>(c);
      if (c == '"' || c == '\\' || byte < 0x20 || (fancy && byte < 0x80 && random_.one_in(6))) {
        char escape[8];
        std::snprintf(escape, sizeof(escape), random_.one_in(2) ? "\\u%04x" : "\\u%04X", byte);
        out += escape;
      } else {
        out += c;
      }
    }
    return out + '"';
  }

  std::string eui(Eui64 eui) {
    std::string out = eui.to_string();
    if (random_.one_in(3))
      std::transform(out.begin(), out.end(), out.begin(),
                     [](char c) { return static_cast<char>(std::tolower(c)); });
    return out;
  }

  // Any value, nested a little, brackets matched, whatever else may be wrong with it.
  std::string junk(int depth) {
    constexpr std::string_view kBare[] = {"null", "true", "1", "-0.5e7", "01", "nul", "\x01", "$"};
    constexpr std::string_view kStrings[] = {"\"\"",    "\"a\\\"b\"", "\"\\\\\"",
                                             "\"\\q\"", "\"]}\"",     "\"\xE2\x82\xAC\""};
    switch (depth > 0 ? random_.below(4) : random_.below(2)) {
      case 0:
        return std::string(random_.pick(kBare));
      case 1:
        return random_.one_in(2) ? std::string(random_.pick(kStrings))
                                 : in_quotes(std::string(random_.below(90), 'x'));
      case 2: {
        std::string out = "[";
        for (uint64_t n = random_.below(5); n > 0; --n)
          out += junk(depth - 1) + (random_.one_in(5) ? " " : ",");
        return out + "]";
      }
      default: {
        std::string out = "{";
        for (uint64_t n = random_.below(5); n > 0; --n) out += "\"k\":" + junk(depth - 1) + ",";
        return out + "}";
      }
    }
  }

  std::string space() { return std::string(" \n\t\r").substr(random_.below(4), random_.below(3)); }

  // The fields in any order, with others strewn in.
  std::string object(std::vector<Draft::Field> fields) {
    const bool fancy = random_.one_in(3);
    for (uint64_t n = random_.below(4); n > 0; --n)
      fields.emplace_back("x" + std::to_string(n), junk(4));
    if (random_.one_in(2)) std::shuffle(fields.begin(), fields.end(), random_.engine());
    const bool spaced = random_.one_in(3);
    const auto gap = [&] { return spaced ? space() : std::string(); };
    std::string out = gap() + "{" + gap();
    for (size_t i = 0; i < fields.size(); ++i) {
      if (i > 0) out += gap() + "," + gap();
      out += json(fields[i].first, fancy && random_.one_in(3)) + gap() + ":" + gap() +
             fields[i].second;
    }
    return out + gap() + "}" + gap();
  }

 private:
  Random& random_;
};

// A record and what it must be read as.
struct Written {
  std::string value;
  std::string meaning;
};

Written random_event(Random& random) {
  Writer writer(&random);
  const bool fancy = random.one_in(3);
  SatEvent event;
  std::vector<Draft::Field> fields;
  std::array<std::string, 7> texts;
  for (std::string& text : texts) text = writer.text();
  const auto put = [&](const char* key, const std::string& text) {
    fields.emplace_back(key, writer.json(text, fancy));
  };
  const auto maybe = [&](const char* key, std::string_view* view, const std::string& text) {
    if (random.one_in(8)) return;
    if (random.one_in(8)) return static_cast<void>(fields.emplace_back(key, "null"));
    *view = text;
    put(key, text);
  };
  maybe("eventId", &event.event_id, texts[0]);
  event.decimals = static_cast<uint8_t>(random.below(10));
  event.time_ns =
      static_cast<int64_t>(random.below(schemas::kEventTimeMaxNs / 1'000'000'000)) * 1'000'000'000;
  put("timestamp", schemas::format_time(event.time_ns, event.decimals));
  put("eventType", texts[1]);
  event.event_type = texts[1];
  event.user.eui.value = random.engine()();
  put("userId", writer.eui(event.user.eui));
  put("userRole", texts[2]);
  event.user_role = texts[2];
  if (!random.one_in(5)) {
    event.device.emplace().eui.value = random.engine()();
    put("deviceId", writer.eui(event.device->eui));
  }
  if (!random.one_in(5)) {
    event.request = {event.user.eui, Eui64{random.engine()()},
                     random.engine()() >> random.below(64)};
    put("requestId", event.request->to_string());
  }
  maybe("serviceReferenceVariant", &event.srv, texts[3]);
  maybe("deviceType", &event.device_type, texts[4]);
  maybe("smetsVersion", &event.smets_version, texts[5]);
  maybe("responseCode", &event.response_code, texts[6]);
  if (random.one_in(2)) {
    event.command_variant = static_cast<uint8_t>(random.below(256));
    fields.emplace_back("commandVariant", std::to_string(*event.command_variant));
  }
  fields.emplace_back("payload", writer.junk(5));
  return {writer.object(std::move(fields)), describe(event)};
}

// Edits that keep it nearly a record.
std::string spoilt(std::string value, const std::string& other, Random& random) {
  constexpr std::string_view kTelling =
      "\"\\{}[]:, \n\x01\x1F\x7F\x80\xC3\xFF"
      "0-eE.tfnuTZ";
  for (uint64_t n = 1 + random.below(3); n > 0 && !value.empty(); --n) {
    const size_t at = random.below(value.size());
    const size_t span =
        random.below(std::min<size_t>(value.size() - at, random.one_in(4) ? 200 : 4) + 1);
    switch (random.below(6)) {
      case 0:
        value[at] = kTelling[random.below(kTelling.size())];
        break;
      case 1:
        value.insert(at, 1, kTelling[random.below(kTelling.size())]);
        break;
      case 2:
        value.erase(at, span);
        break;
      case 3:
        value.insert(random.below(value.size()), value.substr(at, span));
        break;
      case 4:
        if (!other.empty()) value.insert(at, other.substr(random.below(other.size()), span));
        break;
      default:
        value[at] = static_cast<char>(value[at] ^ 1 << random.below(8));
    }
  }
  return value;
}

template <class Record, class Decoder>
std::string agreed(Decoder& decoder, const std::string& value) {
  FencedBytes fence(value);
  const std::string quick = outcome<Record>(decoder, fence.at_end(value), false);
  EXPECT_EQ(quick, outcome<Record>(decoder, fence.at_end(value), true))
      << ::testing::PrintToString(value);
  EXPECT_EQ(quick, outcome<Record>(decoder, fence.at_start(value), false))
      << ::testing::PrintToString(value);
  return quick;
}

TEST(DecoderDifferential, WhatIsWrittenIsWhatIsRead) {
  Random random(4);
  EventDecoder decoder;
  for (int i = 0; i < 10'000; ++i) {
    const Written written = random_event(random);
    ASSERT_EQ(agreed<SatEvent>(decoder, written.value), written.meaning) << written.value;
  }
}

TEST(DecoderDifferential, SpoiltEventsGetOneVerdict) {
  Random random(5);
  EventDecoder decoder;
  int readable = 0;
  for (int i = 0; i < 40'000 && !::testing::Test::HasFailure(); ++i) {
    const std::string value = random_event(random).value;
    const std::string verdict =
        agreed<SatEvent>(decoder, spoilt(value, random_event(random).value, random));
    readable += verdict.starts_with("unreadable") ? 0 : 1;
  }
  EXPECT_GT(readable, 2'000);  // or the edits would test the refusals alone
  EXPECT_LT(readable, 38'000);
}

TEST(DecoderDifferential, SpoiltCorpusGetsOneVerdict) {
  Random random(6);
  EventDecoder events;
  OwnershipDecoder ownership;
  std::vector<const CorpusRecord*> small;
  for (const Corpus* corpus : {&malformed_corpus(), &legal_corpus()}) {
    for (const CorpusRecord& record : *corpus) {
      if (!record.value.empty() && record.value.size() < 8192) small.push_back(&record);
    }
  }
  for (int i = 0; i < 40'000 && !::testing::Test::HasFailure(); ++i) {
    const CorpusRecord& record = *random.pick(small);
    const std::string value = spoilt(record.value, random.pick(small)->value, random);
    if (record.topic == CorpusTopic::kEvents) {
      agreed<SatEvent>(events, value);
    } else {
      agreed<OwnershipRecord>(ownership, value);
    }
  }
}

TEST(DecoderDifferential, EveryPrefixAndEverySuffixIsRefused) {
  EventDecoder decoder;
  const std::string text = Draft::event().text();
  for (size_t at = 1; at < text.size(); ++at) {
    EXPECT_TRUE(agreed<SatEvent>(decoder, text.substr(0, at)).starts_with("unreadable")) << at;
    EXPECT_TRUE(agreed<SatEvent>(decoder, text.substr(at)).starts_with("unreadable")) << at;
  }
}

// An unread value of every length: the scanner's blocks meet every boundary of it.
TEST(DecoderDifferential, EveryAlignmentOfAnUnreadValue) {
  EventDecoder decoder;
  const std::string wanted = outcome<SatEvent>(decoder, Draft::event().text(), true);
  for (size_t length = 0; length < 200; ++length) {
    for (const char* tail : {"", "\\\\", "\\\"", "]", "\\\\\\\"}"}) {
      const std::string content = in_quotes(std::string(length, 'x') + tail);
      for (const std::string& value :
           {content, "[" + content + "]", "{\"a\":[" + content + ",{}]}"}) {
        ASSERT_EQ(agreed<SatEvent>(decoder, Draft::event().with("payload", value).text()), wanted)
            << value;
        ASSERT_EQ(agreed<SatEvent>(decoder, Draft::event().first("x", value).text()), wanted)
            << value;
      }
    }
  }
}

}  // namespace
}  // namespace satindex::testing

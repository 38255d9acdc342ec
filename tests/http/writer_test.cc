#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "query/http/entries_json.h"
#include "query/http/trail_writer.h"
#include "tests/http/sample_page.h"
#include "tests/support/seed.h"

namespace satindex::http {
namespace {

constexpr const char* kWholeEntry =
    R"({"timestamp":"2026-11-20T10:15:30.123Z","eventType":"SERVICE_REQUEST",)"
    R"("requestId":"90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:1000",)"
    R"("serviceReferenceVariant":"4.8.1","title":"Read Active Import Profile Data","userId":"90-B3-D5-1F-30-01-00-00",)"
    R"("userRole":"OU","deviceId":"00-DB-12-34-56-78-90-A0","deviceType":"ESME","smetsVersion":"SMETS2",)"
    R"("commandVariant":1,"responseCode":"I0","own":false})";

std::string entry_json(const trail::Entry& entry) {
  std::string out;
  append_entries_json({&entry, 1}, '\n', out);
  EXPECT_EQ(out.back(), '\n');
  out.pop_back();
  return out;
}

SampleRow bare() {
  SampleRow row;
  row.time = "2026-11-20T10:15:30Z";
  row.request = row.srv = row.device = row.device_type = row.smets_version = row.response_code = "";
  row.variant = -1;
  row.own = true;
  return row;
}

TEST(Writer, WholeEntryInTheContractsOrder) {
  SamplePages pages;
  EXPECT_EQ(entry_json(pages.entry({})), kWholeEntry);
}

TEST(Writer, AbsentFieldsAreLeftOut) {
  SamplePages pages;
  EXPECT_EQ(
      entry_json(pages.entry(bare())),
      R"({"timestamp":"2026-11-20T10:15:30Z","eventType":"SERVICE_REQUEST","userId":"90-B3-D5-1F-30-01-00-00",)"
      R"("userRole":"OU","own":true})");
}

TEST(Writer, TimesKeepTheirPrecision) {
  SamplePages pages;
  for (const char* time : {"1970-01-01T00:00:00Z", "2026-11-20T10:15:30.0Z",
                           "2026-11-20T10:15:30.120Z", "2261-12-31T23:59:59.999999999Z"}) {
    SampleRow row = bare();
    row.time = time;
    EXPECT_NE(entry_json(pages.entry(row)).find(std::string("\"timestamp\":\"") + time + "\""),
              std::string::npos);
  }
}

TEST(Writer, HiddenFieldsAreLeftOut) {
  SamplePages pages;
  trail::Entry entry = pages.entry({});
  entry.show_request_id = entry.show_command_variant = entry.show_response_code = false;
  const std::string text = entry_json(entry);
  for (const char* name : {"requestId", "commandVariant", "responseCode"})
    EXPECT_EQ(text.find(name), std::string::npos);
  std::string csv;
  trail::Page page;
  page.entries = {entry};
  append_page_csv(page, csv);
  EXPECT_EQ(csv,
            "2026-11-20T10:15:30.123Z,SERVICE_REQUEST,,4.8.1,Read Active Import Profile "
            "Data,90-B3-D5-1F-30-01-00-00,OU,"
            "00-DB-12-34-56-78-90-A0,ESME,SMETS2,,,false\r\n");
}

TEST(Writer, CommandVariantZeroIsPresentAndUnknownSrvHasNoTitle) {
  SamplePages pages;
  SampleRow row;
  row.variant = 0;
  row.srv = "99.99";
  const std::string text = entry_json(pages.entry(row));
  EXPECT_NE(text.find(R"("commandVariant":0)"), std::string::npos);
  EXPECT_NE(text.find(R"("serviceReferenceVariant":"99.99","userId")"), std::string::npos);
}

TEST(Writer, StringsAreEscaped) {
  SamplePages pages;
  SampleRow row;
  row.role = "a\"b\\\n\x01\xc3\xa4</script>";
  row.response_code = std::string("\0x", 2);
  const std::string text = entry_json(pages.entry(row));
  EXPECT_NE(text.find("\"userRole\":\"a\\\"b\\\\\\n\\u0001\xc3\xa4</script>\""), std::string::npos)
      << text;
  const auto read = boost::json::parse(text);
  EXPECT_EQ(read.at("userRole").as_string(), row.role);
  EXPECT_EQ(read.at("responseCode").as_string(), row.response_code);
}

TEST(Writer, PageWithEverything) {
  SamplePages pages;
  trail::Page page = pages.page(1);
  page.cross_user = trail::CrossUser::kIncluded;
  page.events_as_of_ns = 1795169731 * schemas::kNanosPerSecond;
  page.ownership_as_of_ns = 1795169729 * schemas::kNanosPerSecond;
  std::string out;
  append_page_json(page, "CURSOR", out);
  EXPECT_EQ(out,
            std::string(R"({"entries":[)") + kWholeEntry +
                R"(],"nextCursor":"CURSOR","crossUser":"included",)"
                R"("asOf":{"events":"2026-11-20T10:15:31Z","ownership":"2026-11-20T10:15:29Z"}})"
                "\n");
}

TEST(Writer, EmptyPageAndFlags) {
  trail::Page page;
  std::string out;
  append_page_json(page, "", out);
  EXPECT_EQ(out, "{\"entries\":[],\"crossUser\":\"none\",\"asOf\":{}}\n");
  page.partial = page.pending = true;
  page.cross_user = trail::CrossUser::kWithheld;
  page.ownership_as_of_ns = 0;
  out.clear();
  append_page_json(page, "", out);
  EXPECT_EQ(out,
            "{\"entries\":[],\"crossUser\":\"withheld\",\"partial\":true,\"pending\":true,"
            "\"asOf\":{\"ownership\":\"1970-01-01T00:00:00Z\"}}\n");
}

TEST(Writer, Ndjson) {
  SamplePages pages;
  std::string out;
  append_page_ndjson(pages.page(2), out);
  EXPECT_EQ(out.substr(0, out.find('\n')), kWholeEntry);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
}

// What is copied from earlier entries must be what would have been written. More symbols of each kind than are remembered;
// runs of the same, as transactions make them; everything that can be absent or hidden.
TEST(Writer, AnEntryIsTheSameAmongOthersAsAlone) {
  testing::Random random(71);
  SamplePages pages;
  std::vector<trail::Entry> pool;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    SampleRow row;
    row.event_type = "TYPE_" + n + (random.one_in(4) ? "\"\\\n" : "");
    row.request = random.one_in(5) ? "" : "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:" + n;
    row.srv = random.one_in(5) ? "" : random.one_in(3) ? "4.8.1" : "9." + n;
    row.user = "90-B3-D5-1F-30-01-00-" + std::to_string(10 + i);
    row.role = "R" + n + (random.one_in(6) ? "\t" : "");
    row.device = random.one_in(5) ? "" : "00-DB-12-34-56-78-90-" + std::to_string(10 + i);
    row.device_type = random.one_in(5) ? "" : "D" + n;
    row.smets_version = random.one_in(5) ? "" : std::string(i % 64, 'S') + n;
    row.variant = random.one_in(5) ? -1 : i;
    row.response_code = random.one_in(5) ? "" : "I" + n;
    pool.push_back(pages.entry(row));
  }
  for (int round = 0; round < 300; ++round) {
    std::vector<trail::Entry> entries;
    const uint64_t kinds = 1 + random.below(pool.size());
    const auto any = [&]() -> const trail::Entry& { return pool[random.below(kinds)]; };
    for (uint64_t n = random.below(120); n > 0; --n) {
      trail::Entry entry = any();
      if (!entries.empty() && random.below(3) > 0) entry.row = entries.back().row;
      if (random.one_in(4)) entry.row.service = any().row.service;
      if (random.one_in(4)) entry.row.user = any().row.user;
      if (random.one_in(4)) entry.row.device_attrs = any().row.device_attrs;
      if (random.one_in(4)) entry.row.device = any().row.device;
      if (random.one_in(4)) entry.row.request = any().row.request;
      if (random.one_in(2)) entry.row.outcome = any().row.outcome;
      entry.row.time_ns -= static_cast<int64_t>(random.below(1ull << (20 + random.below(40))));
      entry.row.decimals = static_cast<uint8_t>(random.below(10));
      entry.own = random.one_in(2);
      entry.show_request_id = !random.one_in(4);
      entry.show_command_variant = !random.one_in(4);
      entry.show_response_code = !random.one_in(4);
      entries.push_back(entry);
    }
    std::string expected = "before";
    for (const trail::Entry& entry : entries) expected += entry_json(entry) + ";";
    std::string together = "before";
    append_entries_json(entries, ';', together);
    ASSERT_EQ(together, expected) << "SATINDEX_SEED=" << testing::seed() << ", round " << round;
  }
}

// More symbols than a thread keeps the texts of, twice over, and others made where those of before have been.
TEST(Writer, WhatIsKeptOfASymbolIsNotTakenForAnother) {
  for (int round = 0; round < 3; ++round) {
    SamplePages pages;
    std::vector<SampleRow> rows(1'000);
    std::vector<trail::Entry> entries;
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string name = std::to_string(round) + "/" + std::to_string(i);
      rows[i].event_type = "TYPE" + name;
      rows[i].response_code = "CODE" + name;
      rows[i].srv = "SRV" + name;
      rows[i].role = "ROLE" + name;
      rows[i].device_type = "DEVICE" + name;
      rows[i].smets_version = "SMETS" + name;
      entries.push_back(pages.entry(rows[i]));
    }
    for (int again = 0; again < 2; ++again) {
      for (size_t i = 0; i < rows.size(); ++i) {
        const std::string text = entry_json(entries[i]);
        for (const std::string& value : {rows[i].event_type, rows[i].response_code, rows[i].srv,
                                         rows[i].role, rows[i].device_type, rows[i].smets_version})
          ASSERT_NE(text.find(":\"" + value + "\""), std::string::npos) << value << " in " << text;
      }
    }
  }
}

TEST(Writer, CsvQuotesWhatNeedsIt) {
  SamplePages pages;
  SampleRow row = bare();
  row.role = "a,\"b\"\r\n";
  row.device_type = "=1+1";  // not altered
  trail::Page page;
  page.entries = {pages.entry(row)};
  std::string out(csv_header());
  append_page_csv(page, out);
  EXPECT_EQ(out,
            "timestamp,eventType,requestId,serviceReferenceVariant,title,userId,userRole,deviceId,"
            "deviceType,smetsVersion,"
            "commandVariant,responseCode,own\r\n"
            "2026-11-20T10:15:30Z,SERVICE_REQUEST,,,,90-B3-D5-1F-30-01-00-00,\"a,\"\"b\"\"\r\n\",,="
            "1+1,,,,true\r\n");
}

}  // namespace
}  // namespace satindex::http

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "query/http/trail_writer.h"
#include "tests/http/sample_page.h"

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
  append_entry_json(entry, out);
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

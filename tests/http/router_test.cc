#include "query/http/router.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "query/http/problem.h"
#include "tests/http/sample_page.h"

namespace satindex::http {
namespace {

// Stands for verification, which has its own tests: the token is the caller's name.
class NameAuthenticator final : public Authenticator {
 public:
  schemas::Result<std::shared_ptr<const trail::Caller>> authenticate(
      std::string_view authorization) override {
    if (authorization == "Bearer noscope")
      return schemas::Status{schemas::StatusCode::kForbidden, "no scope"};
    if (authorization.substr(0, 7) != "Bearer ")
      return schemas::Status{schemas::StatusCode::kUnauthorized, "no token"};
    auto caller = std::make_shared<trail::Caller>();
    caller->party = authorization.substr(7);
    caller->channel = trail::Channel::kScreen;
    return std::shared_ptr<const trail::Caller>(caller);
  }
};

constexpr const char* kTrail = "/v1/devices/00-DB-12-34-56-78-90-A0/audit-trail";

class RouterTest : public testing::Test {
 protected:
  schemas::Result<ReadPage> read(const trail::Caller& caller, const trail::AuditTrailQuery& query) {
    callers_.push_back(caller);
    queries_.push_back(query);
    if (fail_at_ == static_cast<int>(queries_.size())) return failure_;
    trail::Page page = pages_.page(3);
    page.cross_user = trail::CrossUser::kIncluded;
    if (static_cast<int>(queries_.size()) < pages_until_end_) {
      page.next =
          store::TrailPosition{1'000'000 - static_cast<int64_t>(queries_.size()), true, 5, 6};
    }
    ReadPage read{std::move(page), {}};
    if (gated_ && !query.withhold_others) {
      read.before_leaving = [this](std::function<void(bool)> done) { gate_ = std::move(done); };
    }
    if (query.withhold_others) read.page.cross_user = trail::CrossUser::kWithheld;
    return read;
  }
  Response get(const std::string& target, const std::string& token = "P1",
               const std::string& accept = "", const std::string& method = "GET") {
    Request request;
    const std::string authorization = token.empty() ? "" : "Bearer " + token;
    request.method = method;
    request.target = target;
    request.authorization = authorization;
    request.accept = accept;
    Response response;
    router_.answer(request, &response);
    return response;
  }
  static std::string problem_type(const Response& response) {
    EXPECT_EQ(response.content_type, "application/problem+json");
    const auto body = boost::json::parse(response.body);
    EXPECT_EQ(body.as_object().size(), 4u);
    EXPECT_EQ(body.at("status").as_int64(), response.status);
    EXPECT_FALSE(body.at("title").as_string().empty());
    EXPECT_FALSE(body.at("detail").as_string().empty());
    return std::string(body.at("type").as_string());
  }
  static std::string cursor_of(const Response& response) {
    return std::string(boost::json::parse(response.body).at("nextCursor").as_string());
  }
  // The rest of a streamed body; false at the end when it was broken off.
  static bool drain(Response* response, std::string* out) {
    *out = response->body;
    for (;;) {
      const auto more = response->more(out);
      if (!more) return false;
      if (!*more) return true;
    }
  }

  bool ready_ = true;
  bool gated_ = false;
  std::function<void(bool)> gate_;
  int fail_at_ = -1;
  int pages_until_end_ = 1;
  schemas::Status failure_ = schemas::internal("/secret/path/000123.sst: bad block");
  SamplePages pages_;
  std::vector<trail::Caller> callers_;
  std::vector<trail::AuditTrailQuery> queries_;
  NameAuthenticator authenticator_;
  TrailEndpoints trail_{
      [this](const trail::Caller& c, const trail::AuditTrailQuery& q) { return read(c, q); },
      CursorSeal(std::string(32, 'k'))};
  Router router_{&trail_, &authenticator_, [this] { return ready_; }};
};

TEST_F(RouterTest, AnAnswerWithOthersRowsIsHeldBackUntilItsRecordIsMade) {
  gated_ = true;
  Response response = get(kTrail);
  ASSERT_TRUE(response.gate);
  bool answered = false;
  response.gate->wait([&](bool may_leave) { answered = may_leave; });
  ASSERT_TRUE(gate_);
  gate_(true);
  EXPECT_TRUE(answered);
  EXPECT_EQ(boost::json::parse(response.body).at("crossUser"), "included");
  EXPECT_EQ(queries_.size(), 1u);
}

TEST_F(RouterTest, WithoutItsRecordTheSamePageIsMadeWithoutOthersRows) {
  gated_ = true;
  Response response = get(std::string(kTrail) + "?limit=7");
  ASSERT_TRUE(response.gate);
  const auto instead = response.gate->instead;
  response.reset();
  instead(&response);
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.gate);
  EXPECT_EQ(boost::json::parse(response.body).at("crossUser"), "withheld");
  ASSERT_EQ(queries_.size(), 2u);
  EXPECT_TRUE(queries_[1].withhold_others);
  EXPECT_EQ(queries_[1].limit, 7u);
}

TEST_F(RouterTest, ADownloadThatWouldNeedARecordNeverLeaves) {
  gated_ = true;
  const Response response = get(std::string(kTrail) + "?format=csv");
  EXPECT_EQ(response.status, 500);
  EXPECT_FALSE(response.more);
}

TEST_F(RouterTest, OnePage) {
  const Response r = get(std::string(kTrail) + "?limit=3&srv=4.8.1");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.content_type, "application/json");
  EXPECT_EQ(r.route, RouteName::kDevice);
  const auto body = boost::json::parse(r.body);
  EXPECT_EQ(body.at("entries").as_array().size(), 3u);
  EXPECT_FALSE(body.as_object().contains("nextCursor"));
  ASSERT_EQ(queries_.size(), 1u);
  EXPECT_EQ(queries_[0].limit, 3u);
  EXPECT_EQ(queries_[0].filters.srv, std::vector<std::string>{"4.8.1"});
  EXPECT_EQ(callers_[0].party, "P1");
  EXPECT_EQ(callers_[0].channel, trail::Channel::kScreen);
}

TEST_F(RouterTest, RoutesAndMethods) {
  EXPECT_EQ(get("/v1/audit-trail?scope=own").route, RouteName::kOwn);
  EXPECT_EQ(get("/v1/audit-trail?scope=owned").route, RouteName::kOwned);
  for (const char* target :
       {"/v1", "/v1/", "/v1/audit-trail/", "/v1/devices/x", "/v1/devices/x/audit-trail/",
        "/v1/devices/x/audit-trail/y", "/v2/audit-trail", "/favicon.ico", "//",
        "/V1/audit-trail?scope=own", "/metrics", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s"}) {
    const Response r = get(target, "");
    EXPECT_EQ(r.status, 404) << target;
    EXPECT_EQ(problem_type(r), "urn:satindex:problem:not-found");
  }
  for (const char* method : {"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "X"}) {
    for (const char* target :
         {kTrail, "/", "/openapi.yaml", "/v1/audit-trail", "/v1/service-request-variants"}) {
      const Response r = get(target, "", "", method);
      EXPECT_EQ(r.status, 405) << method;
      EXPECT_NE(r.headers.find("Allow: GET\r\n"), std::string::npos);
    }
  }
  EXPECT_TRUE(queries_.empty() || queries_.size() == 2u);
}

TEST_F(RouterTest, CredentialsComeBeforeParameters) {
  Response r = get(std::string(kTrail) + "?bad=1", "");
  EXPECT_EQ(r.status, 401);
  EXPECT_EQ(problem_type(r), "urn:satindex:problem:unauthorized");
  EXPECT_NE(r.headers.find("WWW-Authenticate: Bearer realm=\"satindex\"\r\n"), std::string::npos);
  r = get(kTrail, "noscope");
  EXPECT_EQ(r.status, 403);
  EXPECT_EQ(problem_type(r), "urn:satindex:problem:forbidden");
  EXPECT_NE(r.headers.find("error=\"insufficient_scope\""), std::string::npos);
  r = get(std::string(kTrail) + "?bad=1");
  EXPECT_EQ(r.status, 400);
  EXPECT_NE(r.body.find("bad: "), std::string::npos);
  EXPECT_TRUE(queries_.empty());
}

TEST_F(RouterTest, TwoAuthorizationHeadersProveNothing) {
  Request request;
  request.method = "GET";
  request.target = kTrail;
  request.authorization = "Bearer P1";
  request.authorization_repeated = true;
  Response response;
  router_.answer(request, &response);
  EXPECT_EQ(response.status, 401);
  EXPECT_NE(response.headers.find("error=\"invalid_token\""), std::string::npos);
}

TEST_F(RouterTest, NotReadyIs503WithRetryAfter) {
  ready_ = false;
  for (const char* target : {kTrail, "/v1/audit-trail?scope=own"}) {
    const Response r = get(target);
    EXPECT_EQ(r.status, 503);
    EXPECT_NE(r.headers.find("Retry-After: "), std::string::npos);
  }
  EXPECT_EQ(get("/", "").status, 200);
  EXPECT_EQ(get("/v1/service-request-variants").status, 200);
}

TEST_F(RouterTest, InnerFailuresTellNothing) {
  const std::pair<schemas::StatusCode, int> table[] = {
      {schemas::StatusCode::kInvalid, 400},    {schemas::StatusCode::kForbidden, 403},
      {schemas::StatusCode::kNotFound, 404},   {schemas::StatusCode::kUnavailable, 503},
      {schemas::StatusCode::kOverloaded, 503}, {schemas::StatusCode::kCorrupt, 500},
      {schemas::StatusCode::kConfig, 500},     {schemas::StatusCode::kInternal, 500},
  };
  for (const auto& [code, status] : table) {
    queries_.clear();
    fail_at_ = 1;
    failure_.code = code;
    const Response r = get(kTrail);
    EXPECT_EQ(r.status, status);
    problem_type(r);
    if (status >= 500) {
      EXPECT_EQ(r.body.find("secret"), std::string::npos);
    }
    if (status == 503) {
      EXPECT_NE(r.headers.find("Retry-After: "), std::string::npos);
    }
  }
}

TEST_F(RouterTest, CursorBelongsToCallerRouteAndFilters) {
  pages_until_end_ = 1000;
  const std::string base = std::string(kTrail) + "?srv=4.8.1,4.8.2&from=2026-01-01T00:00:00Z";
  const std::string cursor = cursor_of(get(base));
  // Other limit, order of a list, writing of a time, minOwnership: the same trail.
  for (const std::string& target :
       {base, base + "&limit=7",
        std::string(kTrail) + "?from=2026-01-01T00:00:00.0%2B00:00&srv=4.8.2,4.8.1",
        base + "&minOwnership=2026-01-01T00:00:00Z", base + "&othersOnly=false&format=json"}) {
    queries_.clear();
    ASSERT_EQ(get(target + "&cursor=" + cursor).status, 200) << target;
    EXPECT_EQ(queries_[0].after->device, 5u);
  }
  std::string spoilt = cursor;
  spoilt[40] = spoilt[40] == 'A' ? 'B' : 'A';
  queries_.clear();
  for (const std::string& target :
       {base + "&cursor=" + spoilt, base + "&cursor=x", base + "&userRole=OU&cursor=" + cursor,
        std::string(kTrail) + "?cursor=" + cursor,
        "/v1/audit-trail?scope=own&srv=4.8.1,4.8.2&from=2026-01-01T00:00:00Z&cursor=" + cursor,
        "/v1/devices/00-DB-12-34-56-78-90-A1/"
        "audit-trail?srv=4.8.1,4.8.2&from=2026-01-01T00:00:00Z&cursor=" +
            cursor}) {
    const Response r = get(target);
    EXPECT_EQ(r.status, 400) << target;
    EXPECT_NE(r.body.find("\"detail\":\"cursor: "), std::string::npos);
  }
  EXPECT_EQ(get(base + "&cursor=" + cursor, "P2").status, 400);
  EXPECT_TRUE(queries_.empty());
}

TEST_F(RouterTest, DownloadWalksTheWholeTrailAsAReport) {
  pages_until_end_ = 4;
  for (const char* format : {"csv", "ndjson"}) {
    queries_.clear();
    callers_.clear();
    Response r = get(std::string(kTrail) + "?format=" + format);
    EXPECT_EQ(r.status, 200);
    ASSERT_TRUE(r.more);
    std::string body;
    ASSERT_TRUE(drain(&r, &body));
    ASSERT_EQ(queries_.size(), 4u);
    for (const trail::Caller& caller : callers_) EXPECT_EQ(caller.channel, trail::Channel::kReport);
    for (size_t i = 0; i < queries_.size(); ++i) {
      EXPECT_EQ(queries_[i].after.has_value(), i > 0);
      EXPECT_EQ(queries_[i].limit, 1000u);
    }
    const bool csv = std::string(format) == "csv";
    EXPECT_EQ(std::count(body.begin(), body.end(), '\n'), csv ? 13 : 12);
    EXPECT_EQ(body.substr(0, 10) == "timestamp,", csv);
    EXPECT_EQ(r.content_type,
              csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson");
  }
}

TEST_F(RouterTest, DownloadFailingMidwayIsBrokenOff) {
  pages_until_end_ = 4;
  fail_at_ = 3;
  Response r = get(std::string(kTrail) + "?format=ndjson");
  std::string body;
  EXPECT_FALSE(drain(&r, &body));
  fail_at_ = 1;
  queries_.clear();
  EXPECT_EQ(get(std::string(kTrail) + "?format=ndjson").status,
            500);  // before the first byte: a status
}

TEST_F(RouterTest, DownloadsOfOnePartyAndInAllAreBounded) {
  pages_until_end_ = 1000;
  const std::string target = std::string(kTrail) + "?format=csv";
  std::vector<Response> under_way;
  under_way.push_back(get(target));
  under_way.push_back(get(target));
  Response third = get(target);
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(problem_type(third), "urn:satindex:problem:too-many-requests");
  EXPECT_NE(third.headers.find("Retry-After: "), std::string::npos);
  for (int i = 0; i < 6; ++i) under_way.push_back(get(target, "Q" + std::to_string(i)));
  EXPECT_EQ(under_way.back().status, 200);
  EXPECT_EQ(get(target, "R").status, 503);
  under_way.clear();
  EXPECT_EQ(get(target).status, 200);
}

TEST_F(RouterTest, FixedContent) {
  Response r = get("/", "");
  EXPECT_EQ(r.status, 200);
  EXPECT_NE(r.headers.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(r.headers.find("unsafe"), std::string::npos);
  EXPECT_EQ(r.fixed_body.find("/*screen.js*/"), std::string_view::npos);
  EXPECT_NE(r.fixed_body.find("<script>"), std::string_view::npos);
  r = get("/openapi.yaml", "");
  EXPECT_EQ(r.fixed_body.substr(0, 8), "openapi:");
  for (int i = 0; i <= static_cast<int>(Problem::kVersionNotSupported); ++i) {
    Response problem;
    write_problem(static_cast<Problem>(i), {}, &problem);
    EXPECT_NE(r.fixed_body.find("- " + problem_type(problem) + "\n"), std::string_view::npos)
        << problem.body;
  }
  EXPECT_EQ(get("/v1/service-request-variants", "").status, 401);
  EXPECT_EQ(get("/v1/service-request-variants?x=1").status, 400);
  r = get("/v1/service-request-variants");
  const auto variants = boost::json::parse(r.fixed_body).at("variants").as_array();
  EXPECT_EQ(variants.size(), 129u);
  const std::string first = boost::json::serialize(variants[0]);
  EXPECT_EQ(
      first,
      R"x({"srv":"1.1.1","title":"Update Import Tariff (Primary Element)","critical":true})x");
}

}  // namespace
}  // namespace satindex::http

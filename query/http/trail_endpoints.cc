#include "query/http/trail_endpoints.h"

#include "query/http/problem.h"
#include "query/http/trail_writer.h"
#include "query/trail/cursor.h"

namespace satindex::http {
namespace {

RouteName route_name(trail::Route route) {
  switch (route) {
    case trail::Route::kDevice:
      return RouteName::kDevice;
    case trail::Route::kOwned:
      return RouteName::kOwned;
    case trail::Route::kOwn:
      return RouteName::kOwn;
  }
  return RouteName::kNone;
}

void append_page(Format format, const trail::Page& page, std::string& out) {
  if (format == Format::kCsv) {
    append_page_csv(page, out);
  } else {
    append_page_ndjson(page, out);
  }
}

// Walks the whole trail, a page whenever the client has taken the one before. Only one thread at a
// time calls it.
struct Download {
  TrailReader reader;
  trail::Caller caller;
  trail::AuditTrailQuery query;
  Format format;
  std::shared_ptr<void> slot;

  schemas::Result<bool> operator()(std::string* out) {
    if (!query.after) return false;
    auto read = reader(caller, query);
    if (!read) return read.error();
    // A report shows nothing that needs a record; if it ever did, it must not leave.
    if (read->before_leaving) return schemas::internal("a report held others' rows");
    const trail::Page* page = &read->page;
    // A page may be empty when its work was spent; it must still be further on, or the walk would
    // never end.
    if (page->next && !(*query.after < *page->next))
      return schemas::internal("a trail did not advance");
    query.after = page->next;
    append_page(format, *page, *out);
    return true;
  }
};

}  // namespace

TrailEndpoints::TrailEndpoints(TrailReader reader, CursorSeal seal, TrailEndpointSettings settings)
    : reader_(std::move(reader)),
      seal_(std::move(seal)),
      slots_(std::make_shared<DownloadSlots>(settings.downloads_max,
                                             settings.downloads_of_party_max)) {}

void TrailEndpoints::answer(const std::shared_ptr<const trail::Caller>& caller,
                            const std::optional<std::string>& device, const Target& target,
                            std::string_view accept, Response* response) const {
  response->route = device ? RouteName::kDevice : RouteName::kNone;
  auto request = read_trail_request(device, target.parameters, accept);
  if (!request) return write_status(request.error(), response);
  response->route = route_name(request->query.route);
  if (request->format == Format::kJson) return answer_page(caller, std::move(*request), response);
  answer_download(*caller, std::move(*request), response);
}

void TrailEndpoints::answer_page(const std::shared_ptr<const trail::Caller>& caller,
                                 TrailRequest request, Response* response) const {
  std::string binding;
  const auto bind = [&] {
    if (binding.empty()) binding = trail::cursor_binding(*caller, request.query);
  };
  if (request.cursor) {
    bind();
    const auto opened = seal_.open(*request.cursor, binding);
    auto position = opened ? trail::decode_position(*opened)
                           : schemas::Result<store::TrailPosition>(schemas::invalid(""));
    if (!position) {
      return write_status(
          schemas::invalid("cursor: not one of this caller, route and set of filters"), response);
    }
    request.query.after = *position;
  }
  const auto read = reader_(*caller, request.query);
  if (!read) return write_status(read.error(), response);
  std::string next;
  if (read->page.next) {
    bind();
    next = seal_.seal(trail::encode_position(*read->page.next), binding);
  }
  response->content_type = "application/json";
  append_page_json(read->page, next, response->body);
  if (!read->before_leaving) return;
  request.cursor.reset();  // opened already
  request.query.withhold_others = true;
  response->gate = Gate{read->before_leaving, [this, caller, request](Response* other) {
                          answer_page(caller, request, other);
                        }};
}

void TrailEndpoints::answer_download(const trail::Caller& caller, TrailRequest request,
                                     Response* response) const {
  DownloadSlots::Refusal refusal = DownloadSlots::Refusal::kNone;
  auto slot = slots_->take(caller.party, &refusal);
  if (!slot) {
    const bool party = refusal == DownloadSlots::Refusal::kParty;
    return write_problem(party ? Problem::kTooManyRequests : Problem::kOverloaded, {}, response);
  }
  Download download{reader_, caller, std::move(request.query), request.format, std::move(slot)};
  download.caller.channel = trail::Channel::kReport;
  // The first page is read before a byte leaves, so that a refusal is still a status and not a
  // broken body.
  const auto read = reader_(download.caller, download.query);
  if (!read) return write_status(read.error(), response);
  if (read->before_leaving) return write_problem(Problem::kInternal, {}, response);
  const trail::Page* page = &read->page;
  const bool csv = request.format == Format::kCsv;
  response->content_type = csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
  response->headers += csv ? "Content-Disposition: attachment; filename=\"audit-trail.csv\"\r\n"
                           : "Content-Disposition: attachment; filename=\"audit-trail.ndjson\"\r\n";
  if (csv) response->body.append(csv_header());
  append_page(request.format, *page, response->body);
  download.query.after = page->next;
  response->more = std::move(download);
}

}  // namespace satindex::http

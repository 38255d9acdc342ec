// TrailEndpoints: the audit-trail routes: parameters in, one page or a streamed download out. Every
// answer is decided by the reader below, for every page (INV-5); this layer only narrows (a
// download is a report before anything is read) and never widens. Thread-safe; holds its settings,
// the reader and the cursor seal.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "query/http/cursor_seal.h"
#include "query/http/download_slots.h"
#include "query/http/message.h"
#include "query/http/trail_parameters.h"
#include "query/trail/caller.h"
#include "query/trail/query.h"
#include "schemas/status.h"

namespace satindex::http {

// What a reader gives: a page, and what must be done before it may leave (its access record must be durable, CONTRACT
// 1.4); empty: nothing. When that fails the reader is asked again with withhold_others.
struct ReadPage {
  trail::Page page;
  std::function<void(std::function<void(bool)>)> before_leaving;
};

// TrailService::read and the record of it. Thread-safe.
using TrailReader =
    std::function<schemas::Result<ReadPage>(const trail::Caller&, const trail::AuditTrailQuery&)>;

struct TrailEndpointSettings {
  size_t downloads_max = 8;           // under way at once
  size_t downloads_of_party_max = 2;  // the same, of one party
};

class TrailEndpoints {
 public:
  TrailEndpoints(TrailReader reader, CursorSeal seal, TrailEndpointSettings settings = {});

  void answer(const std::shared_ptr<const trail::Caller>& caller,
              const std::optional<std::string>& device, const Target& target,
              std::string_view accept, Response* response) const;

 private:
  void answer_page(const std::shared_ptr<const trail::Caller>& caller, TrailRequest request,
                   Response* response) const;
  void answer_download(const trail::Caller& caller, TrailRequest request, Response* response) const;

  const TrailReader reader_;
  const CursorSeal seal_;
  const std::shared_ptr<DownloadSlots> slots_;
};

}  // namespace satindex::http

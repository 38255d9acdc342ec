#include "tests/http/sample_page.h"

namespace satindex::http {

const store::Symbol* SamplePages::symbol(const std::string& first, const std::string& second,
                                         int variant, schemas::UserId user) {
  store::Symbol& made = symbols_.emplace_back();
  made.first = texts_.emplace_back(first);
  made.second = texts_.emplace_back(second);
  made.variant = variant;
  made.user = user;
  return &made;
}

trail::Entry SamplePages::entry(const SampleRow& row) {
  const auto time = schemas::WrittenTime::parse(row.time);
  const auto user = schemas::Eui64::parse(row.user);
  SATINDEX_INVARIANT(time && user, "a sample row is well formed");
  trail::Entry out;
  out.own = row.own;
  out.row.time_ns = *time->event_ns();
  out.row.decimals = time->decimals;
  if (const auto device = schemas::Eui64::parse(row.device))
    out.row.device = schemas::DeviceId{*device};
  out.row.request = schemas::RequestId::parse(row.request);
  out.row.user = symbol(row.role, "", -1, {*user});
  out.row.service = symbol(row.srv, "", row.variant, {});
  out.row.device_attrs = symbol(row.device_type, row.smets_version, -1, {});
  out.row.outcome = symbol(row.event_type, row.response_code, -1, {});
  return out;
}

trail::Page SamplePages::page(int count) {
  trail::Page out;
  SampleRow row;
  for (int i = 0; i < count; ++i) {
    out.entries.push_back(entry(row));
    out.entries.back().row.time_ns -= i * schemas::kNanosPerSecond;
  }
  return out;
}

}  // namespace satindex::http

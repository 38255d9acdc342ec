#include "tests/http/sample_page.h"

namespace satindex::http {

const store::Symbol* SamplePages::symbol(store::SymbolClass cls, const std::string& bytes) {
  auto made = store::Symbol::parse(cls, bytes);
  SATINDEX_INVARIANT(made, "a sample symbol is well formed");
  return symbols_.emplace_back(std::move(*made)).get();
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
  std::string bytes;
  store::serialise_user({*user}, row.role, &bytes);
  out.row.user = symbol(store::SymbolClass::kUser, bytes);
  store::serialise_service(row.srv, row.variant, &bytes);
  out.row.service = symbol(store::SymbolClass::kService, bytes);
  store::serialise_pair(row.device_type, row.smets_version, &bytes);
  out.row.device_attrs = symbol(store::SymbolClass::kDevice, bytes);
  store::serialise_pair(row.event_type, row.response_code, &bytes);
  out.row.outcome = symbol(store::SymbolClass::kOutcome, bytes);
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

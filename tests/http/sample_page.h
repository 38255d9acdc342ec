// Pages made by hand. The symbols live as long as the SamplePages that made them.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "query/trail/query.h"

namespace satindex::http {

struct SampleRow {
  std::string time = "2026-11-20T10:15:30.123Z";
  std::string event_type = "SERVICE_REQUEST";
  std::string request = "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:1000";
  std::string srv = "4.8.1";
  std::string user = "90-B3-D5-1F-30-01-00-00";
  std::string role = "OU";
  std::string device = "00-DB-12-34-56-78-90-A0";
  std::string device_type = "ESME";
  std::string smets_version = "SMETS2";
  int variant = 1;
  std::string response_code = "I0";
  bool own = false;
};

class SamplePages {
 public:
  trail::Entry entry(const SampleRow& row);
  // `count` entries, one second apart, the newest first.
  trail::Page page(int count);

 private:
  // As a shard's dictionary would hold it.
  const store::Symbol* symbol(store::SymbolClass cls, const std::string& bytes);
  std::deque<std::unique_ptr<store::Symbol>> symbols_;
};

}  // namespace satindex::http

// What the rooms below are told, from what the operator said. Pure.
#pragma once

#include "app/settings.h"
#include "indexer/ingest/settings.h"

namespace satindex::app {

// memory_bytes 0: ingest's own default.
ingest::IngestSettings ingest_settings(const RunSettings& settings, ingest::LogSink log,
                                       size_t memory_bytes);

}  // namespace satindex::app

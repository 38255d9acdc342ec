#include "tests/support/draft.h"

namespace satindex::testing {

Draft Draft::event() {
  return Draft({
      {"eventId", quoted("0f8fad5b-d9cb-469f-a165-70867728950e")},
      {"timestamp", quoted("2026-11-20T10:15:30.123Z")},
      {"eventType", quoted("SERVICE_RESPONSE")},
      {"userId", quoted("90-B3-D5-1F-30-01-00-00")},
      {"userRole", quoted("IS")},
      {"deviceId", quoted("00-DB-12-34-56-78-90-A0")},
      {"requestId", quoted("90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:1000")},
      {"serviceReferenceVariant", quoted("4.8.1")},
      {"deviceType", quoted("ESME")},
      {"smetsVersion", quoted("SMETS2")},
      {"responseCode", quoted("I0")},
      {"commandVariant", "1"},
      {"payload", R"({"body":"QUJD","lines":[1,2,{"x":null}]})"},
  });
}

Draft Draft::ownership() {
  return Draft({
      {"deviceId", quoted("00-DB-12-34-56-78-90-A0")},
      {"relation", quoted("RESPONSIBLE_SUPPLIER")},
      {"partyId", quoted("PARTY-1")},
      {"validFrom", quoted("2024-02-29T00:00:00Z")},
      {"validTo", quoted("2025-02-28T00:00:00.5Z")},
      {"version", "7"},
      {"withdrawn", "false"},
  });
}

}  // namespace satindex::testing

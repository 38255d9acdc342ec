#include "tests/support/draft.h"

namespace satindex::testing {

Draft Draft::event() {
  return Draft({
      {"eventId", in_quotes("0f8fad5b-d9cb-469f-a165-70867728950e")},
      {"timestamp", in_quotes("2026-11-20T10:15:30.123Z")},
      {"eventType", in_quotes("SERVICE_RESPONSE")},
      {"userId", in_quotes("90-B3-D5-1F-30-01-00-00")},
      {"userRole", in_quotes("IS")},
      {"deviceId", in_quotes("00-DB-12-34-56-78-90-A0")},
      {"requestId", in_quotes("90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:1000")},
      {"serviceReferenceVariant", in_quotes("4.8.1")},
      {"deviceType", in_quotes("ESME")},
      {"smetsVersion", in_quotes("SMETS2")},
      {"responseCode", in_quotes("I0")},
      {"commandVariant", "1"},
      {"payload", R"({"body":"QUJD","lines":[1,2,{"x":null}]})"},
  });
}

Draft Draft::ownership() {
  return Draft({
      {"deviceId", in_quotes("00-DB-12-34-56-78-90-A0")},
      {"relation", in_quotes("RESPONSIBLE_SUPPLIER")},
      {"partyId", in_quotes("PARTY-1")},
      {"validFrom", in_quotes("2024-02-29T00:00:00Z")},
      {"validTo", in_quotes("2025-02-28T00:00:00.5Z")},
      {"version", "7"},
      {"withdrawn", "false"},
  });
}

}  // namespace satindex::testing

// How callers are recognised, from the settings: shared by `run`, which uses it, and `validate`,
// which only wants to know.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/settings.h"
#include "query/http/jwt_authenticator.h"
#include "schemas/status.h"

namespace satindex::app {

// The key set is followed from here on; `report` hears when it cannot be read again. kConfig names
// the setting. `metrics` may be null, else it outlives the authenticator.
schemas::Result<std::unique_ptr<http::JwtAuthenticator>> open_authenticator(
    const RunSettings& settings, http::HttpMetrics* metrics,
    std::function<void(const schemas::Status&)> report);

}  // namespace satindex::app

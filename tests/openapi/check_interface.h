// The command that asks a role all that its document in docs/openapi says (check_interface.py).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/ip.h"
#include "cpsel/metrics.h"
#include "tests/support/process.h"

namespace cats::roles {

// `plan` is a file of tests/openapi, or a path. `directory` holds authority.pem and the role's tokens.json.
inline support::Arguments check_interface(const std::string& document, const std::filesystem::path& plan,
                                          const IpAddress& address, std::uint16_t port,
                                          const std::filesystem::path& directory) {
  const std::filesystem::path sources = CATS_SOURCE_DIR;
  support::Arguments command{"/usr/bin/python3",
                             "-B",
                             (sources / "tests/openapi/check_interface.py").string(),
                             (sources / "docs/openapi" / (document + ".yaml")).string(),
                             (sources / "tests/openapi" / plan).string(),
                             address.str(),
                             std::to_string(port),
                             (directory / "authority.pem").string(),
                             (directory / "tokens.json").string(),
                             "traffic_period_s"};
  for (const cpsel::MetricInfo& metric : cpsel::metrics()) command.emplace_back(metric.name);
  return command;
}

}  // namespace cats::roles

// What the configuration of every catsd role begins with. As JSON: "node", "events": FILE, "control": SOCKET.
#pragma once

#include <filesystem>
#include <string>

#include "base/json_fields.h"

namespace cats::roles {

struct AgentConfig {
  std::string node;
  std::filesystem::path events;   // the log that is appended to
  std::filesystem::path control;  // the unix socket to listen on
};

void read_agent(JsonFields& fields, AgentConfig& config);

}  // namespace cats::roles

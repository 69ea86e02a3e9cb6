#include "emulator/roles/agent_config.h"

namespace cats::roles {

void read_agent(JsonFields& fields, AgentConfig& config) {
  config.node = fields.get<std::string>("node");
  config.events = fields.get<std::string>("events");
  config.control = fields.get<std::string>("control");
}

}  // namespace cats::roles

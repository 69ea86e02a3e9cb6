#include "emulator/roles/agent.h"

#include <csignal>
#include <sys/resource.h>

namespace cats::roles {
namespace {

// As many descriptors as the machine grants: a server bounds its connections by itself.
void raise_descriptor_limit() {
  rlimit limit{};
  check(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit RLIMIT_NOFILE");
  limit.rlim_cur = limit.rlim_max;
  check(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit RLIMIT_NOFILE {}", limit.rlim_max);
}

}  // namespace

Agent::Agent(const AgentConfig& config, std::string role)
    : node_(config.node), role_(std::move(role)), events_(config.events, node_, clock_), control_(io_, config.control) {
  raise_descriptor_limit();
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) begin_stop([] {});
  });
  control_.on("status", [this](const nlohmann::json&, control::Reply reply) { reply.ok(status()); });
  control_.on("stop", [this](const nlohmann::json&, control::Reply reply) { begin_stop([reply] { reply.ok(); }); });
}

nlohmann::ordered_json Agent::status() const {
  nlohmann::ordered_json fields = {{"node", node_}, {"role", role_}, {"resident_bytes", control::resident_bytes()}};
  if (status_) fields.update(status_());
  return fields;
}

void Agent::begin_stop(std::function<void()> stopped) {
  if (stopping_) return;
  stopping_ = true;
  const auto finish = [this, stopped = std::move(stopped)] {
    stopped();
    control_.close();
    linger_.expires_after(std::chrono::milliseconds(20));  // for the reply to leave
    linger_.async_wait([this](const boost::system::error_code&) { io_.stop(); });
  };
  if (stop_)
    stop_(finish);
  else
    finish();
}

int Agent::run() {
  io_.run();
  return 0;
}

}  // namespace cats::roles

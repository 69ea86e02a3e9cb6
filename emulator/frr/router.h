// The FRRouting daemons of one router: in the foreground, in the router's namespace, under the eyes of the runner.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "emulator/frr/vty.h"
#include "emulator/kernel/process.h"

namespace cats::frr {

// How a daemon is reached from other nodes.
struct DaemonAccess {
  std::vector<std::string> arguments = {"-P", "0"};  // no VTY over TCP
  std::vector<std::uint16_t> ports = {};             // TCP, that it listens on once it is ready
};

struct RouterOptions {
  std::string name;
  const kernel::Namespace* ns = nullptr;
  const kernel::Cgroup* cgroup = nullptr;
  std::filesystem::path directory;  // sockets, configuration and pid files; made, for root and the user frr alone
  std::filesystem::path logs;       // <logs>/<name>.<daemon>.log
  // Daemon → its configuration. Always with zebra, which starts first.
  std::map<std::string, std::string> configurations;
  std::map<std::string, DaemonAccess> access = {};  // of those that other nodes reach
  bool die_with_parent = true;
};

class Router {
 public:
  // Writes the configuration. Throws SystemError; UsageError when FRR is not installed.
  explicit Router(RouterOptions options);

  const std::string& name() const { return options_.name; }

  // zebra first, and the others once it is ready: one that starts earlier learns its interfaces 10 s later.
  void start(const std::string& daemon);
  // Answers on its VTY socket and listens on its TCP ports; zebra also serves its clients.
  bool ready(const std::string& daemon) const;
  // Throws MeasurementError when it ended or is not ready by the deadline, with the last line of its log.
  void wait_ready(const std::string& daemon, Instant deadline);
  // The first daemon that has ended: "bgpd of r1: exit status 1", else "".
  std::string dead_daemon();

  Expected<std::string> show(const std::string& daemon, const std::string& command) const;
  Expected<nlohmann::json> show_json(const std::string& daemon, const std::string& command) const;

  void release();  // the daemons live on
  // SIGKILL to all, zebra first, so that no route leaves the kernel. start() begins anew, with the same configuration.
  void stop();

 private:
  std::filesystem::path socket(const std::string& daemon) const { return options_.directory / (daemon + ".vty"); }
  std::filesystem::path log(const std::string& daemon) const;

  RouterOptions options_;
  std::map<std::string, kernel::Process> daemons_;
};

// Debian's FRR version ("8.4.4"); empty when not installed.
std::string installed_version();

}  // namespace cats::frr

// The FRRouting daemons of one router: in the foreground, in the router's namespace, under the eyes of the runner.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "emulator/frr/vty.h"
#include "emulator/kernel/process.h"

namespace cats::frr {

struct RouterOptions {
  std::string name;
  const kernel::Namespace* ns = nullptr;
  const kernel::Cgroup* cgroup = nullptr;
  std::filesystem::path directory;  // sockets, configuration and pid files; made, and given to the user frr
  std::filesystem::path logs;       // <logs>/<name>.<daemon>.log
  // Daemon → its configuration. Always with zebra, which starts first.
  std::map<std::string, std::string> configurations;
  bool die_with_parent = true;
};

class Router {
 public:
  // Writes the configuration. Throws SystemError; UsageError when FRR is not installed.
  explicit Router(RouterOptions options);

  const std::string& name() const { return options_.name; }

  // zebra first; the others once zebra serves its clients (one that starts earlier learns its interfaces 10 s later).
  void start_zebra();
  bool zebra_ready() const;
  void start_others();
  // Every daemon answers on its VTY.
  bool answers() const;
  // The first daemon that has ended: "bgpd of r1: exit status 1", else "".
  std::string dead_daemon();

  Expected<std::string> show(const std::string& daemon, const std::string& command) const;
  Expected<nlohmann::json> show_json(const std::string& daemon, const std::string& command) const;

  void release();  // the daemons live on
  void stop();     // SIGKILL: the namespace goes anyway

 private:
  void start(const std::string& daemon);
  std::filesystem::path socket(const std::string& daemon) const { return options_.directory / (daemon + ".vty"); }

  RouterOptions options_;
  std::map<std::string, kernel::Process> daemons_;
};

// Starts all of them, zebras in parallel, and returns when every daemon answers. Throws MeasurementError naming the
// daemon that did not by the deadline, or that ended, with the last line of its log.
void start(std::vector<Router>& routers, Duration deadline = std::chrono::seconds(30));

// Debian's FRR version ("8.4.4"); empty when not installed.
std::string installed_version();

}  // namespace cats::frr

#include "emulator/frr/router.h"

#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <sstream>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"

namespace cats::frr {
namespace {

constexpr const char* kDaemonDirectory = "/usr/lib/frr";

// FRR's daemons drop to this user and create their sockets as it.
void give_to_frr(const std::filesystem::path& path) {
  const passwd* user = ::getpwnam("frr");
  if (user == nullptr) throw UsageError("FRRouting is not installed (no user \"frr\"): apt-get install frr");
  check(::chown(path.c_str(), user->pw_uid, user->pw_gid), "chown {} to frr", path.string());
}

std::string last_line(const std::filesystem::path& log) {
  std::string text;
  try {
    text = read_file(log);
  } catch (const SystemError& error) {
    return error.what();
  }
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.find_last_of('\n') + 1);
}

// Of a process' network namespace: "0: ADDRESS:PORT REMOTE STATE …", in hexadecimal.
bool listens(pid_t process, std::uint16_t port) {
  constexpr const char* kListening = "0A";
  const std::string local_port = fmt::format(":{:04X}", port);
  for (const char* table : {"tcp", "tcp6"}) {
    std::ifstream sockets(fmt::format("/proc/{}/net/{}", process, table));
    for (std::string line; std::getline(sockets, line);) {
      std::istringstream fields(line);
      std::string number, local, remote, state;
      if (fields >> number >> local >> remote >> state && state == kListening && local.ends_with(local_port))
        return true;
    }
  }
  return false;
}

}  // namespace

Router::Router(RouterOptions options) : options_(std::move(options)) {
  std::filesystem::create_directories(options_.directory);
  std::filesystem::permissions(options_.directory, std::filesystem::perms::owner_all);  // passwords of VTYs
  give_to_frr(options_.directory);
  for (const auto& [daemon, configuration] : options_.configurations) {
    const auto file = options_.directory / (daemon + ".conf");
    write_file(file, configuration);
    give_to_frr(file);
  }
}

std::filesystem::path Router::log(const std::string& daemon) const {
  return options_.logs / fmt::format("{}.{}.log", options_.name, daemon);
}

void Router::start(const std::string& daemon) {
  const auto program = std::filesystem::path(kDaemonDirectory) / daemon;
  if (!std::filesystem::exists(program))
    throw UsageError(fmt::format("FRRouting's {} is not at {}: apt-get install frr", daemon, program.string()));
  const auto& directory = options_.directory;
  kernel::SpawnOptions spawn;
  spawn.argv = {program.string(),
                "-i",
                directory / (daemon + ".pid"),
                "-z",
                directory / "zserv.api",
                "--vty_socket",
                directory,
                "-f",
                directory / (daemon + ".conf"),
                "--log",
                "stdout"};
  const auto access = options_.access.find(daemon);
  const DaemonAccess more = access == options_.access.end() ? DaemonAccess() : access->second;
  spawn.argv.insert(spawn.argv.end(), more.arguments.begin(), more.arguments.end());
  // A changed IPv6 route takes the old one's place. Otherwise zebra removes it first, at every BGP update of a CS-ID,
  // and packets that come between are answered "no route".
  if (daemon == "zebra") spawn.argv.emplace_back("--v6-rr-semantics");
  if (daemon == "bgpd") spawn.argv.insert(spawn.argv.end(), {"-M", "bmp"});
  spawn.ns = options_.ns;
  if (options_.cgroup != nullptr) spawn.cgroups = {options_.cgroup};
  spawn.stdout_file = log(daemon);
  spawn.working_directory = directory;
  spawn.own_mount_namespace = true;
  spawn.die_with_parent = options_.die_with_parent;
  daemons_[daemon] = kernel::spawn(spawn);
}

bool Router::ready(const std::string& daemon) const {
  if (daemon == "zebra" && !accepts(options_.directory / "zserv.api")) return false;
  if (const auto access = options_.access.find(daemon); access != options_.access.end())
    for (const std::uint16_t port : access->second.ports)
      if (!listens(daemons_.at(daemon).pid(), port)) return false;
  return ask(socket(daemon), "show version").has_value();
}

void Router::wait_ready(const std::string& daemon, Instant deadline) {
  while (!ready(daemon)) {
    if (const std::string dead = dead_daemon(); !dead.empty()) throw MeasurementError(dead);
    if (MonotonicClock().now() > deadline)
      throw MeasurementError(fmt::format("{} of {} does not answer: {}", daemon, name(), last_line(log(daemon))));
    throw_if_interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string Router::dead_daemon() {
  for (auto& [daemon, process] : daemons_)
    if (!process.running())
      return fmt::format("{} of {}: {}: {}", daemon, name(), process.wait().str(), last_line(log(daemon)));
  return "";
}

Expected<std::string> Router::show(const std::string& daemon, const std::string& command) const {
  return ask(socket(daemon), command);
}

Expected<nlohmann::json> Router::show_json(const std::string& daemon, const std::string& command) const {
  return ask_json(socket(daemon), command);
}

void Router::release() {
  for (auto& [daemon, process] : daemons_) process.release();
}

void Router::stop() {
  // A zebra that lives takes the routes of a daemon that ends out of the kernel.
  daemons_.erase("zebra");
  daemons_.clear();
}

std::string installed_version() {
  const auto program = std::filesystem::path(kDaemonDirectory) / "zebra";
  if (!std::filesystem::exists(program)) return "";
  const std::string text = kernel::run_program({program.string(), "--version"}).out;  // "zebra version 8.4.4"
  const std::size_t start = text.find("version ");
  if (start == std::string::npos) return "";
  const std::size_t from = start + std::string_view("version ").size();
  return text.substr(from, text.find_first_of(" \n", from) - from);
}

}  // namespace cats::frr

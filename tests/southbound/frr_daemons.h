// zebra and staticd of a router in a namespace, as the drivers for FRR expect them: zebra's VTY over TCP, and
// staticd's, or its gRPC server.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/file.h"
#include "emulator/frr/vty.h"
#include "emulator/roles/southbound_frr.h"
#include "tests/support/namespace.h"
#include "tests/support/needs.h"
#include "tests/support/process.h"
#include "tests/support/wait_until.h"

namespace cats::roles {

inline constexpr std::uint16_t kZebraPort = 2601;
inline constexpr std::uint16_t kStaticdPort = 2616;
inline constexpr std::uint16_t kGrpcPort = 50051;
inline const std::string kVtyPassword = "sesame7";
inline constexpr int kMostNextHops = 2;  // of a route, as zebra is told

class FrrDaemons {
 public:
  // The user frr must be able to enter `directory`.
  FrrDaemons(support::ScopedNamespace& ns, std::filesystem::path directory, const IpAddress& address, bool grpc)
      : ns_(ns), directory_(std::move(directory)), address_(address.str()), grpc_(grpc) {
    std::filesystem::create_directories(directory_);
    for (const char* daemon : {"zebra", "staticd"})
      write_file(directory_ / (std::string(daemon) + ".conf"),
                 fmt::format("hostname r1\npassword {0}\nenable password {0}\n", kVtyPassword));
    if (!support::run({"chown", "-R", "frr:frr", directory_.string()}))
      throw std::runtime_error("the directory could not be given to frr");
    start_zebra();
    start_staticd();
  }

  void restart() {
    staticd_.kill();
    zebra_.kill();
    start_zebra();
    start_staticd();
  }
  void restart_staticd() {
    staticd_.kill();
    start_staticd();
  }
  void stop_staticd() { staticd_.kill(); }

 private:
  support::Arguments command(const std::string& daemon, std::uint16_t port) const {
    const auto file = [&](const std::string& suffix) { return (directory_ / (daemon + suffix)).string(); };
    return ns_.inside({support::program_path(daemon), "-i", file(".pid"), "-f", file(".conf"), "-z",
                       (directory_ / "zserv.api").string(), "--vty_socket", directory_.string(), "-A", address_, "-P",
                       std::to_string(port), "--log", "stdout"});
  }
  void start_zebra() {
    support::Arguments arguments = command("zebra", kZebraPort);
    arguments.insert(arguments.end(), {"--v6-rr-semantics", "-e", std::to_string(kMostNextHops)});
    zebra_ = support::ScopedProcess(arguments, directory_ / "zebra.log");
    wait("zebra", [this] { return frr::accepts(directory_ / "zserv.api"); });
  }
  void start_staticd() {
    support::Arguments arguments = command("staticd", grpc_ ? 0 : kStaticdPort);
    if (grpc_) arguments.insert(arguments.end(), {"-M", fmt::format("{}:{}", frr_grpc_module().string(), kGrpcPort)});
    staticd_ = support::ScopedProcess(arguments, directory_ / "staticd.log");
    wait("staticd", [this] { return frr::ask(directory_ / "staticd.vty", "show version").has_value(); });
  }
  template <class Ready>
  void wait(const std::string& daemon, Ready ready) const {
    if (!support::wait_for(std::chrono::seconds(10), ready))
      throw std::runtime_error(daemon + " does not answer: " + read_file(directory_ / (daemon + ".log")));
  }

  support::ScopedNamespace& ns_;
  std::filesystem::path directory_;
  std::string address_;
  bool grpc_;
  support::ScopedProcess zebra_, staticd_;
};

}  // namespace cats::roles

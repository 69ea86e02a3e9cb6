// One other BGP implementation in a namespace of its own, behind a veth; our speakers live in the namespace of the
// test.
#pragma once

#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/bgp_speaker/session_fixture.h"
#include "tests/bgp_speaker/speaker_fixture.h"
#include "tests/support/namespace.h"
#include "tests/support/needs.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace cats::bgp::test {

using support::Arguments;

// Their side is ::2 and .2, AS 65000. Ours are ::11…::19 (and ::1), AS 65101 by default.
inline const IpAddress their_address = IpAddress::of("2001:2:0:1::2");
inline const std::string instance_v6 = "2001:2:0:1::101";
inline const std::string instance_v4 = "198.18.1.101";
inline const std::string service_v6 = "2001:2:0:c5::1/128";
inline const std::string service_v4 = "198.18.197.1/32";

struct InteropTest : ::testing::Test {
  void SetUp() override {
    CATS_NEEDS_ROOT();
    ours.emplace("our");
    theirs.emplace("peer");
    ours->ip_inside({"link", "add", "dev", "up0", "type", "veth", "peer", "name", "down0", "netns", theirs->name()});
    ours->ip_inside({"link", "set", "dev", "up0", "up"});
    theirs->ip_inside({"link", "set", "dev", "down0", "up"});
    for (const char* end : {"1", "11", "12", "13"}) {
      ours->ip_inside({"address", "add", std::string("2001:2:0:1::") + end + "/64", "dev", "up0", "nodad"});
    }
    ours->ip_inside({"address", "add", "198.18.1.1/24", "dev", "up0"});
    theirs->ip_inside({"address", "add", "2001:2:0:1::2/64", "dev", "down0", "nodad"});
    theirs->ip_inside({"address", "add", "198.18.1.2/24", "dev", "down0"});
    ours->enter();
    // Their daemons may give up their rights before they open their files.
    std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  }

  void TearDown() override {
    capture.stop();
    daemon.stop();
    if (HasFailure()) {
      std::ifstream log(directory / "daemon.log");
      std::cerr << "---- the daemon's output\n" << log.rdbuf() << '\n';
    }
    if (ours) {
      ours->leave();
    }
  }

  // Writes `config` to a file of that name and starts the command in their namespace.
  void start_daemon(const std::string& file, const std::string& config, const Arguments& command) {
    write_file(directory / file, config);
    std::filesystem::permissions(directory / file, std::filesystem::perms::all);
    daemon = support::ScopedProcess(theirs->inside(command), directory / "daemon.log");
  }

  std::string ask(const Arguments& command) { return support::run(theirs->inside(command)).output; }

  // Asks until the answer has (or has not) `text`; the io_context runs meanwhile.
  ::testing::AssertionResult answers(const Arguments& question, const std::string& text, bool wanted = true) {
    std::string answer;
    const bool met = run_until(io, 10s, [&] {
      io.restart();
      io.run_for(50ms);
      answer = ask(question);
      return (answer.find(text) != std::string::npos) == wanted;
    });
    return met ? ::testing::AssertionSuccess()
               : ::testing::AssertionFailure() << (wanted ? "no '" : "still '") << text << "' in: " << answer;
  }

  static SpeakerConfig speaker_config(const std::string& local = "2001:2:0:1::11") {
    SpeakerConfig config;
    config.session = session_config();
    config.peer_address = their_address;
    config.local_address = IpAddress::of(local);
    return config;
  }

  void start_capture() {
    capture = support::ScopedProcess(
        {"tcpdump", "-i", "up0", "--immediate-mode", "-U", "-w", (directory / "bgp.pcap").string(), "tcp"},
        directory / "tcpdump.log");
    ASSERT_TRUE(support::wait_for(5s, [&] {
      return std::filesystem::exists(directory / "tcpdump.log") &&
             read_file(directory / "tcpdump.log").find("listening on") != std::string::npos;
    }));
  }

  // What tshark has to complain about in the BGP of the capture; empty is good.
  std::string malformed() {
    io.restart();
    io.run_for(200ms);
    capture.stop();
    if (tshark("bgp.type == 2", false).empty()) {
      return "no UPDATE in the capture";
    }
    return tshark("_ws.malformed || (bgp && _ws.expert.severity >= 0x00800000)", true);
  }

  std::string tshark(const std::string& filter, bool in_detail) {
    Arguments command = {"tshark", "-r", (directory / "bgp.pcap").string(), "-Y", filter};
    if (in_detail) {
      command.emplace_back("-V");
    }
    const auto result = support::run(command);
    std::string text;
    std::istringstream lines(result.output);
    for (std::string line; std::getline(lines, line);) {
      text += line.rfind("Running as user", 0) == 0 ? "" : line + "\n";
    }
    return result.status == 0 ? text : "tshark failed: " + result.output;
  }

  support::TemporaryDirectory directory;
  std::optional<support::ScopedNamespace> ours, theirs;
  support::ScopedProcess daemon, capture;
  boost::asio::io_context io;
};

inline Update service_announcement_v6(std::uint32_t preference, std::uint32_t as = our_as,
                                      const std::string& next_hop = instance_v6) {
  Update update;
  update.mp_reach = MpReach{ipv6_unicast, IpAddress::of(next_hop), {}, {{IpPrefix::of(service_v6), 0}}, {}, {}};
  update.attributes.origin = Origin::igp;
  update.attributes.as_path = AsPath::sequence({as});
  update.attributes.edge_metadata = CarriedEdgeMetadata{
      EdgeMetadata{{SitePreference{preference, 0}, CatsStamp{preference, 0x1122334455667788, 0}}}, 0};
  return update;
}

inline Update service_announcement_v4(std::uint32_t preference) {
  Update update = service_announcement_v6(preference);
  update.mp_reach.reset();
  update.nlri = {{IpPrefix::of(service_v4), 0}};
  update.attributes.next_hop = IpAddress::of(instance_v4);
  return update;
}

inline Update service_withdrawal_v6() {
  Update update;
  update.mp_unreach = MpUnreach{ipv6_unicast, {{IpPrefix::of(service_v6), 0}}, {}};
  return update;
}

inline Update service_withdrawal_v4() {
  Update update;
  update.withdrawn = {{IpPrefix::of(service_v4), 0}};
  return update;
}

}  // namespace cats::bgp::test

// How fast one FRR takes UPDATEs from our speaker, and what comes out behind it. Needs root and FRR.
//
//   bgp_inject [UPDATES]      default 200000
//
// An injector (AS 65101) and an observer (AS 65102) hold eBGP sessions with one fresh bgpd per case, in a namespace of
// its own, over a veth. Every UPDATE has one IPv6 prefix and an attribute 42 of its own. Time starts with the first
// write. "read" ends when no octet waits in the injector's or bgpd's sockets; "consumed" when bgpd's own counter
// (updatesRecv in `show bgp neighbors json`) has counted the last one; both are looked at every 10 ms. "delivered" is
// the share of the changes that the observer got, until it heard nothing for a second. "bgpd CPU" is the processor time
// of its main thread until then: UPDATEs per second of it are FRR's ceiling, also on a machine that has other work.
#include <atomic>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fmt/core.h>

#include "base/file.h"
#include "bgp/speaker.h"
#include "emulator/frr/vty.h"
#include "tests/support/namespace.h"
#include "tests/support/needs.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace {

using namespace cats;
using namespace cats::bgp;
using namespace std::chrono_literals;

const std::string router_address = "2001:2:0:1::2", injector_address = "2001:2:0:1::11",
                  observer_address = "2001:2:0:1::12";
constexpr std::size_t chunk_octets = 256 * 1024;
constexpr auto look_every = 10ms;
constexpr auto case_limit = 120s;

Instant now() { return std::chrono::steady_clock::now(); }

struct Case {
  std::string name;
  std::size_t prefixes = 0;
  bool encoded_before = true;
};

struct Outcome {
  Duration handed{0}, read{0}, consumed{0};
  std::size_t delivered = 0;
  double router_cpu_s = 0;
};

Update update_number(std::size_t n, std::size_t prefixes) {
  Update update;
  update.mp_reach = MpReach{ipv6_unicast, IpAddress::of("2001:2:0:1::101"), {}, {}, {}, {}};
  update.mp_reach->nlri = {{IpPrefix::host(IpAddress::of("2001:2:0:c5::").plus(n % prefixes)), 0}};
  update.attributes.origin = Origin::igp;
  update.attributes.as_path = AsPath::sequence({65101});
  const CatsStamp stamp{static_cast<std::uint32_t>(n), 0x0102030405060708, 0};
  update.attributes.edge_metadata = CarriedEdgeMetadata{EdgeMetadata{{SitePreference{7, 0}, stamp}}, 0};
  return update;
}

// Octets that wait in the TCP sockets of a process's namespace, as the kernel lists them.
std::size_t waiting_octets(const std::string& process, bool to_send) {
  std::ifstream table("/proc/" + process + "/net/tcp6");
  std::size_t sum = 0;
  std::string line, slot, local, remote, state, queues;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream(line) >> slot >> local >> remote >> state >> queues;
    if (state == "01") {  // established
      sum += std::stoul(to_send ? queues.substr(0, 8) : queues.substr(9, 8), nullptr, 16);
    }
  }
  return sum;
}

// Processor time of a process's main thread.
double cpu_seconds(const std::string& process) {
  std::ifstream stat("/proc/" + process + "/task/" + process + "/stat");
  std::string skipped;
  std::getline(stat, skipped, ')');
  for (int field = 3; field < 14; ++field) {
    stat >> skipped;
  }
  double user = 0, system = 0;
  stat >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// Two namespaces, a veth, one bgpd.
class Lab {
 public:
  Lab() : ours_("inject"), theirs_("router") {
    ours_.ip_inside({"link", "add", "dev", "up0", "type", "veth", "peer", "name", "down0", "netns", theirs_.name()});
    ours_.ip_inside({"link", "set", "dev", "up0", "up"});
    theirs_.ip_inside({"link", "set", "dev", "down0", "up"});
    for (const std::string& address : {injector_address, observer_address}) {
      ours_.ip_inside({"address", "add", address + "/64", "dev", "up0", "nodad"});
    }
    theirs_.ip_inside({"address", "add", router_address + "/64", "dev", "down0", "nodad"});
    write_file(directory_ / "bgpd.conf", configuration());
    bgpd_ = support::ScopedProcess(
        theirs_.inside({support::program_path("bgpd"), "-S", "-n", "-Z", "-f", (directory_ / "bgpd.conf").string(),
                        "--vty_socket", directory_.path().string(), "-i", (directory_ / "bgpd.pid").string(), "-P",
                        "0"}),
        directory_ / "bgpd.log");
    ours_.enter();
  }

  std::string bgpd() const { return std::to_string(bgpd_.pid()); }

  // UPDATEs that bgpd counts from the injector.
  std::size_t updates_received() const {
    const auto answer = frr::ask_json(directory_ / "bgpd.vty", "show bgp neighbors " + injector_address + " json", 30s);
    return answer ? answer->at(injector_address).at("messageStats").at("updatesRecv").get<std::size_t>() : 0;
  }

 private:
  static std::string configuration() {
    std::string text =
        "router bgp 65000\n bgp router-id 198.18.0.2\n no bgp ebgp-requires-policy\n"
        " no bgp default ipv4-unicast\n";
    int as = 65101;
    for (const std::string& address : {injector_address, observer_address}) {
      text += fmt::format(" neighbor {0} remote-as {1}\n neighbor {0} passive\n", address, as++);
    }
    text += " address-family ipv6 unicast\n";
    for (const std::string& address : {injector_address, observer_address}) {
      text += fmt::format("  neighbor {} activate\n", address);
    }
    return text + " exit-address-family\n";
  }

  support::TemporaryDirectory directory_;
  support::ScopedNamespace ours_, theirs_;
  support::ScopedProcess bgpd_;
};

SpeakerConfig config(const std::string& address, std::uint32_t as) {
  SpeakerConfig result;
  result.session.local_as = as;
  result.session.peer_as = 65000;
  result.session.router_id = IpAddress::of("198.18.0.1").plus(as);
  result.session.families = {ipv6_unicast};
  result.session.hold_time = 90s;
  result.peer_address = IpAddress::of(router_address);
  result.local_address = IpAddress::of(address);
  return result;
}

// Feeds a speaker a quarter megabyte at a time, so that it never queues more than that.
class Injector {
 public:
  Injector(boost::asio::io_context& io, const Case& work, std::size_t updates)
      : work_(work), updates_(updates), speaker_(io, config(injector_address, 65101), callbacks()) {
    speaker_.start();
  }

  bool established() const { return speaker_.state() == SessionState::established; }
  bool handed_over() const { return next_ == updates_ && speaker_.queued_octets() == 0; }

  void encode() {
    for (std::size_t n = 0; work_.encoded_before && n < updates_; ++n) {
      if (chunks_.empty() || chunks_.back().octets.size() >= chunk_octets) {
        chunks_.push_back({});
      }
      if (!encode_update(update_number(n, work_.prefixes), *speaker_.parameters(), chunks_.back().octets)) {
        throw std::runtime_error("UPDATE does not encode");
      }
      ++chunks_.back().updates;
    }
  }

  void go_on() {
    while (next_ < updates_ && speaker_.queued_octets() == 0) {
      const auto sent = work_.encoded_before ? speaker_.send_encoded(chunks_[chunk_].octets)
                                             : speaker_.send(update_number(next_, work_.prefixes));
      if (!sent) {
        throw std::runtime_error("send: " + sent.error().message);
      }
      next_ += work_.encoded_before ? chunks_[chunk_++].updates : 1;
    }
  }

 private:
  struct Chunk {
    Bytes octets;
    std::size_t updates = 0;
  };

  SpeakerCallbacks callbacks() {
    SpeakerCallbacks all;
    all.on_drained = [this] { go_on(); };
    return all;
  }

  const Case& work_;
  std::size_t updates_;
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0, next_ = 0;
  Speaker speaker_;
};

template <class Predicate>
void run_until(boost::asio::io_context& io, const char* what, Predicate&& predicate) {
  for (const Instant limit = now() + case_limit; !predicate();) {
    if (now() > limit) {
      throw std::runtime_error(fmt::format("not within {} s: {}", case_limit.count(), what));
    }
    io.restart();
    io.run_one_for(5ms);
  }
}

Outcome measure(const Case& work, std::size_t updates) {
  Lab lab;
  boost::asio::io_context io;
  Outcome outcome;
  Instant last_heard;
  SpeakerCallbacks listening;
  listening.on_update = [&](Instant received, const DecodedUpdate& decoded, ByteView) {
    outcome.delivered += route_changes(decoded).announced.size();
    last_heard = received;
  };
  Speaker observer(io, config(observer_address, 65102), listening);
  observer.start();
  Injector injector(io, work, updates);
  run_until(io, "sessions", [&] { return injector.established() && observer.state() == SessionState::established; });
  injector.encode();

  const double cpu_before = cpu_seconds(lab.bgpd());
  const Instant start = now();
  std::atomic<std::int64_t> handed_ns = 0;
  std::atomic<bool> consumed = false;
  std::jthread looking([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && !consumed) {
      std::this_thread::sleep_for(look_every);
      if (outcome.read == Duration(0) && handed_ns > 0 && waiting_octets("thread-self", true) == 0 &&
          waiting_octets(lab.bgpd(), false) == 0) {
        outcome.read = now() - start;
      }
      if (lab.updates_received() >= updates) {
        outcome.consumed = now() - start;
        outcome.router_cpu_s = cpu_seconds(lab.bgpd()) - cpu_before;
        consumed = true;
      }
    }
  });
  injector.go_on();
  run_until(io, "handing the last octet to the kernel", [&] { return injector.handed_over(); });
  outcome.handed = now() - start;
  handed_ns = outcome.handed.count();
  run_until(io, "bgpd counting every UPDATE", [&] { return consumed.load(); });
  last_heard = std::max(last_heard, now());
  run_until(io, "silence behind bgpd", [&] { return now() - last_heard > 1s; });
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t updates = argc > 1 ? std::stoul(argv[1]) : 200'000;
  for (const std::string& reason : {support::missing_root(), support::missing_program("bgpd")}) {
    if (!reason.empty()) {
      fmt::print(stderr, "bgp_inject {}\n", reason);
      return 2;
    }
  }
  fmt::print("{} UPDATEs into one bgpd, one IPv6 prefix and attribute 42 each\n", updates);
  fmt::print("{:42} {:>9} {:>9} {:>9} {:>12} {:>6} {:>11} {:>9}\n", "", "handed s", "read s", "consumed s", "UPDATEs/s",
             "ratio", "bgpd CPU s", "delivered");
  double first = 0;
  for (const Case& work : {Case{"encoded before, all prefixes different", updates, true},
                           Case{"encoded before, 1000 prefixes", 1000, true}, Case{"encoded before, 1 prefix", 1, true},
                           Case{"built and encoded as sent, 1000 prefixes", 1000, false}}) {
    const Outcome outcome = measure(work, updates);
    const double rate = static_cast<double>(updates) / to_seconds(outcome.consumed);
    first = first == 0 ? rate : first;
    fmt::print("{:42} {:9.2f} {:9.2f} {:10.2f} {:12.0f} {:6.2f} {:11.2f} {:8.1f}%\n", work.name,
               to_seconds(outcome.handed), to_seconds(outcome.read), to_seconds(outcome.consumed), rate, rate / first,
               outcome.router_cpu_s, 100.0 * static_cast<double>(outcome.delivered) / static_cast<double>(updates));
  }
  return 0;
}

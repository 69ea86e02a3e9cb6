// Bring-up of a line of nodes with one link per edge and addresses: over netlink as catsbench does it, beside `ip
// -batch`, alternating in one run. "up": namespaces, loopback, links and addresses acknowledged. "running": and every
// link carries packets. "down": until the last namespace's links are gone from the kernel, not only its name.
//   bring_up [NODES] [ROUNDS]
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "emulator/kernel/leftovers.h"
#include "emulator/kernel/namespace.h"
#include "emulator/kernel/netlink.h"
#include "emulator/kernel/process.h"

namespace {

using namespace cats;
using namespace cats::kernel;

constexpr int kEast = 2;
constexpr int kWest = 3;

struct Times {
  Duration up{};
  Duration running{};
  Duration down{};
};

std::string node_name(int i) { return namespace_name(fmt::format("b{}", ::getpid() % 1000000), fmt::format("n{}", i)); }
IpPrefix loopback(int i) { return {IpAddress::of("2001:2:0:ffff::").plus(static_cast<std::uint64_t>(i)), 128}; }
IpPrefix on_link(int link, int end) {
  return {IpAddress::of(fmt::format("2001:2:0:{:x}::", link)).plus(static_cast<std::uint64_t>(end)), 64};
}

Duration timed(const std::function<void()>& action) {
  const MonotonicClock clock;
  const Instant start = clock.now();
  action();
  return clock.now() - start;
}

// Node i has "east" towards node i+1 and "west" towards node i−1.
std::vector<std::string> devices(int i, int nodes) {
  std::vector<std::string> devs;
  if (i + 1 < nodes) {
    devs.emplace_back("east");
  }
  if (i > 0) {
    devs.emplace_back("west");
  }
  return devs;
}

void wait_all_running(int nodes) {
  const Instant deadline = MonotonicClock().now() + std::chrono::seconds(20);
  for (int i = 0; i < nodes; ++i) {
    Netlink(Namespace::open(node_name(i))).wait_running(devices(i, nodes), deadline);
  }
}

// A link from the last node to a namespace outside: seen from there, it disappears when the node's network really does.
class Observer {
 public:
  explicit Observer(int nodes) : ns_(Namespace::anonymous("observer")), netlink_(ns_) {
    const Namespace last = Namespace::open(node_name(nodes - 1));
    netlink_.add_veth({ns_, "watch"}, {last, "watched"});
  }
  void wait_until_gone() {
    const auto there = [&] {
      const std::vector<Link> links = netlink_.links();
      return std::any_of(links.begin(), links.end(), [](const Link& link) { return link.name == "watch"; });
    };
    while (there()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

 private:
  Namespace ns_;
  Netlink netlink_;
};

Times over_netlink(int nodes) {
  std::vector<Namespace> line;
  Times times;
  times.up = timed([&] {
    for (int i = 0; i < nodes; ++i) {
      line.push_back(Namespace::create(node_name(i)));
    }
    for (int i = 0; i < nodes; ++i) {
      const auto at = static_cast<std::size_t>(i);
      Netlink netlink(line[at]);
      netlink.know_link("east", kEast);
      netlink.know_link("west", kWest);
      netlink.batch([&] {
        netlink.set_up("lo");
        netlink.add_address("lo", loopback(i));
        if (i + 1 < nodes) {
          netlink.add_veth({line[at], "east", kEast}, {line[at + 1], "west", kWest});
          netlink.add_address("east", on_link(i, 1));
          netlink.set_up("east");
        }
        if (i > 0) {
          netlink.add_address("west", on_link(i - 1, 2));
          netlink.set_up("west");
        }
      });
    }
  });
  times.running = times.up + timed([&] { wait_all_running(nodes); });
  Observer observer(nodes);
  times.down = timed([&] {
    remove_together(std::move(line));
    observer.wait_until_gone();
  });
  return times;
}

void ip_batch(const std::string& commands, const std::optional<std::string>& node = std::nullopt) {
  std::vector<std::string> argv{"ip"};
  if (node) {
    argv.insert(argv.end(), {"-n", *node});
  }
  argv.insert(argv.end(), {"-batch", "-"});
  const Output output = run_program(argv, commands);
  if (!output.status.success()) {
    throw UsageError(fmt::format("ip -batch: {}: {}", output.status.str(), output.err));
  }
}

Times over_ip_batch(int nodes) {
  Times times;
  times.up = timed([&] {
    std::string namespaces;
    std::string links;
    for (int i = 0; i < nodes; ++i) {
      namespaces += fmt::format("netns add {}\n", node_name(i));
      if (i + 1 < nodes) {
        links += fmt::format("link add dev east netns {} type veth peer name west netns {}\n", node_name(i),
                             node_name(i + 1));
      }
    }
    ip_batch(namespaces);
    ip_batch(links);
    for (int i = 0; i < nodes; ++i) {
      std::string inside = fmt::format("link set dev lo up\naddress add {} dev lo nodad\n", loopback(i));
      if (i + 1 < nodes) {
        inside += fmt::format("address add {} dev east nodad\nlink set dev east up\n", on_link(i, 1));
      }
      if (i > 0) {
        inside += fmt::format("address add {} dev west nodad\nlink set dev west up\n", on_link(i - 1, 2));
      }
      ip_batch(inside, node_name(i));
    }
  });
  times.running = times.up + timed([&] { wait_all_running(nodes); });
  Observer observer(nodes);
  times.down = timed([&] {
    std::string removal;
    for (int i = 0; i < nodes; ++i) {
      removal += fmt::format("netns delete {}\n", node_name(i));
    }
    ip_batch(removal);
    observer.wait_until_gone();
  });
  return times;
}

// Sorted, milliseconds.
std::vector<double> figures(const std::vector<Times>& all, Duration Times::*which) {
  std::vector<double> values;
  for (const Times& times : all) {
    values.push_back(to_ms(times.*which));
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  const int nodes = argc > 1 ? std::atoi(argv[1]) : 200;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  try {
    if (nodes < 2 || rounds < 1) {
      throw UsageError("usage: bring_up [NODES ≥ 2] [ROUNDS ≥ 1]");
    }
    std::vector<Times> ours;
    std::vector<Times> theirs;
    for (int round = 0; round < rounds; ++round) {
      ours.push_back(over_netlink(nodes));
      theirs.push_back(over_ip_batch(nodes));
    }
    fmt::print("{} nodes in a line, {} links, {} rounds: median (best), milliseconds\n", nodes, nodes - 1, rounds);
    fmt::print("{:10}{:>20}{:>20}{:>10}\n", "", "netlink", "ip -batch", "ratio");
    for (const auto& [name, which] :
         {std::pair{"up", &Times::up}, {"running", &Times::running}, {"down", &Times::down}}) {
      const std::vector<double> a = figures(ours, which);
      const std::vector<double> b = figures(theirs, which);
      const std::size_t middle = a.size() / 2;
      fmt::print("{:10}{:>11.1f} ({:6.1f}){:>11.1f} ({:6.1f}){:>10.1f}\n", name, a[middle], a[0], b[middle], b[0],
                 b[middle] / a[middle]);
    }
  } catch (const std::exception& error) {
    (void)remove_run(fmt::format("b{}", ::getpid() % 1000000));
    fmt::print(stderr, "bring_up: {}\n", error.what());
    return 2;
  }
  return 0;
}

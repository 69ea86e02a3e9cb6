// Decision → committed: how long a change of the flow table's slots takes, from the new weights to the kernel's
// acknowledgement, over netlink as catsbench does it and with an `nft` process.
//   flow_table_commit [CHANGES]
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/error.h"
#include "cpsel/slots.h"
#include "emulator/kernel/flow_table.h"
#include "emulator/kernel/process.h"

namespace {

using namespace cats;
using namespace cats::kernel;

std::vector<std::uint32_t> marks_for(int round) {
  const double a = 1 + round * 7 % 13;
  const double b = 1 + round * 5 % 11;
  std::vector<std::uint32_t> marks;
  for (const auto& slot : cpsel::smooth_slots(std::vector<double>{a, b, 6}, kSlots)) {
    marks.push_back(slot ? static_cast<std::uint32_t>(*slot) + 1 : 0);
  }
  return marks;
}

std::string nft_elements(const std::vector<std::uint32_t>& marks) {
  std::string text = "flush map inet cats slots0\nadd element inet cats slots0 { ";
  for (std::size_t slot = 0; slot < marks.size(); ++slot) {
    text += fmt::format("{}{} : {}", slot > 0 ? ", " : "", slot, marks[slot]);
  }
  return text + " }\n";
}

void print(const char* name, std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double q) { return ms[static_cast<std::size_t>(q * static_cast<double>(ms.size() - 1))]; };
  fmt::print("{:10} {:6} changes   p50 {:8.3f} ms   p90 {:8.3f} ms   p99 {:8.3f} ms   max {:8.3f} ms\n", name,
             ms.size(), at(0.5), at(0.9), at(0.99), ms.back());
}

}  // namespace

int main(int argc, char** argv) {
  const int changes = argc > 1 ? std::atoi(argv[1]) : 2000;
  try {
    if (changes < 50) {
      throw UsageError("usage: flow_table_commit [CHANGES ≥ 50]");
    }
    const Namespace ns = Namespace::anonymous("bench");
    const auto table = make_nft_flow_table(ns, {IpAddress::of("2001:2:0:c::1")});
    const MonotonicClock clock;
    std::vector<double> over_netlink;
    std::vector<double> by_program;
    for (int round = 0; round < changes; ++round) {
      const Instant start = clock.now();
      table->set_slots(0, marks_for(round));
      over_netlink.push_back(to_ms(clock.now() - start));
    }
    for (int round = 0; round < changes / 50; ++round) {
      const Instant start = clock.now();
      (void)run_program({"nft", "-f", "-"}, nft_elements(marks_for(round)), &ns);
      by_program.push_back(to_ms(clock.now() - start));
    }
    print("netlink", over_netlink);
    print("nft -f", by_program);
  } catch (const std::exception& error) {
    fmt::print(stderr, "flow_table_commit: {}\n", error.what());
    return 2;
  }
  return 0;
}

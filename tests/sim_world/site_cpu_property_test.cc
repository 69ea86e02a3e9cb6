// The CPU of a site beside its rules, on random sequences of jobs and changes.
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/engine.h"
#include "sim/scheduler.h"
#include "sim/world/site_cpu.h"

namespace cats::sim {
namespace {

struct Change {
  int kind;      // 0 … 3: a job, 4: background, 5: calibrated, 6: scheduled and neighbour, 7: quota
  int after_us;  // the change before
  int work_us;
  int percent;  // of a core
};

rc::Gen<Change> any_change() {
  return rc::gen::build<Change>(rc::gen::set(&Change::kind, rc::gen::inRange(0, 8)),
                                rc::gen::set(&Change::after_us, rc::gen::inRange(0, 20'000)),
                                rc::gen::set(&Change::work_us, rc::gen::inRange(0, 5000)),
                                rc::gen::set(&Change::percent, rc::gen::inRange(0, 150)));
}

void showValue(const Change& change, std::ostream& out) {
  out << "{" << change.kind << ", +" << change.after_us << " us, work " << change.work_us << " us, " << change.percent
      << " %}";
}

RC_GTEST_PROP(SiteCpu, UsesWhatIsAskedForAndNeverMoreThanTheQuota, ()) {
  const auto workers = static_cast<std::uint32_t>(*rc::gen::element(1, 2, 5));
  const Duration period = std::chrono::milliseconds(*rc::gen::element(0, 1, 10));
  const Duration phase = period * *rc::gen::inRange(0, 10) / 10;
  const auto changes = *rc::gen::container<std::vector<Change>>(any_change());
  Engine engine;
  VirtualScheduler scheduler(engine);
  std::vector<std::uint64_t> ended;
  double quota = 0.5;
  SiteCpu cpu(
      scheduler,
      {.workers = workers, .queue_limit = 3, .quota_cores = quota, .quota_period = period, .quota_phase = phase},
      [&](const Job& job) { ended.push_back(job.tag); });
  // A new quota grants a whole budget at once, and the next period's beginning, which may be near, another.
  const auto at_once_ns = [&] { return 2 * quota * static_cast<double>(period.count()); };
  double granted_ns = at_once_ns();
  double beside = 0;  // most that the loads want, in cores
  double beside_ns = 0;
  Duration work{};
  std::uint64_t tag = 0;
  std::size_t taken = 0;
  Duration last{};
  const auto pass = [&](Duration length) {
    engine.run_until(engine.now() + length);
    granted_ns += quota * static_cast<double>(length.count());
    beside_ns += beside * static_cast<double>(length.count());
    RC_ASSERT(cpu.usage() >= last);
    last = cpu.usage();
    RC_ASSERT(static_cast<double>(last.count()) <= granted_ns + 1);
    RC_ASSERT(static_cast<double>(last.count()) <=
              beside_ns + static_cast<double>(work.count() + 2) + static_cast<double>(taken));
  };
  double background = 0;
  double scheduled = 0;
  for (const Change& change : changes) {
    pass(std::chrono::microseconds(change.after_us));
    const double cores = change.percent / 100.0;
    if (change.kind <= 3) {
      if (cpu.submit(tag++, std::chrono::microseconds(change.work_us))) {
        work += std::chrono::microseconds(change.work_us);
        ++taken;
      }
    } else if (change.kind <= 5) {
      background = cores;
      cpu.set_background(cores, change.kind == 5);
    } else if (change.kind == 6) {
      scheduled = cores / 3;
      cpu.set_scheduled(scheduled, cores / 2);
    } else {
      quota = 0.1 + cores;
      granted_ns += at_once_ns();
      cpu.set_quota(quota);
    }
    beside = background + scheduled;
    RC_ASSERT(cpu.jobs() + ended.size() == taken);
    RC_ASSERT(cpu.jobs() <= workers + 3u);
  }
  // Without loads what is left is done at the quota's speed, and nothing else is used.
  cpu.set_background(0, false);
  cpu.set_scheduled(0, 0);
  beside = 0;
  pass(std::chrono::seconds(10));
  RC_ASSERT(ended.size() == taken);
  RC_ASSERT(cpu.jobs() == 0u);
  RC_ASSERT(static_cast<double>(last.count()) >= static_cast<double>(work.count()) - 10.0 * static_cast<double>(taken));
}

}  // namespace
}  // namespace cats::sim

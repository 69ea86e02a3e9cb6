#include "suite/engines.h"

#include "base/error.h"

namespace cats::suite {

void log_failure(EventLog& log, const std::function<void()>& work) {
  try {
    work();
  } catch (const MeasurementError& error) {
    log.write("run_failed", {{"reason", error.what()}});
  }
}

void PreflightLog::add(const std::vector<scenarios::PreflightCheck>& checks, bool new_network) {
  if (new_network) told_.clear();
  for (const auto& check : checks)
    if (told_.insert(check.check).second || !check.ok)
      log_.write("preflight", {{"check", check.check}, {"ok", check.ok}, {"detail", check.detail}});
  if (const std::string text = scenarios::failures(checks); !text.empty())
    throw MeasurementError("preflight failed:" + text);
}

}  // namespace cats::suite

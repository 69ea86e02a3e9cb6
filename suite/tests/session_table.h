// A trial's TCP sessions, each with its requests as the host saw them and its entry of the ingress's session table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "suite/report/run_data.h"

namespace cats::suite {

struct TableEntry {
  std::string ingress;
  std::string instance;  // that its mark names; "" for a mark that names none
  std::int64_t first_ns = 0;
  std::optional<std::int64_t> gone_ns;  // first dump without it
};

struct TracedSession {
  const Session* session = nullptr;
  std::vector<const Request*> requests;  // as scheduled
  std::optional<TableEntry> entry;

  // Who answered, one per reply in the order of replies.
  std::vector<std::string> answered() const;
  int instance_changes() const;
  // Every reply came from the instance that the entry names, and the entry was there for the whole life of the session.
  bool matches_table() const;
  // The longest time for which a request was due and unanswered, in ms. `until` ends the wait for one never answered.
  double longest_stall_ms(std::int64_t until) const;
  // How much later than `timer` after the close the entry was gone, in ms; for one still there at `watched_until`, how
  // late it was by then. Nothing for sessions not closed in order, without an entry, or not watched for timer + 1 s.
  std::optional<double> aging_error_ms(Duration timer, std::int64_t watched_until) const;
};

// With their requests, without entries.
std::vector<TracedSession> sessions_of(const RunData& data, const Trial& trial);
// Throws MeasurementError when no ingress polled its table during the trial.
std::vector<TracedSession> trace_sessions(const RunData& data, const Trial& trial);

// The longest time between two dumps of a table during the trial.
Duration longest_poll_gap(const RunData& data, const Trial& trial);

}  // namespace cats::suite

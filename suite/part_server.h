// Rank 0's side of a simulated run under mpirun: gives parts to the other processes, and puts what they bring into
// RUN/parts.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "suite/part.h"
#include "suite/ranks/ranks.h"

namespace cats::suite {

class PartServer {
 public:
  struct Handlers {
    std::function<std::optional<PlannedPart>()> next;                        // to be taken; nothing now
    std::function<void(std::size_t number)> complete;                        // it is in RUN/parts
    std::function<void(std::size_t number, const std::string& why)> failed;  // it could not be taken
  };

  PartServer(Ranks& ranks, std::filesystem::path run_directory, std::filesystem::path parts, Handlers handlers);

  void serve();  // some of what has come. Throws SystemError, UsageError
  void give_up_after(std::size_t number) { last_ = number; }
  unsigned threads() const { return threads_; }  // of the others, as far as they have joined
  // Tells all others that nothing is left to do. Throws Interrupted.
  void stop();

 private:
  void answer(int to, const nlohmann::json& ask);
  void join(int rank, unsigned threads);

  Ranks& ranks_;
  std::filesystem::path run_directory_;
  std::filesystem::path parts_;
  Handlers handlers_;
  std::map<std::size_t, PlannedPart> given_;  // by number
  std::set<int> told_;                        // to stop
  std::optional<std::size_t> last_;
  unsigned threads_ = 0;
  bool stopping_ = false;
};

}  // namespace cats::suite

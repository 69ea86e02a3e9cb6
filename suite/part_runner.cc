#include "suite/part_runner.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "suite/part.h"
#include "suite/part_pool.h"
#include "suite/part_server.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;

constexpr Duration kLook = std::chrono::milliseconds(100);        // for Ctrl-C
constexpr Duration kLookForRanks = std::chrono::milliseconds(1);  // nothing wakes this thread when they say something

class PartRun {
 public:
  PartRun(const std::vector<PlannedTrial>& plan, const PartRunOptions& options)
      : options_(options),
        threads_(options.threads == 0 ? default_threads() : options.threads),
        plan_(plan),
        pool_(threads_, [this](const PlannedPart& part) {
          take_part(part, {options_.run_directory, options_.parts, options_.catsd});
        }) {
    if (options.ranks == nullptr) return;
    server_.emplace(*options.ranks, options.run_directory, options.parts,
                    PartServer::Handlers{[this] { return next(); }, [this](std::size_t number) { complete(number); },
                                         [this](std::size_t number, const std::string& why) {
                                           fail(number, std::make_exception_ptr(UsageError(why)));
                                         }});
  }

  std::vector<fs::path> run() {
    while (true) {
      take_block();
      if (last_ != kNone) break;
      const std::vector<PlannedTrial> more =
          next_block(plan_, [this](const std::string& label) { return results(label); });
      if (more.empty()) break;
      plan_.insert(plan_.end(), more.begin(), more.end());
    }
    if (server_) server_->stop();
    if (const auto error = errors_.find(last_); error != errors_.end()) std::rethrow_exception(error->second);
    std::vector<fs::path> directories;
    for (const PlannedPart& part : parts_)
      if (part.number <= last_) directories.push_back(directory_of(part));
    return directories;
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  fs::path directory_of(const PlannedPart& part) const { return options_.parts / directory_name(part.trial); }

  // All parts of the plan, or all up to the first that failed.
  void take_block() {
    parts_ = parts_of(plan_, options_.begins);
    const std::size_t known = complete_.size();
    complete_.resize(parts_.size(), false);
    for (std::size_t number = known; number < parts_.size(); ++number)
      planned_length_ += length_of(parts_[number].trial);
    for (std::size_t number = known; number < parts_.size(); ++number)
      if (fs::exists(directory_of(parts_[number]))) {
        ++found_;
        found_length_ += length_of(parts_[number].trial);
        complete(number);
      }
    while (!block_is_complete()) {
      throw_if_interrupted();
      while (pool_.idle() > 0) {
        auto part = next();
        if (!part) break;
        pool_.begin(*std::move(part));
      }
      if (server_) server_->serve();
      if (auto ended = pool_.ended(server_ ? kLookForRanks : kLook)) take_in(*ended);
    }
  }

  bool block_is_complete() {
    while (first_missing_ < parts_.size() && complete_[first_missing_]) ++first_missing_;
    return first_missing_ == parts_.size() || first_missing_ > last_;
  }

  // The next part that nobody takes yet.
  std::optional<PlannedPart> next() {
    while (next_ < parts_.size() && complete_[next_]) ++next_;
    if (next_ >= parts_.size() || next_ > last_) return std::nullopt;
    return parts_[next_++];
  }

  void take_in(const PartPool::Ended& ended) {
    if (!ended.error) return complete(ended.number);
    try {
      std::rethrow_exception(ended.error);
    } catch (const Interrupted&) {
      if (ended.number <= last_) throw;  // by a signal, not because it does not count any more
    } catch (const std::exception&) {
      fail(ended.number, ended.error);
    }
  }

  void complete(std::size_t number) {
    const PartOutcome outcome = outcome_of(directory_of(parts_[number]));
    complete_[number] = true;
    ++done_;
    done_length_ += length_of(parts_[number].trial);
    for (const std::string& voided : outcome.voided) show(voided);
    if (outcome.failed) end_with(number);
    show("");
  }

  void fail(std::size_t number, std::exception_ptr error) {
    errors_[number] = std::move(error);
    complete_[number] = true;
    end_with(number);
  }

  void end_with(std::size_t number) {
    last_ = std::min(last_, number);
    pool_.give_up_after(last_);
    if (server_) server_->give_up_after(last_);
  }

  RunData results(const std::string& label) const {
    std::vector<fs::path> directories;
    for (const PlannedPart& part : parts_)
      if (part.trial.entry.label == label) directories.push_back(directory_of(part));
    auto data = RunData::load(directories);
    if (!data) throw MeasurementError(data.error().message);
    return *std::move(data);
  }

  void show(const std::string& message) const {
    const double passed = to_seconds(clock_.now() - began_);
    const double taken = to_seconds(done_length_ - found_length_);
    const double left = taken > 0 ? to_seconds(planned_length_ - done_length_) * passed / taken : 0;
    options_.progress({done_, parts_.size(), threads_ + (server_ ? server_->threads() : 0),
                       passed > 0 ? static_cast<double>(done_ - found_) / passed : 0, from_seconds(left), message});
  }

  const PartRunOptions& options_;
  unsigned threads_;
  std::vector<PlannedTrial> plan_;
  std::vector<PlannedPart> parts_;  // of plan_
  std::vector<bool> complete_;      // by number
  std::map<std::size_t, std::exception_ptr> errors_;
  std::size_t next_ = 0;
  std::size_t first_missing_ = 0;
  std::size_t last_ = kNone;  // of the parts that count
  std::size_t done_ = 0;
  std::size_t found_ = 0;  // of them, already there when this process began
  Duration planned_length_{}, done_length_{}, found_length_{};
  MonotonicClock clock_;
  Instant began_ = clock_.now();
  std::optional<PartServer> server_;
  PartPool pool_;  // goes first: its threads use the rest
};

}  // namespace

std::vector<fs::path> run_parts(const std::vector<PlannedTrial>& plan, const PartRunOptions& options) {
  return PartRun(plan, options).run();
}

}  // namespace cats::suite

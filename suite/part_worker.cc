#include "suite/part_worker.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "suite/merge_parts.h"
#include "suite/part_messages.h"
#include "suite/part_pool.h"
#include "suite/run.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;

constexpr Duration kAskAgain = std::chrono::milliseconds(50);

class WorkDirectory {
 public:
  WorkDirectory() {
    std::string name = (fs::temp_directory_path() / "catsbench-rank-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw SystemError(errno, "mkdtemp " + name);
    path_ = name;
    fs::create_directory(path_ / "parts");
  }
  ~WorkDirectory() {
    std::error_code ignored;  // whoever looks after the machine's temporary files finds it
    fs::remove_all(path_, ignored);
  }
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;

  const fs::path& path() const { return path_; }
  fs::path parts() const { return path_ / "parts"; }

 private:
  fs::path path_;
};

class Worker {
 public:
  Worker(Ranks& ranks, const WorkDirectory& directory, unsigned threads, const fs::path& catsd)
      : ranks_(ranks),
        directory_(directory),
        pool_(threads, [place = PartPlace{directory.path(), directory.parts(), catsd}](const PlannedPart& part) {
          take_part(part, place);
        }) {
    for (const scenarios::Case& entry : scenarios::cases_of(scenario_of(directory.path())))
      entries_.emplace(entry.label, entry);
  }

  void run() {
    while (true) {
      send(ranks_, 0, {{"kind", "ask"}, {"idle", pool_.idle()}});
      const PartMessage answer = parsed(receive(ranks_));
      if (answer.kind() == "stop") return;
      if (answer.kind() == "part") {
        begin(answer.head);
        bring(Duration{});
        continue;
      }
      if (answer.head.contains("give_up_after"))
        pool_.give_up_after(answer.head.at("give_up_after").get<std::size_t>());
      bring(kAskAgain);
    }
  }

 private:
  void begin(const nlohmann::json& part) {
    const auto& entry = entries_.at(part.at("entry").get<std::string>());
    PlannedPart planned{part.at("number").get<std::size_t>(), plan_trial(entry, part.at("index").get<int>()),
                        from_ns(part.at("begins_ns").get<std::int64_t>()),
                        from_ns(part.at("ends_ns").get<std::int64_t>())};
    names_[planned.number] = directory_name(planned.trial);
    pool_.begin(std::move(planned));
  }

  // What has ended within that time, to rank 0.
  void bring(Duration within) {
    for (auto ended = pool_.ended(within); ended; ended = pool_.ended(Duration{})) {
      const std::string name = names_.extract(ended->number).mapped();
      try {
        if (ended->error) std::rethrow_exception(ended->error);
        std::vector<std::string> files;
        for (const auto& [file, size] : sizes_of(directory_.parts() / name)) files.push_back(file);
        send_files(ranks_, 0, directory_.parts() / name, files, {{"number", ended->number}});
        send(ranks_, 0, {{"kind", "done"}, {"number", ended->number}});
      } catch (const Interrupted&) {  // given up
      } catch (const std::exception& error) {
        send(ranks_, 0, {{"kind", "failed"}, {"number", ended->number}, {"why", error.what()}});
      }
      fs::remove_all(directory_.parts() / name);
    }
  }

  Ranks& ranks_;
  const WorkDirectory& directory_;
  std::map<std::string, scenarios::Case> entries_;  // by label
  std::map<std::size_t, std::string> names_;        // directories of the parts that are being taken, by number
  PartPool pool_;
};

}  // namespace

void work_for_rank_0(Ranks& ranks, unsigned threads, const fs::path& catsd) {
  if (threads == 0) threads = default_threads();
  {
    const WorkDirectory directory;
    send(ranks, 0, {{"kind", "join"}, {"threads", threads}});
    while (true) {
      const PartMessage input = parsed(receive(ranks));
      if (input.kind() != "file") break;
      take_in(input, directory.path());
    }
    Worker(ranks, directory, threads, catsd).run();
  }
  ranks.finish();
}

}  // namespace cats::suite

// What the processes of a simulated run tell each other (docs/simulator.md, "Threads and ranks"): a line of JSON, and
// after it octets of a file. Everything but an answer is sent to rank 0, which answers `join` and `ask` alone.
//
//   join   {threads}                             → the run directory's inputs as `file` {path}, then `begin`
//   ask    {idle}                                → `part` {number, entry, index, begins_ns, ends_ns}, or
//                                                  `wait` {give_up_after}, or `stop`
//   file   {number, path} and octets of it: of a part that is complete, one file after the other
//   done   {number}                                all files of the part were sent
//   failed {number, why}                           the part could not be taken
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "suite/ranks/ranks.h"

namespace cats::suite {

struct PartMessage {
  nlohmann::json head;  // with "kind"
  std::string octets;   // of a `file`

  std::string kind() const { return head.at("kind").get<std::string>(); }
};

void send(Ranks& ranks, int to, const nlohmann::json& head, std::string_view octets = {});
// Throws UsageError on what is no such message: the processes are not of the same catsbench.
PartMessage parsed(const Ranks::Message& message);

// The files, by their paths below `root`, in messages of a few 100 KiB; `head` has what they share. An empty file is
// one message. Throws SystemError.
void send_files(Ranks& ranks, int to, const std::filesystem::path& root, const std::vector<std::string>& files,
                nlohmann::json head);
// Appends to the file below `root`, which is made with its folders.
void take_in(const PartMessage& file, const std::filesystem::path& root);

}  // namespace cats::suite

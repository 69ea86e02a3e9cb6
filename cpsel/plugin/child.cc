// The child: loads the library and answers for it.
#include <cmath>
#include <dlfcn.h>
#include <limits>
#include <map>
#include <unistd.h>

#include "base/error.h"
#include "cpsel/catsbench_algorithm.h"
#include "cpsel/plugin/message.h"
#include "cpsel/plugin/plugin.h"

namespace cats::plugin {
namespace {

using nlohmann::json;

constexpr double kUnset = std::numeric_limits<double>::quiet_NaN();

// Metrics or parameters in the shape of the C interface; names live as long as the object.
class NamedValues {
 public:
  explicit NamedValues(const json& values) : values_(values.get<std::map<std::string, double>>()) {
    for (const auto& [name, value] : values_) list_.push_back({name.c_str(), value});
  }
  const catsbench_value* data() const { return list_.data(); }
  std::size_t size() const { return list_.size(); }

 private:
  std::map<std::string, double> values_;
  std::vector<catsbench_value> list_;
};

class Library {
 public:
  explicit Library(const std::filesystem::path& file) : handle_(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw UsageError(fmt::format("cannot be loaded: {}", ::dlerror()));
    find("catsbench_algorithm_abi", abi_);
    find("catsbench_create", create_);
    find("catsbench_choose", choose_);
    find("catsbench_destroy", destroy_);
    if (const std::uint32_t abi = abi_(); abi != CATSBENCH_ALGORITHM_ABI)
      throw UsageError(fmt::format("is made for version {} of catsbench_algorithm.h; this is version {}", abi,
                                   CATSBENCH_ALGORITHM_ABI));
  }
  ~Library() {
    if (state_ != nullptr) destroy_(state_);
    ::dlclose(handle_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  void create(const json& given) {
    const NamedValues parameters(given);
    const char* error = nullptr;
    state_ = create_(parameters.data(), parameters.size(), &error);
    if (state_ == nullptr) throw UsageError(error == nullptr ? "catsbench_create returned NULL" : error);
  }

  json choose(const json& question) const {
    const json& described = question.at("candidates");
    std::vector<std::string> ids;
    std::vector<NamedValues> metrics;
    ids.reserve(described.size());
    metrics.reserve(described.size());
    std::vector<catsbench_candidate> candidates;
    for (const json& one : described) {
      ids.push_back(one.at("id"));
      metrics.emplace_back(one.at("metrics"));
      candidates.push_back({ids.back().c_str(), one.at("load"), one.at("capacity"), one.at("age_s"),
                            one.at("last_weight"), one.at("report"), one.at("flows_since_report"),
                            one.at("flows_before_report"), metrics.back().data(), metrics.back().size()});
    }
    const catsbench_snapshot snapshot{candidates.data(), candidates.size(), question.at("dt_s"),
                                      question.at("arrivals"), question.at("random")};
    // The room behind the last weight shows whether too many were written; what is not written stays no number.
    constexpr std::size_t kRoom = 16;
    std::vector<double> weights(candidates.size() + kRoom, kUnset);
    if (const int status = choose_(state_, &snapshot, weights.data()); status != 0)
      return {{"error", fmt::format("catsbench_choose returned {}", status)}};
    std::size_t written = candidates.size();
    for (std::size_t i = written; i < weights.size(); ++i)
      if (!std::isnan(weights[i])) written = i + 1;
    weights.resize(written);
    return {{"weights", weights}};
  }

 private:
  template <class Function>
  void find(const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (function == nullptr) throw UsageError(fmt::format("does not define {}", name));
  }

  void* handle_;
  void* state_ = nullptr;
  decltype(catsbench_algorithm_abi)* abi_ = nullptr;
  decltype(catsbench_create)* create_ = nullptr;
  decltype(catsbench_choose)* choose_ = nullptr;
  decltype(catsbench_destroy)* destroy_ = nullptr;
};

}  // namespace

int run_plugin(const std::filesystem::path& file) {
  constexpr int kSocket = STDIN_FILENO;
  auto question = receive_message(kSocket);
  if (!question) return 0;
  try {
    Library library(file);
    library.create(question->at("parameters"));
    send_message(kSocket, json::object());
    while ((question = receive_message(kSocket))) send_message(kSocket, library.choose(*question));
    return 0;
  } catch (const UsageError& error) {
    send_message(kSocket, {{"error", error.what()}});
    return 2;
  }
}

}  // namespace cats::plugin

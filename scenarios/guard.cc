#include "scenarios/guard.h"

#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace cats::scenarios {
namespace {

constexpr std::size_t kLongestMessage = 400;

class Refused : public YAML::Exception {
 public:
  using YAML::Exception::Exception;
};

class Guard final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refused(mark, "a scenario is one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { plain(mark, "?", anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw Refused(mark, "anchors and aliases are not allowed");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& /*value*/) override {
    plain(mark, tag, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    plain(mark, tag, anchor);
    enter(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    plain(mark, tag, anchor);
    enter(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  static void plain(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw Refused(mark, "anchors and aliases are not allowed");
    // The parser calls a plain scalar "?", a quoted one "!".
    if (!tag.empty() && tag != "?" && tag != "!") throw Refused(mark, "tags are not allowed");
  }
  void enter(const YAML::Mark& mark) {
    if (++depth_ > kDeepest) throw Refused(mark, fmt::format("nested deeper than {} levels", kDeepest));
  }

  int depth_ = 0;
  int documents_ = 0;
};

}  // namespace

bool guarded(const std::string& text, const std::string& file, Diagnostics& diagnostics) {
  if (text.size() > kMostBytes) {
    diagnostics.add({file, 0, 0}, fmt::format("{} bytes: a scenario has at most {}", text.size(), kMostBytes));
    return false;
  }
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Guard guard;
    while (parser.HandleNextDocument(guard)) {
    }
  } catch (const Refused& refused) {
    diagnostics.add({file, refused.mark.line + 1, refused.mark.column + 1}, refused.msg);
    return false;
  } catch (const YAML::Exception&) {
    return true;  // yaml::load() says where and what
  }
  return true;
}

std::string printable(const std::string& message) {
  std::string text;
  for (const char c : message) {
    if (text.size() > kLongestMessage) return text + "…";
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f)
      text += fmt::format("\\x{:02x}", octet);
    else
      text += c;
  }
  return text;
}

}  // namespace cats::scenarios

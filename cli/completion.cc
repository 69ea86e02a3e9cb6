// Tab completion from the application's own description, so that it cannot lag behind it.
#include <fmt/format.h>

#include "cli/commands.h"

namespace cats::cli {
namespace {

constexpr std::string_view kBefore = R"sh(# eval "$(catsbench completion bash)"
_catsbench() {
  local word=${COMP_WORDS[COMP_CWORD]} path="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in -*) ;; *) path="${path:+$path }${COMP_WORDS[i]}" ;; esac
  done
  case "$path" in
)sh";
constexpr std::string_view kAfter = R"sh(  esac
  COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
}
complete -F _catsbench catsbench ./catsbench
)sh";

// Subcommands and long options of an application.
std::string words(const CLI::App& app) {
  std::string list;
  for (const CLI::App* sub : app.get_subcommands({})) list += sub->get_name() + " ";
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) list += "--" + name + " ";
  return list;
}

// The shipped files that a FILE argument may name.
std::string shipped_files(const std::filesystem::path& folder, std::string_view suffix) {
  std::string list;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (const std::string name = entry.path().filename(); name.ends_with(suffix))
      list += name.substr(0, name.size() - suffix.size()) + " ";
  return list;
}

// One line of the shell's `case` per command, with what may follow it.
void cases(const CLI::App& app, const std::string& path, const std::filesystem::path& shipped) {
  std::string list = words(app);
  if (path == "scenario" || path == "sim" || path == "verify" || path == "dimension" || path == "validate")
    list += shipped_files(shipped / "scenarios", ".yaml");
  if (path.starts_with("topology ")) list += shipped_files(shipped / "topologies", ".clab.yml");
  fmt::print("    \"{}\") words=\"{}\" ;;\n", path, list);
  for (const CLI::App* sub : app.get_subcommands({}))
    cases(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), shipped);
}

}  // namespace

void add_completion(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("completion", "Tab completion: eval \"$(catsbench completion bash)\"");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  command->callback([&app, &session, shell] {
    fmt::print("{}", kBefore);
    cases(app, "", session.shipped);
    fmt::print("{}", kAfter);
  });
}

}  // namespace cats::cli

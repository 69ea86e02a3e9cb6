// Tab completion from the application's own description, so that it cannot lag behind it.
#include <fmt/format.h>

#include "cli/commands.h"

namespace cats::cli {
namespace {

// Words that may follow `path`: subcommands and long options.
std::string words(const CLI::App& app) {
  std::string list;
  for (const CLI::App* sub : app.get_subcommands({})) list += sub->get_name() + " ";
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) list += "--" + name + " ";
  return list;
}

void cases(const CLI::App& app, const std::string& path) {
  fmt::print("    \"{}\") words=\"{}\" ;;\n", path, words(app));
  for (const CLI::App* sub : app.get_subcommands({}))
    cases(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name());
}

void bash(const CLI::App& app, const std::filesystem::path& shipped) {
  std::string topologies, scenarios;
  for (const auto& entry : std::filesystem::directory_iterator(shipped / "topologies"))
    if (const std::string name = entry.path().filename(); name.ends_with(".clab.yml"))
      topologies += name.substr(0, name.size() - 9) + " ";
  for (const auto& entry : std::filesystem::directory_iterator(shipped / "scenarios"))
    if (entry.path().extension() == ".yaml") scenarios += entry.path().filename().string() + " ";
  fmt::print(R"(# eval "$(catsbench completion bash)"
_catsbench() {
    {
      local word = $ {
        { COMP_WORDS[COMP_CWORD] }
      }
      path = "" words = "" i for ((i = 1; i < COMP_CWORD; i++));
      do
    case "${{COMP_WORDS[i]}}" in -*) ;; *) path="${{path:+$path }}${{COMP_WORDS[i]}}" ;; esac
  done
  case "$path" in
)");
  cases(app, "");
  fmt::print(R"(  esac
  case "$path" in
    scenario | validate) words+=" {}" ;;
    "topology "*) words+=" {}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
}}
complete -F _catsbench catsbench ./catsbench
)",
             scenarios, topologies);
}

}  // namespace

void add_completion(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("completion", "Tab completion: eval \"$(catsbench completion bash)\"");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  command->callback([&app, &session, shell] { bash(app, session.shipped); });
}

}  // namespace cats::cli

#include "emulator/roles/southbound_frr_session.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <tuple>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>

#include "http/channel.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr Duration kSessionAnswers = std::chrono::seconds(2);
constexpr std::size_t kLongestAnswer = 16 * 1024 * 1024;
constexpr unsigned char kTelnetCommand = 0xff;  // IAC of RFC 854; FRR sends those of three octets

const std::string kPasswordPrompt = "Password: ";
const std::string kViewPrompt = "> ";
const std::string kEnabledPrompt = "# ";
const std::string kConfigurationPrompt = "(config)# ";

std::string last_line_of(const std::string& text) { return text.substr(text.find_last_of('\n') + 1); }

}  // namespace

FrrSession::FrrSession(const asio::any_io_executor& executor, FrrRouter::Listener daemon, std::string password)
    : executor_(executor), daemon_(daemon), password_(std::move(password)) {}

void FrrSession::close() {
  closed_ = true;
  if (stream_) stream_->close();
}

asio::awaitable<Expected<std::string>> FrrSession::show(std::string command) {
  const bool kept = stream_.has_value();
  auto answer = co_await ask(command);
  if (!answer && kept) answer = co_await ask(command);
  co_return answer;
}

asio::awaitable<Expected<std::string>> FrrSession::ask(std::string command) {
  if (closed_) co_return fail("the session on {} is closed", daemon_.str());
  if (!stream_) {
    const auto in = co_await log_in();
    if (!in) {
      stream_.reset();
      co_return tl::make_unexpected(in.error());
    }
  }
  auto answer = co_await exchange(command);
  if (!answer) stream_.reset();
  co_return answer;
}

asio::awaitable<Expected<void>> FrrSession::log_in() {
  stream_.emplace(executor_);
  telnet_skip_ = 0;
  const tcp::endpoint remote(asio::ip::make_address(daemon_.address.str()), daemon_.port);
  stream_->expires_after(kSessionAnswers);
  const auto [unreachable] = co_await stream_->async_connect(remote, http::no_throw);
  if (unreachable) co_return fail("VTY at {}: {}", daemon_.str(), unreachable.message());
  boost::system::error_code no_matter;
  stream_->socket().set_option(tcp::no_delay(true), no_matter);

  const std::vector<std::string> greeted{kPasswordPrompt};
  const std::vector<std::string> viewing{kPasswordPrompt, kViewPrompt, kEnabledPrompt};
  const std::vector<std::string> enabled{kPasswordPrompt, kEnabledPrompt};
  auto said = co_await converse("", greeted, "the greeting");
  if (said) said = co_await converse(password_ + "\n", viewing, "the password");
  if (said && said->ends_with(kViewPrompt)) {
    said = co_await converse("enable\n", enabled, "enable");
    if (said && said->ends_with(kPasswordPrompt))
      said = co_await converse(password_ + "\n", enabled, "the password of enable");
  }
  if (!said) co_return tl::make_unexpected(said.error());
  if (!said->ends_with(kEnabledPrompt)) co_return fail("VTY at {} refuses the password", daemon_.str());
  host_ = last_line_of(*said);
  host_.resize(host_.size() - kEnabledPrompt.size());
  // Else an answer longer than FRR's buffer waits for a key.
  const auto answer = co_await exchange("terminal length 0");
  if (!answer) co_return tl::make_unexpected(answer.error());
  co_return Expected<void>();
}

asio::awaitable<Expected<std::string>> FrrSession::exchange(std::string command) {
  const std::vector<std::string> prompts{"\n" + host_ + kEnabledPrompt, "\n" + host_ + kConfigurationPrompt};
  auto text = co_await converse(command + "\n", prompts, '"' + command + '"');
  if (!text) co_return text;
  // The command comes back first, the prompt last.
  const std::size_t begin = text->find('\n') + 1;
  const std::size_t end = text->find_last_of('\n') + 1;
  co_return text->substr(begin, end - begin);
}

asio::awaitable<Expected<std::string>> FrrSession::converse(std::string line, std::vector<std::string> endings,
                                                            std::string what) {
  stream_->expires_after(kSessionAnswers);
  boost::system::error_code error;
  std::size_t size = 0;
  if (!line.empty()) std::tie(error, size) = co_await asio::async_write(*stream_, asio::buffer(line), http::no_throw);
  std::string text;
  std::array<char, 4096> octets{};
  while (!error) {
    if (std::ranges::any_of(endings, [&](const std::string& ending) { return text.ends_with(ending); })) co_return text;
    if (text.size() > kLongestAnswer) co_return fail("VTY at {}: an endless answer to {}", daemon_.str(), what);
    std::tie(error, size) = co_await stream_->async_read_some(asio::buffer(octets), http::no_throw);
    if (!error) take(octets.data(), size, text);
  }
  if (error == boost::beast::error::timeout)
    co_return fail("VTY at {}: no answer to {} within {} ms", daemon_.str(), what, to_ms(kSessionAnswers));
  // Why FRR ends a session, it says before: "Vty password is not set."
  while (text.ends_with('\n')) text.pop_back();
  co_return fail("VTY at {}: {} after {}: {}", daemon_.str(), error.message(), what, last_line_of(text));
}

void FrrSession::take(const char* octets, std::size_t size, std::string& text) {
  for (std::size_t i = 0; i < size; ++i) {
    if (telnet_skip_ > 0)
      --telnet_skip_;
    else if (static_cast<unsigned char>(octets[i]) == kTelnetCommand)
      telnet_skip_ = 2;
    else if (octets[i] != '\r' && octets[i] != '\0')
      text.push_back(octets[i]);
  }
}

std::string refusal(const std::string& answer) {
  if (!answer.starts_with('%') && answer.find("\n%") == std::string::npos) return "";
  std::istringstream words(answer);
  std::string line;
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace cats::roles

#include "emulator/control/server.h"

#include <map>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include "base/file.h"

namespace cats::control {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

// What a reply needs: a way to send one line.
struct Reply::State {
  std::function<void(std::string line)> send;

  void answer(const nlohmann::ordered_json& reply) {
    if (!send) return;
    const auto once = std::exchange(send, nullptr);
    once(reply.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
  }
  ~State() {
    if (send) answer({{"ok", false}, {"error", "the agent gave no answer"}});
  }
};

void Reply::ok(nlohmann::ordered_json fields) const {
  nlohmann::ordered_json reply = {{"ok", true}};
  if (fields.is_object())
    for (auto& [key, value] : fields.items()) reply[key] = std::move(value);
  state_->answer(reply);
}

void Reply::fail(const std::string& error) const { state_->answer({{"ok", false}, {"error", error}}); }

void Reply::fail(const std::exception_ptr& error) const {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    fail(std::string(failure.what()));
  }
}

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, std::filesystem::path path) : acceptor_(io), path_(std::move(path)) {
    if (path_.string().size() >= sizeof(sockaddr_un{}.sun_path))
      throw UsageError(
          fmt::format("control socket {}: the path is longer than a unix socket's may be", path_.string()));
    ::unlink(path_.c_str());
    try {
      acceptor_.open(asio::local::stream_protocol());
      acceptor_.bind(asio::local::stream_protocol::endpoint(path_.string()));
      acceptor_.listen();
    } catch (const boost::system::system_error& error) {
      throw SystemError(error.code().value(), "listen on " + path_.string());
    }
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](boost::system::error_code error, Socket socket) {
      if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
      if (!error) std::make_shared<Connection>(self, std::move(socket))->read();
      self->accept();
    });
  }

  void on(const std::string& command, Handler handler) { handlers_[command] = std::move(handler); }

  void close() {
    if (!acceptor_.is_open()) return;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    ::unlink(path_.c_str());
    for (auto& [key, weak] : connections_)
      if (const auto connection = weak.lock()) connection->finish();
  }

  // For the destructor: nothing of the agent may be called any more.
  void drop() {
    close();
    dropped_ = true;
    handlers_.clear();
  }

 private:
  class Connection : public std::enable_shared_from_this<Connection> {
   public:
    Connection(std::shared_ptr<Impl> server, Socket socket)
        : server_(std::move(server)), socket_(std::move(socket)), input_(kMaxLine) {}
    ~Connection() { server_->connections_.erase(this); }

    void read() {
      server_->connections_[this] = weak_from_this();
      asio::async_read_until(socket_, input_, '\n',
                             [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
                               self->received(error, size);
                             });
    }

    // Closed once what is under way has been answered.
    void finish() {
      finishing_ = true;
      boost::system::error_code ignored;
      if (!answering_) socket_.close(ignored);
    }

   private:
    void received(boost::system::error_code error, std::size_t size) {
      if (error == asio::error::not_found) {  // the buffer is full and has no line end
        finishing_ = true;
        return reply({{"ok", false}, {"error", fmt::format("a request is at most {} octets long", kMaxLine)}});
      }
      if (error || finishing_) return;
      const auto* begin = static_cast<const char*>(input_.data().data());
      const std::string line(begin, size - 1);
      input_.consume(size);
      handle(line);
    }

    void handle(const std::string& line) {
      const auto request = nlohmann::json::parse(line, nullptr, false);
      if (!request.is_object())
        return reply({{"ok", false}, {"error", "a request is one JSON object on a line, {\"do\": …}"}});
      const auto command = request.find("do");
      if (command == request.end() || !command->is_string())
        return reply({{"ok", false}, {"error", "a request has \"do\", a string"}});
      const auto handler = server_->handlers_.find(command->get<std::string>());
      if (handler == server_->handlers_.end()) return reply({{"ok", false}, {"error", unknown(*command)}});
      const Reply answer = begin_reply();
      try {
        handler->second(request, answer);
      } catch (const std::exception& failure) {
        answer.fail(failure.what());
      }
    }

    std::string unknown(const nlohmann::json& command) const {
      std::string known;
      for (const auto& [name, handler] : server_->handlers_) known += (known.empty() ? "" : ", ") + name;
      return fmt::format("no command {}; there are {}", command.dump(), known);
    }

    Reply begin_reply() {
      auto state = std::make_shared<Reply::State>();
      answering_ = true;
      state->send = [self = shared_from_this()](std::string text) { self->write(std::move(text)); };
      return Reply(std::move(state));
    }

    void reply(const nlohmann::ordered_json& json) { begin_reply().state_->answer(json); }

    void write(std::string text) {
      if (server_->dropped_) return;
      output_ = std::move(text);
      asio::async_write(socket_, asio::buffer(output_),
                        [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                          self->answering_ = false;
                          if (error || self->finishing_) return self->finish();
                          self->read();
                        });
    }

    std::shared_ptr<Impl> server_;
    Socket socket_;
    asio::streambuf input_;
    std::string output_;
    bool answering_ = false;
    bool finishing_ = false;
  };

  asio::local::stream_protocol::acceptor acceptor_;
  std::filesystem::path path_;
  std::map<std::string, Handler> handlers_;
  std::map<Connection*, std::weak_ptr<Connection>> connections_;
  bool dropped_ = false;
};

Server::Server(asio::io_context& io, const std::filesystem::path& path) : impl_(std::make_shared<Impl>(io, path)) {
  impl_->accept();
}

Server::~Server() { impl_->drop(); }

void Server::on(const std::string& command, Handler handler) { impl_->on(command, std::move(handler)); }

void Server::close() { impl_->close(); }

std::uint64_t resident_bytes() {
  const std::string statm = read_file("/proc/self/statm");
  const std::size_t space = statm.find(' ');
  return std::stoull(statm.substr(space + 1)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace cats::control

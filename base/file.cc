#include "base/file.h"

#include <array>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/error.h"
#include "base/fd.h"

namespace cats {
namespace {

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = check(::write(fd, bytes.data(), bytes.size()), "write {}", path.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const Fd fd(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open {}", path.string()));
  std::string content;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t n = check(::read(fd.get(), buffer.data(), buffer.size()), "read {}", path.string());
    if (n == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  const std::string temporary = fmt::format("{}.part{}", path.string(), ::getpid());
  try {
    const Fd fd(
        check(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), "create {}", path.string()));
    write_all(fd.get(), content, path);
    check(::rename(temporary.c_str(), path.c_str()), "rename to {}", path.string());
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void write_control(const std::filesystem::path& path, std::string_view value) {
  const Fd fd(check(::open(path.c_str(), O_WRONLY | O_CLOEXEC), "open {}", path.string()));
  check(::write(fd.get(), value.data(), value.size()), "write \"{}\" to {}", value, path.string());
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 failed");
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace cats

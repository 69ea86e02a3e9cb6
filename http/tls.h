// TLS for REST interfaces: certificates of a run's own authority, or given by file for real devices.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"

namespace boost::asio::ssl {
class context;
}

namespace cats::http {

// PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

// Issues the certificates of one run. Its key is in this object only.
class Authority {
 public:
  // Throws SystemError when the kernel gives no random bits.
  explicit Authority(const std::string& name);
  ~Authority();
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;

  // Valid for a week from an hour ago, for these addresses.
  Identity issue(const std::string& name, const std::vector<IpAddress>& addresses) const;
  const std::string& certificate() const { return certificate_; }  // PEM

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::string certificate_;
};

// TLS 1.2 and later. Throw UsageError naming what is wrong with the certificate or key.
using TlsContext = std::shared_ptr<boost::asio::ssl::context>;
TlsContext server_context(const Identity& identity);
// Trusts certificates that `authority` (PEM) issued, for the address that is connected to.
TlsContext client_context(const std::string& authority);

}  // namespace cats::http

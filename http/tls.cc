#include "http/tls.h"

#include <array>
#include <cerrno>

#include <boost/asio/ssl/context.hpp>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/error.h"

namespace cats::http {
namespace {

namespace ssl = boost::asio::ssl;

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Releaser<X509_free>>;
using Memory = std::unique_ptr<BIO, Releaser<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;

constexpr long kHour = 60 * 60;
constexpr long kWeek = 7 * 24 * kHour;
constexpr long kVersion3 = 2;  // as X.509 counts

template <class T>
T made(T object, const char* what) {
  if (object) return object;
  const char* why = ERR_reason_error_string(ERR_get_error());
  throw SystemError(EIO, fmt::format("TLS: {}: {}", what, why == nullptr ? "no reason given" : why));
}

std::string text_of(const Memory& memory) {
  std::string text;
  std::array<char, 4096> part;
  for (int n = 0; (n = BIO_read(memory.get(), part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(n));
  return text;
}

std::string pem(const Certificate& certificate) {
  Memory memory(made(BIO_new(BIO_s_mem()), "memory"));
  made(PEM_write_bio_X509(memory.get(), certificate.get()), "write a certificate");
  return text_of(memory);
}

std::string pem(const Key& key) {
  Memory memory(made(BIO_new(BIO_s_mem()), "memory"));
  made(PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), "write a key");
  return text_of(memory);
}

void add_extension(const Certificate& certificate, const Certificate& issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer ? issuer.get() : certificate.get(), certificate.get(), nullptr, nullptr, 0);
  const Extension extension(
      made(X509V3_EXT_nconf_nid(nullptr, &context, kind, value.c_str()), "an extension of a certificate"));
  made(X509_add_ext(certificate.get(), extension.get(), -1), "an extension of a certificate");
}

// Without extensions and signature.
Certificate blank(const std::string& name, const Key& key) {
  Certificate certificate(made(X509_new(), "a certificate"));
  X509_set_version(certificate.get(), kVersion3);
  std::array<unsigned char, 8> serial;
  made(RAND_bytes(serial.data(), serial.size()) == 1, "random bits");
  std::int64_t number = 0;
  for (const unsigned char octet : serial) number = (number << 7) | (octet & 0x7F);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), number | 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kWeek);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

Key new_key() { return Key(made(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), "a key")); }

std::string reason(const boost::system::error_code& error) { return error.message(); }

}  // namespace

struct Authority::Parts {
  Key key;
  Certificate certificate;
};

Authority::Authority(const std::string& name) : parts_(std::make_unique<Parts>()) {
  parts_->key = new_key();
  parts_->certificate = blank(name, parts_->key);
  const Certificate& own = parts_->certificate;
  X509_set_issuer_name(own.get(), X509_get_subject_name(own.get()));
  add_extension(own, nullptr, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(own, nullptr, NID_key_usage, "critical,keyCertSign");
  made(X509_sign(own.get(), parts_->key.get(), EVP_sha256()), "sign a certificate");
  certificate_ = pem(own);
}

Authority::~Authority() = default;
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;

Identity Authority::issue(const std::string& name, const std::vector<IpAddress>& addresses) const {
  const Key key = new_key();
  const Certificate certificate = blank(name, key);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(parts_->certificate.get()));
  std::string alternatives;
  for (const IpAddress& address : addresses)
    alternatives += fmt::format("{}IP:{}", alternatives.empty() ? "" : ",", address.str());
  add_extension(certificate, parts_->certificate, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, parts_->certificate, NID_key_usage, "critical,digitalSignature");
  add_extension(certificate, parts_->certificate, NID_ext_key_usage, "serverAuth");
  if (!alternatives.empty()) add_extension(certificate, parts_->certificate, NID_subject_alt_name, alternatives);
  made(X509_sign(certificate.get(), parts_->key.get(), EVP_sha256()), "sign a certificate");
  return {pem(certificate), pem(key)};
}

TlsContext server_context(const Identity& identity) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  boost::system::error_code error;
  context->use_certificate_chain(boost::asio::buffer(identity.certificate), error);
  if (error) throw UsageError("the certificate of the server: " + reason(error) + ": PEM is expected");
  context->use_private_key(boost::asio::buffer(identity.key), ssl::context::pem, error);
  if (error) throw UsageError("the key of the server: " + reason(error) + ": PEM of the certificate's key is expected");
  return context;
}

TlsContext client_context(const std::string& authority) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  context->set_verify_mode(ssl::verify_peer);
  boost::system::error_code error;
  context->add_certificate_authority(boost::asio::buffer(authority), error);
  if (error) throw UsageError("the certificate of the authority: " + reason(error) + ": PEM is expected");
  return context;
}

}  // namespace cats::http

// Parser: Beast's incremental parser, which writes what it finds into a Request of ours. Internal
// to io/http; see session.h.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "assay/io/http/message.h"
#include "assay/io/http/session.h"

namespace assay::io::http {

class Parser final : public boost::beast::http::basic_parser<true> {
 public:
  using Error = boost::beast::error_code;

  explicit Parser(Shared& shared);
  Request request;
  bool is_head = false;
  bool is_target_good = false;
  bool expects_continue = false;
  // HTTP/1.1 asks for exactly one; before it there was none.
  bool has_right_hosts() const { return hosts_ == 1 || (hosts_ == 0 && is_old()); }
  void drop_body();
  // Goes on only where both sides say so.
  bool is_old() const { return version_ < 11; }

  // As `put` sets it where the bodies on their way hold too much, or memory is out.
  static Error no_room();

 private:
  using Field = boost::beast::http::field;
  using Text = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb verb, Text method, Text target, int version,
                       Error&) override;
  void on_field_impl(Field field, Text name, Text value, Error& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) override;
  std::size_t on_body_impl(Text bytes, Error& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Error& error) override {
    return on_body_impl(bytes, error);
  }
  void on_response_impl(int, Text, int, Error&) override {}
  void on_header_impl(Error&) override { has_headers_ = true; }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  void on_finish_impl(Error&) override {}

  Share share_;
  bool has_headers_ = false;
  int version_ = 0;
  int hosts_ = 0;
};

// What is told to who sent what cannot be parsed.
Response parse_failure(Parser::Error error, const ServerOptions& options);

}  // namespace assay::io::http

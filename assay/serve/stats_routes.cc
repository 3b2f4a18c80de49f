// /v1/stats: every calculator on numbers, with the fields of `assay stats`.
#include "assay/serve/routes.h"
#include "assay/serve/shapes.h"
#include "assay/stats/calculators.h"

namespace assay::serve {
namespace {

using io::http::failure;
using io::http::Handler;
using io::http::Request;
using io::http::Respond;

int status_of(stats::AnswerStatus status) {
  switch (status) {
    case stats::AnswerStatus::kOk:
      return 200;
    case stats::AnswerStatus::kBadRequest:
      return 400;
    case stats::AnswerStatus::kUnknownMethod:
      return 404;
    case stats::AnswerStatus::kUndefined:
      return 422;
  }
  return 500;
}

}  // namespace

Handler get_methods() {
  return [](const Request&, const Respond& respond) {
    respond({.body = methods_json(stats::methods())});
  };
}

Handler get_method() {
  return [](const Request& request, const Respond& respond) {
    auto schema = stats::method_schema(request.param("method"));
    if (!schema) return respond(failure(schema.error()));
    respond({.body = *std::move(schema)});
  };
}

Handler post_method() {
  return [](const Request& request, const Respond& respond) {
    auto answer = stats::calculate(request.param("method"), request.body);
    respond({.status = status_of(answer.status), .body = std::move(answer.json)});
  };
}

}  // namespace assay::serve

// /v1/interleavings: one list out of two rankings.
#include "assay/deliver/interleavings.h"
#include "assay/serve/routes.h"

namespace assay::serve {

io::http::Handler post_interleaving() {
  return [](const io::http::Request& request, const io::http::Respond& respond) {
    const auto list = deliver::interleave_json(request.body);
    if (!list) return respond(io::http::failure("the rankings cannot be merged", list.error()));
    respond({.body = deliver::to_json(*list)});
  };
}

}  // namespace assay::serve

// The front door of io/http: an HTTP/1.1 server behind plain values. Handlers take a Request and
// answer with a Response (message.h) from any thread; the server (server.h) owns sockets, limits
// and a graceful stop; the router (router.h) finds the handler; failure.h turns trouble into the
// one JSON form; static_files.h answers with files; channel.h feeds responses that never end.
// Boost.Asio and Beast stay inside session.cc and server.cc.
#pragma once

#include "assay/io/http/channel.h"
#include "assay/io/http/failure.h"
#include "assay/io/http/message.h"
#include "assay/io/http/router.h"
#include "assay/io/http/server.h"
#include "assay/io/http/static_files.h"

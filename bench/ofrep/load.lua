-- wrk … -- PLATFORM: POSTs an OFREP context of one of 1,000 users in turn.
local requests, at = {}, 0
function init(arguments)
  local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer bench-key-1" }
  for i = 0, 999 do
    requests[i] = wrk.format("POST", nil, headers, string.format(
      '{"context":{"targetingKey":"user-%07d","country":"BR","platform":"%s","version":"2.10.3"}}', i,
      arguments[1]))
  end
end
function request()
  at = (at + 1) % 1000
  return requests[at]
end

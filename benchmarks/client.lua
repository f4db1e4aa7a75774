-- What wrk sends, the bodies of a file in turn, and what benchmarks/client.py reads of the outcome.
local requests, number = {}, 0

function init(arguments)
  for body in io.lines(arguments[1]) do
    local headers = { ["Content-Type"] = "application/json" }
    requests[#requests + 1] = wrk.format("POST", "/classify", headers, body)
  end
end

function request()
  number = number % #requests + 1
  return requests[number]
end

function done(summary, latency)
  local errors, failed = summary.errors, {}
  for _, kind in ipairs({ "connect", "read", "write", "status", "timeout" }) do
    if errors[kind] > 0 then failed[#failed + 1] = errors[kind] .. " " .. kind end
  end
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %d, "p95": %d, "p99": %d, "failed": "%s"}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95),
    latency:percentile(99), table.concat(failed, ", ")
  ))
end

-- Sends whole requests from a file, separated by NUL, in turn, and says what came of them as one line of JSON.
local requests, at = {}, 0

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  for request in (file:read('*a') .. '\0'):gmatch('(.-)%z') do
    requests[#requests + 1] = request
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '\n{"answers":%d,"microseconds":%d,"over399":%d,"broken":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, failed.status, failed.connect + failed.timeout,
    latency:percentile(50), latency:percentile(99)))
end

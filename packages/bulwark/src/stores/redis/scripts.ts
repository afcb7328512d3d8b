import { createHash } from 'node:crypto';
import type { RedisConnection } from './connection.ts';

/** A Lua script that touches one key: so it runs on a cluster too. */
export interface Script {
  readonly source: string;
  run(connection: RedisConnection, key: string, ...args: readonly string[]): Promise<unknown>;
}

/**
 * A script is sent by its hash, and whole only where the server does not know it: at its first use, after a restart,
 * after `SCRIPT FLUSH`, on a node of a cluster that has not run it yet.
 */
function script(source: string): Script {
  const sha = createHash('sha1').update(source).digest('hex');
  return {
    source,
    async run(connection, key, ...args) {
      try {
        return await connection.send(key, ['EVALSHA', sha, '1', key, ...args]);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return connection.send(key, ['EVAL', source, '1', key, ...args]);
      }
    },
  };
}

// Lua's numbers are doubles: whole microseconds since 1970 fit exactly. Written as text they must not be shortened.
const CLOCK = `
local time = redis.call('TIME')
local function text(number) return string.format('%.0f', number) end
`;

/**
 * `consumeFrom` of gcra.ts, on the server and by its clock; that file says why it is as it is.
 * Answers allowed, remaining, retryAfter, refreshAfter, blocked; times in microseconds.
 *
 * A state that cannot be read is begun anew, and the request passes: somebody else wrote it, and who can write here could
 * also delete it. To refuse would lock its client out for good.
 */
export const CONSUME: Script = script(`${CLOCK}
local at = tonumber(time[1]) * 1000000 + tonumber(time[2])
local cost, step, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local span, after, block = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local burst = step * limit
local tat, strikes, strikesUntil, blockedUntil = 0, 0, 0, 0
local held = redis.call('GET', KEYS[1])
if held then
  local a, b, c, d = string.match(held, '^(%-?%d+) (%d+) (%d+) (%d+)$')
  if a then tat, strikes, strikesUntil, blockedUntil = tonumber(a), tonumber(b), tonumber(c), tonumber(d) end
end
local function keep()
  local fresh = math.max(tat, strikesUntil, blockedUntil)
  if fresh <= at then
    if held then redis.call('DEL', KEYS[1]) end
    return
  end
  local state = text(tat) .. ' ' .. text(strikes) .. ' ' .. text(strikesUntil) .. ' ' .. text(blockedUntil)
  redis.call('SET', KEYS[1], state, 'PX', text(math.ceil((fresh - at) / 1000)))
end
if after > 0 and blockedUntil > at then
  blockedUntil = math.min(blockedUntil, at + block)
  keep()
  return {0, 0, blockedUntil - at, blockedUntil - at, 1}
end
tat = math.min(math.max(tat, at), at + burst)
local allowed, wait = 1, 0
local next = tat + cost * step
if next - at <= burst then
  tat = next
else
  allowed, wait = 0, next - at - burst
  if after > 0 then
    if strikesUntil <= at or strikesUntil > at + span then strikes, strikesUntil = 0, at + span end
    strikes = strikes + 1
    if strikes >= after then
      strikes, strikesUntil, blockedUntil = 0, 0, at + block
      keep()
      return {0, 0, block, block, 1}
    end
  end
end
keep()
local free = burst - (tat - at)
local remaining = math.floor(free / step)
local more = remaining >= limit and step or (remaining + 1) * step - free
return {allowed, remaining, wait, more, 0}
`);

/** `refundTo` of gcra.ts: the microseconds are computed by the caller. A key that is gone has nothing to give back. */
export const REFUND: Script = script(`
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local tat, rest = string.match(held, '^(%-?%d+)( .+)$')
if not tat then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', tonumber(tat) - tonumber(ARGV[1])) .. rest, 'KEEPTTL')
return 1
`);

/** Answers 1 where it replaced, the text of the record where its version is another one, and nothing where it is gone. */
export const REPLACE: Script = script(`
local held = redis.call('GET', KEYS[1])
if not held then return false end
if string.match(held, '^%d+') ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`);

/**
 * Enters a key into the index of its owner, and answers the number under which it stands there: when that may be
 * forgotten, in milliseconds. It grows with each entry, so what is entered anew has a number of its own, and a record that
 * is not replaced after all is not forgotten early. Answers the number that the lifetime alone would give, too; nothing
 * where the index is full.
 */
export const ENTER: Script = script(`${CLOCK}
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. text(now))
local held = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not held and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return false end
local wanted = now + tonumber(ARGV[2])
local number = wanted
if held and tonumber(held) >= number then number = tonumber(held) + 1 end
redis.call('ZADD', KEYS[1], text(number), ARGV[1])
if redis.call('PTTL', KEYS[1]) < number - now then redis.call('PEXPIREAT', KEYS[1], text(number)) end
return {number, wanted}
`);

/** Takes a key out of the index of its owner, unless it was entered anew since. */
export const LEAVE: Script = script(`
local held = redis.call('ZSCORE', KEYS[1], ARGV[1])
if held and tonumber(held) == tonumber(ARGV[2]) then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
`);

/** Lets a record that was replaced with a shorter lifetime be forgotten with it, unless it was entered anew since. */
export const SHORTEN: Script = script(`
local held = redis.call('ZSCORE', KEYS[1], ARGV[1])
if held and tonumber(held) == tonumber(ARGV[2]) then return redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 0
`);

/** The keys in the index that have not expired. */
export const MEMBERS: Script = script(`${CLOCK}
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], text(now), '+inf')
`);

import { entryOverhead } from './cache-store.ts';

/**
 * A tenant has three keys in Redis: `KEYS[1]`, a hash of its entries, each the time when it ends in
 * milliseconds, a space and the JSON; `KEYS[2]`, a sorted set of the same names by use; `KEYS[3]`, a
 * hash with `bytes` and the number of the last `use`. Redis may have dropped one of them by itself;
 * then the tenant begins with nothing. `ARGV[1]` is the name, `ARGV[2]` how long the keys live.
 */
const prelude = `
local entries, uses, counts = KEYS[1], KEYS[2], KEYS[3]
local name, lifetime = ARGV[1], tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local count = redis.call('HLEN', entries)
if count ~= redis.call('ZCARD', uses) or (count > 0) ~= (redis.call('EXISTS', counts) == 1) then
  redis.call('DEL', entries, uses, counts)
end
local function remove(which)
  local stored = redis.call('HGET', entries, which)
  if not stored then return false end
  redis.call('HDEL', entries, which)
  redis.call('ZREM', uses, which)
  redis.call('HINCRBY', counts, 'bytes', -(#which + #stored + ${entryOverhead}))
  if redis.call('HLEN', entries) == 0 then redis.call('DEL', counts) end
  return true
end
local function find()
  local stored = redis.call('HGET', entries, name)
  if not stored then return nil end
  local space = string.find(stored, ' ', 1, true)
  local ends = tonumber(string.sub(stored, 1, space - 1))
  if ends <= now then
    remove(name)
    return nil
  end
  redis.call('ZADD', uses, redis.call('HINCRBY', counts, 'use', 1), name)
  return string.sub(stored, space + 1), ends
end
local function put(json, ends, maxKeys, maxBytes)
  remove(name)
  local stored = string.format('%.0f', ends) .. ' ' .. json
  redis.call('HSET', entries, name, stored)
  redis.call('ZADD', uses, redis.call('HINCRBY', counts, 'use', 1), name)
  local bytes = redis.call('HINCRBY', counts, 'bytes', #name + #stored + ${entryOverhead})
  while redis.call('HLEN', entries) > maxKeys or bytes > maxBytes do
    remove(redis.call('ZRANGE', uses, 0, 0)[1])
    bytes = tonumber(redis.call('HGET', counts, 'bytes') or '0')
  end
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, lifetime) end
end
`;

/** What the scripts below take beside the name and lifetime: maxKeys, maxBytes, ttlMs, then a value. */
const bounds = `local maxKeys, maxBytes, ttl = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])`;

/** The methods of the cache, each a script. */
export type ScriptName = 'get' | 'has' | 'delete' | 'set' | 'getOrSet' | 'increment';

/** Lua, by method of the cache. A script is atomic. */
export const redisScripts: Readonly<Record<ScriptName, string>> = {
  get: `${prelude} return (find())`,
  has: `${prelude} return find() and 1 or 0`,
  delete: `${prelude} local found = find() remove(name) return found and 1 or 0`,
  set: `${prelude} ${bounds} put(ARGV[6], now + ttl, maxKeys, maxBytes)`,
  getOrSet: `${prelude} ${bounds}
local found = find()
if found then return found end
put(ARGV[6], now + ttl, maxKeys, maxBytes)
return ARGV[6]`,
  // JSON of anything but a number is nothing that tonumber reads; 17 digits are a number to the last bit.
  increment: `${prelude} ${bounds}
local found, ends = find()
local before = tonumber(found or '0')
if not before then return nil end
local sum = before + tonumber(ARGV[6])
if sum ~= sum or sum == math.huge or sum == -math.huge then return nil end
local json = string.format('%.17g', sum)
put(json, ends or now + ttl, maxKeys, maxBytes)
return json`,
};

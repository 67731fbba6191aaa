// Script: the script that makes all decisions on the server, by its clock.

/** The keys of a quota, all in one slot of a cluster. */
export function keysOf(key: string): string[] {
  return ["state", "leases", "held", "queue", "caps"].map((part) => `${channelOf(key)}:${part}`);
}

/** The channel for all holders; a holder's own channel adds `:` and its id. */
export function channelOf(key: string): string {
  return `proxypool:{${key}}`;
}

/** When the server ends a lease, in parts of its length. Its holder ends it before 1. */
const GIVEN_AWAY = 1.25;

/** How long the server waits before it asks for idle objects again, in ms. */
const ASKED = 50;

/**
 * A holder sends its state, not commands, so a repeated, late or lost call does no harm. Its counts
 * only grow: `granted` permits so far, of which it has `released` some; `wanted` is `granted` plus
 * its waiting requests. `asked` is how many of its permits were asked for.
 *
 * Data from before a restart is not reliable, and may be deleted. Then the quota grants nothing for
 * as long as a process could still hold permits. Meanwhile holders send their state again.
 *
 * A record is {granted, released, waiting, asked, owed, overdue, seq}. `owed` permits were asked
 * for and not released; the `overdue` ones among them are also asked of others.
 */
export const SCRIPT: string = `
local state, leases, held, queue, caps = unpack(KEYS)
local id, channel = ARGV[1], ARGV[2]
local n = {}
for i = 3, #ARGV do n[i - 2] = tonumber(ARGV[i]) end
local seq, granted, released, wanted, idle, max, lease, renewal = unpack(n)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''

local known = redis.call('HMGET', state, 'run', 'open', 'lease', 'total', 'pending', 'soft', 'ticket')
-- whether each record is also in these sets: some of the keys may have been deleted
local function isWhole()
  local records = redis.call('HLEN', state) - #known
  for _, key in ipairs({leases, held, caps}) do
    if redis.call('ZCARD', key) ~= records then return false end
  end
  return true
end
if known[1] ~= run or not isWhole() then
  redis.call('DEL', state, leases, held, queue, caps)
  known = {run, math.huge, lease, 0, 0, 0, 0}
end
local agreed, total, pending = tonumber(known[3]), tonumber(known[4]), tonumber(known[5])
local soft, ticket = tonumber(known[6]), tonumber(known[7])
local ttl = math.floor(agreed * ${GIVEN_AWAY})
local open = math.min(known[2], now + ttl)

local function load(who)
  local text = redis.call('HGET', state, 'of ' .. who)
  return text and cjson.decode(text)
end

local function save(who, r)
  redis.call('HSET', state, 'of ' .. who, cjson.encode(r))
  redis.call('ZADD', held, r[1] - r[2] - r[5], who)
end

local function drop(who, r)
  redis.call('HDEL', state, 'of ' .. who)
  for _, key in ipairs({leases, held, queue, caps}) do redis.call('ZREM', key, who) end
  total = total - (r[1] - r[2])
  pending = pending - (r[5] - r[6])
end

local function tell(who, r)
  if who ~= id then
    local name = string.match(who, '^[^.]+')
    redis.call('PUBLISH', channel .. ':' .. name, table.concat({who, open, r[1], r[4]}, ' '))
  end
end

local function lowest()
  return tonumber(redis.call('ZRANGE', caps, 0, 0, 'WITHSCORES')[2] or max)
end

-- the last in the queue; who has its share already stands behind all who have not
local function line(who, r)
  local at = tonumber(redis.call('ZSCORE', queue, who))
  if not at then
    ticket = ticket + 1
    at = ticket
  end
  local share = lowest() / redis.call('ZCARD', leases)
  redis.call('ZADD', queue, at % 1e12 + (r[1] - r[2] >= share and 1e12 or 0), who)
end

local function answer(...)
  redis.call('HSET', state, 'run', run, 'open', open, 'lease', agreed, 'total', total,
    'pending', pending, 'soft', soft, 'ticket', ticket)
  return {...}
end

-- who has not renewed; and nobody keeps a lease for longer because the clock was set back
for _, who in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do drop(who, load(who)) end
for _, who in ipairs(redis.call('ZRANGEBYSCORE', leases, '(' .. now + ttl, '+inf')) do
  redis.call('ZADD', leases, now + ttl, who)
end

if lease ~= agreed then
  if redis.call('ZCARD', leases) > 0 then return answer('lease', agreed) end
  agreed, ttl = lease, math.floor(lease * ${GIVEN_AWAY})
  if now < open then open = now + ttl end
end

-- the caller: what it says that it holds, and the server does not know of
local mine = load(id)
if mine and seq <= mine[7] then return answer('late') end
local isNew = not mine
if isNew then mine = {released, released, 0, 0, 0, 0, 0} end
local claimed = granted - mine[1]
if claimed > 0 then
  if now >= open and total + claimed > math.min(max, lowest()) then
    if not isNew then drop(id, mine) end
    return answer('gone')
  end
  total = total + claimed
  mine[1] = granted
end

-- what it has released since, which answers what it was asked for
local freed = released - mine[2]
total = total - freed
mine[2] = released
local before = mine[5] - mine[6]
mine[5] = math.max(0, mine[5] - freed)
mine[6] = renewal == 1 and mine[5] or math.max(0, mine[6] - freed)
pending = pending + mine[5] - mine[6] - before
mine[3] = math.max(0, wanted - mine[1])
mine[7] = seq
local cap = math.min(max, lowest())
if now >= open and total < cap and mine[3] > 0 and redis.call('ZCARD', queue) == 0 then
  local count = math.min(mine[3], cap - total)
  total = total + count
  mine[1], mine[3] = mine[1] + count, mine[3] - count
end
local stays = mine[1] > mine[2] or mine[3] > 0
if stays then
  redis.call('ZADD', leases, now + ttl, id)
  if isNew then redis.call('ZADD', caps, max, id) end
  save(id, mine)
  if mine[3] > 0 then line(id, mine) elseif not isNew then redis.call('ZREM', queue, id) end
else
  drop(id, mine)
  cap = lowest()
end

-- free places go round, one to each who waits
local function head() return redis.call('ZRANGE', queue, 0, 0)[1] end
while now >= open and total < cap do
  local who = head()
  if not who then break end
  local r = who == id and mine or load(who)
  local count = redis.call('ZCARD', queue) == 1 and math.min(r[3], cap - total) or 1
  total = total + count
  r[1], r[3] = r[1] + count, r[3] - count
  redis.call('ZREM', queue, who)
  if r[3] > 0 then line(who, r) end
  save(who, r)
  tell(who, r)
end

local function ask(who, r, count)
  r[4], r[5] = r[4] + count, r[5] + count
  pending = pending + count
  save(who, r)
  tell(who, r)
end

-- who still waits: somebody is to give a permit back
local waiting = redis.call('ZCARD', queue)
local wake = math.huge
if now < open then
  wake = open - now
elseif waiting > pending then
  local spare = math.min(waiting - pending, idle - mine[5])
  if stays and spare > 0 then ask(id, mine, spare) end
  local needy = tonumber(redis.call('ZSCORE', held, head()))
  local share = cap / redis.call('ZCARD', leases)
  while waiting > pending do
    local top = redis.call('ZREVRANGE', held, 0, 0, 'WITHSCORES')
    local most = tonumber(top[2])
    if most <= share or most < needy + 1 then break end
    ask(top[1], top[1] == id and mine or load(top[1]), 1)
  end
  if waiting > pending and now - soft >= ${ASKED} then
    soft = now
    redis.call('PUBLISH', channel, 'idle?')
  elseif waiting > pending then
    wake = soft + ${ASKED} - now
  end
end
if mine[3] > 0 then
  local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
  wake = math.min(wake, tonumber(first[2]) - now)
end

return answer('ok', open, mine[1], mine[4], waiting, math.min(wake, ttl) + 1)
`;

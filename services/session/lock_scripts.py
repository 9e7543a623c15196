"""The lock's steps as Redis runs them: each script is atomic.

A lock is the string `<token> <firm until>`; `firm until` is milliseconds of Redis's own clock, 0 for a lock that may be
taken over. It expires with its lease. Its queue is a list of waiters `<token> <channel>`, first come first served. A
lock is handed over, never thrown into the crowd: whoever lets go gives it to the first waiter whose process still
listens.
"""

from __future__ import annotations

_SHARED = """
local lock, queue, saved = KEYS[1], KEYS[2], KEYS[3]
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function holder()
  local value = redis.call('GET', lock)
  if not value then return nil, 0 end
  local cut = string.find(value, ' ')
  return string.sub(value, 1, cut - 1), tonumber(string.sub(value, cut + 1))
end
local function hold(token, lease, firm)
  redis.call('SET', lock, token .. ' ' .. firm, 'PX', lease)
end
local function hand_over(lease)
  while true do
    local waiter = redis.call('LPOP', queue)
    if not waiter then
      redis.call('DEL', lock)
      return ''
    end
    local cut = string.find(waiter, ' ')
    local token = string.sub(waiter, 1, cut - 1)
    hold(token, lease, '0')
    if redis.call('PUBLISH', string.sub(waiter, cut + 1), token) > 0 then return token end
  end
end
"""

ACQUIRE = (
    _SHARED
    + """
-- ARGV: token, channel, lease ms, firm ms, life of the queue ms. Gives {1 when held, ms until it is worth another
-- look, the version that the last holder saved if that was a moment ago}
if not redis.call('GET', lock) then
  if redis.call('LLEN', queue) == 0 then
    hold(ARGV[1], ARGV[3], ARGV[4] == '0' and '0' or tostring(now() + tonumber(ARGV[4])))
    return {1, 0, redis.call('GET', saved) or ''}
  end
end
redis.call('RPUSH', queue, ARGV[1] .. ' ' .. ARGV[2])
redis.call('PEXPIRE', queue, ARGV[5])
if not redis.call('GET', lock) and hand_over(ARGV[3]) == ARGV[1] then return {1, 0, ''} end
return {0, redis.call('PTTL', lock), ''}
"""
)

LOOK_AGAIN = (
    _SHARED
    + """
-- ARGV: token, lease ms. For a waiter, when the lease it saw has run out. Gives {1 when held, ms until another look}
local owner = holder()
if not owner then owner = hand_over(ARGV[2]) end
if owner == ARGV[1] then return {1, 0} end
return {0, redis.call('PTTL', lock)}
"""
)

TAKE_OVER = (
    _SHARED
    + """
-- ARGV: token, channel, lease ms, firm ms. For a waiter that has waited long enough.
-- Gives {1, whether somebody was overtaken} or {0, ms until the holder may be overtaken}
local owner, firm = holder()
local left = firm - now()
if owner and owner ~= ARGV[1] and left > 0 then return {0, left} end
redis.call('LREM', queue, 0, ARGV[1] .. ' ' .. ARGV[2])
hold(ARGV[1], ARGV[3], ARGV[4] == '0' and '0' or tostring(now() + tonumber(ARGV[4])))
return {1, (owner and owner ~= ARGV[1]) and 1 or 0}
"""
)

FIRM = (
    _SHARED
    + """
-- ARGV: token, lease ms, firm ms. Gives 1 when the token holds the lock, which then cannot be overtaken for so long
if holder() ~= ARGV[1] then return 0 end
hold(ARGV[1], ARGV[2], tostring(now() + tonumber(ARGV[3])))
return 1
"""
)

RENEW = (
    _SHARED
    + """
-- ARGV: token, lease ms. Gives 1 when the token still holds the lock
if holder() ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', lock, ARGV[2])
return 1
"""
)

RELEASE = (
    _SHARED
    + """
-- ARGV: token, channel, lease ms, version that was saved or '', life of what tells it in ms.
-- Lets go, whether waiting or holding. Gives 1 when it was held
redis.call('LREM', queue, 0, ARGV[1] .. ' ' .. ARGV[2])
if holder() ~= ARGV[1] then return 0 end
if ARGV[4] ~= '' then redis.call('SET', saved, ARGV[4], 'PX', ARGV[5]) end
hand_over(ARGV[3])
return 1
"""
)

/**
 * The limiter's Lua scripts in Redis, over one state per subject.
 *
 * State (MessagePack): bornMs, backOffUntilMs, then start and count of hour, day and month, then the units of the
 * minute, then pairs of slice and units, oldest first. For a limit that only this program counts, a pair has the time
 * of the slice's last token instead of the slice. At most 124 pairs, so about 1 KiB. The state lives as long as its
 * longest window. A changed `bornMs` shows a replica that Redis lost the state, so that it writes its use again.
 *
 * All times are Redis's own, so that the replicas' clocks need not agree. One script reads, checks and writes all
 * subjects of a call, so a call spends in all windows or in none.
 */
import type { LuaScript } from '../storage/redis/shared-store.ts';
import { backOffMsMax, minuteMs, returnAfterMs, sliceMs } from './limit-windows.ts';

const prelude = `
local SLICE, RETURN = ${sliceMs}, ${sliceMs + returnAfterMs}
local MINUTE, HOUR, DAY = ${minuteMs}, 3600000, 86400000
local floor, max, min = math.floor, math.max, math.min
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)

-- First day of the month of a day, and of the next one, counted from 1970-01-01 (the civil calendar's usual arithmetic).
local function daysFromCivil(year, month)
  if month <= 2 then year = year - 1 end
  local era = floor(year / 400)
  local yearOfEra = year - era * 400
  local dayOfYear = floor((153 * ((month + 9) % 12) + 2) / 5)
  return era * 146097 + yearOfEra * 365 + floor(yearOfEra / 4) - floor(yearOfEra / 100) + dayOfYear - 719468
end
local function monthOf(day)
  local shifted = day + 719468
  local era = floor(shifted / 146097)
  local dayOfEra = shifted - era * 146097
  local yearOfEra = floor((dayOfEra - floor(dayOfEra / 1460) + floor(dayOfEra / 36524) - floor(dayOfEra / 146096)) / 365)
  local dayOfYear = dayOfEra - (365 * yearOfEra + floor(yearOfEra / 4) - floor(yearOfEra / 100))
  local month = (floor((5 * dayOfYear + 2) / 153) + 2) % 12 + 1
  local year = yearOfEra + era * 400 + (month <= 2 and 1 or 0)
  local nextMonth, nextYear = month + 1, year
  if month == 12 then nextMonth, nextYear = 1, year + 1 end
  return daysFromCivil(year, month) * DAY, daysFromCivil(nextYear, nextMonth) * DAY
end

local boundsByOffset = {}
local function boundsOf(offset)
  local bounds = boundsByOffset[offset]
  if not bounds then
    local here = now + offset
    local monthStart, monthEnd = monthOf(floor(here / DAY))
    local hourStart, dayStart = floor(here / HOUR) * HOUR - offset, floor(here / DAY) * DAY - offset
    bounds = { hourStart, hourStart + HOUR, dayStart, dayStart + DAY, monthStart - offset, monthEnd - offset }
    boundsByOffset[offset] = bounds
  end
  return bounds
end

local function sliceOf(stamp, alone) return alone and floor(stamp / SLICE) or stamp end
local function returnsAt(stamp, alone) return alone and stamp + MINUTE or stamp * SLICE + RETURN end
local function stampOfNow(alone) return alone and now or floor(now / SLICE) end

local function open(raw, offset, alone)
  local state = raw and cmsgpack.unpack(raw) or { 0, 0, 0, 0, 0, 0, 0, 0, 0 }
  local size = #state
  local kept = 10
  while kept < size and returnsAt(state[kept], alone) <= now do
    state[9] = state[9] - state[kept + 1]
    kept = kept + 2
  end
  if kept > 10 then
    local gone = kept - 10
    for i = kept, size do state[i - gone] = state[i] end
    for i = size - gone + 1, size do state[i] = nil end
  end
  local bounds = boundsOf(offset)
  for i = 1, 5, 2 do
    -- A clock that steps back over a boundary stays in the later window.
    if bounds[i] > state[i + 2] then state[i + 2] = bounds[i]; state[i + 3] = 0 end
  end
  return state
end

local function save(key, state, alone)
  local last = state[2]
  if #state > 9 then last = max(last, returnsAt(state[#state - 1], alone)) end
  if state[4] > 0 then last = max(last, state[3] + HOUR) end
  if state[6] > 0 then last = max(last, state[5] + DAY) end
  if state[8] > 0 then last = max(last, state[7] + 31 * DAY) end
  if last <= now then return end
  if state[1] == 0 then state[1] = now end
  redis.call('SET', key, cmsgpack.pack(state), 'PX', last - now + 1000)
end

local function addToSlice(state, stamp, units, alone)
  local size = #state
  local at = size - 1
  local slice = sliceOf(stamp, alone)
  while at >= 10 and sliceOf(state[at], alone) > slice do at = at - 2 end
  if at >= 10 and sliceOf(state[at], alone) == slice then
    state[at] = max(state[at], stamp)
    state[at + 1] = state[at + 1] + units
  else
    for i = size, at + 2, -1 do state[i + 2] = state[i] end
    state[at + 2] = stamp
    state[at + 3] = units
  end
  state[9] = state[9] + units
end
`;

/**
 * KEYS: the subjects. ARGV: one JSON array, because hundreds of small arguments took 10 µs of the client's CPU per
 * decision, against 6 µs. It has, for each subject, its offset, whether only this program counts it (1), and the limits
 * of its minute, hour, day and month (-1: none); then, for each group of equal requests, the units, the number of
 * requests, the number of subjects, and their positions among KEYS.
 *
 * Returns a JSON array too (Lua writes 14 digits, a time has 13): now; then, for each group, how many requests are
 * granted, milliseconds until the next could be (-1: never), the position in the group of the subject that refuses (0:
 * none) and its window (1 to 4; 0: its back-off, -1: no window); then, for each subject, bornMs, backOffUntilMs, and
 * used, start and end of each of its windows.
 */
export const spendScript: LuaScript = {
  name: 'limit_spend',
  lua: `${prelude}
local args = cjson.decode(ARGV[1])
local raws = redis.call('MGET', unpack(KEYS))
local states, dirty, limits, bounds, alones = {}, {}, {}, {}, {}
for i = 1, #KEYS do
  local at = (i - 1) * 6
  local offset, alone = args[at + 1], args[at + 2] == 1
  alones[i] = alone
  states[i] = open(raws[i], offset, alone)
  bounds[i] = boundsOf(offset)
  limits[i] = { args[at + 3], args[at + 4], args[at + 5], args[at + 6] }
end
local place = { 9, 4, 6, 8 }

local function waitFor(i, w, units)
  local limit, state = limits[i][w], states[i]
  local missing = state[place[w]] + units - limit
  if missing <= 0 then return 0 end
  if units > limit then return -1 end
  if w > 1 then return bounds[i][(w - 1) * 2] - now end
  for at = 10, #state, 2 do
    missing = missing - state[at + 1]
    if missing <= 0 then return returnsAt(state[at], alones[i]) - now end
  end
  return -1
end

local reply = { now }
local p, size = #KEYS * 6 + 1, #args
while p <= size do
  local units, count, subjects = args[p], args[p + 1], args[p + 2]
  local first = p + 3
  p = first + subjects
  local members, granted = {}, count
  for m = 1, subjects do
    local i = args[first + m - 1]
    members[m] = i
    local state, limit = states[i], limits[i]
    if state[2] > now then granted = 0 end
    for w = 1, 4 do
      if limit[w] >= 0 then granted = min(granted, max(0, floor((limit[w] - state[place[w]]) / units))) end
    end
  end
  if granted > 0 then
    local spent = granted * units
    for m = 1, subjects do
      local i = members[m]
      local state, limit = states[i], limits[i]
      -- Where a provider counts too, one limit records every window, for limits that are added later.
      local all = not alones[i] and max(limit[1], limit[2], limit[3], limit[4]) >= 0
      if all or limit[1] >= 0 then addToSlice(state, stampOfNow(alones[i]), spent, alones[i]) end
      for w = 2, 4 do
        if all or limit[w] >= 0 then state[place[w]] = state[place[w]] + spent end
      end
      if state[1] == 0 then state[1] = now end
      dirty[i] = true
    end
  end
  local retry, refusedSubject, refusedWindow = 0, 0, -1
  if granted < count then
    for m = 1, subjects do
      local i = members[m]
      local function consider(wait, w)
        if wait ~= 0 and retry ~= -1 and (wait == -1 or wait > retry) then
          retry, refusedSubject, refusedWindow = wait, m, w
        end
      end
      consider(max(0, states[i][2] - now), 0)
      for w = 1, 4 do
        if limits[i][w] >= 0 then consider(waitFor(i, w, units), w) end
      end
    end
  end
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = granted, retry, refusedSubject, refusedWindow
  for m = 1, subjects do
    local i = members[m]
    local state, bound = states[i], bounds[i]
    n = #reply
    reply[n + 1], reply[n + 2] = state[1], state[2]
    if limits[i][1] >= 0 then
      local free = #state > 9 and returnsAt(state[#state - 1], alones[i]) or now
      reply[n + 3], reply[n + 4], reply[n + 5] = state[9], now - 60000, free
    end
    for w = 2, 4 do
      if limits[i][w] >= 0 then
        n = #reply
        reply[n + 1], reply[n + 2], reply[n + 3] = state[place[w]], bound[w * 2 - 3], bound[w * 2 - 2]
      end
    end
  end
end
for i in pairs(dirty) do save(KEYS[i], states[i], alones[i]) end
return '[' .. table.concat(reply, ',') .. ']'
`,
};

/**
 * Adds units that a replica spent while it could not reach Redis. KEYS: the subjects. ARGV: for each its offset,
 * whether only this program counts it (1), three pairs of start and count (hour, day, month), the number of slices,
 * then slice and units of each. Returns now, then each subject's bornMs (0: it has no state).
 */
export const writeBackScript: LuaScript = {
  name: 'limit_write_back',
  lua: `${prelude}
local reply = { now }
local p = 1
for i = 1, #KEYS do
  local alone = ARGV[p + 1] == '1'
  local state = open(redis.call('GET', KEYS[i]), tonumber(ARGV[p]), alone)
  for w = 0, 2 do
    local start, count = tonumber(ARGV[p + 2 + w * 2]), tonumber(ARGV[p + 3 + w * 2])
    -- Only the current window can still refuse calls.
    if start == state[3 + w * 2] then state[4 + w * 2] = state[4 + w * 2] + count end
  end
  local slices = tonumber(ARGV[p + 8])
  p = p + 9
  for _ = 1, slices do
    local slice, units = tonumber(ARGV[p]), tonumber(ARGV[p + 1])
    if returnsAt(slice, alone) > now then addToSlice(state, slice, units, alone) end
    p = p + 2
  end
  save(KEYS[i], state, alone)
  reply[i + 1] = state[1]
end
return reply
`,
};

/**
 * Starts a back-off. KEYS: the subject. ARGV: its offset, whether only this program counts it (1), and the length of
 * the back-off in milliseconds. Returns now and the end of the back-off.
 */
export const backOffScript: LuaScript = {
  name: 'limit_back_off',
  lua: `${prelude}
local alone = ARGV[2] == '1'
local state = open(redis.call('GET', KEYS[1]), tonumber(ARGV[1]), alone)
state[2] = max(state[2], now + min(tonumber(ARGV[3]), ${backOffMsMax}))
save(KEYS[1], state, alone)
return { now, state[2] }
`,
};

/** Ends the back-off of a subject. KEYS: the subject. ARGV: its offset, whether only this program counts it (1). */
export const resumeScript: LuaScript = {
  name: 'limit_resume',
  lua: `${prelude}
local alone = ARGV[2] == '1'
local state = open(redis.call('GET', KEYS[1]), tonumber(ARGV[1]), alone)
state[2] = 0
redis.call('DEL', KEYS[1])
save(KEYS[1], state, alone)
return now
`,
};

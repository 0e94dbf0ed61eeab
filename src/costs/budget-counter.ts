/**
 * The counters of budgets in Redis: settled and reserved together, in billionths of a dollar. A missing counter (a new
 * month, a Redis that lost its data) is seeded from the roll-up and gets a new birth mark. A replica that sees a new
 * mark adds its reservations in progress, because the roll-up did not contain them.
 */
import type { LuaScript, SharedStore } from '../storage/redis/shared-store.ts';

/** A counter as a script returned it. */
export interface CounterState {
  readonly birth: string;
  readonly spentNanoUsd: number;
}

export interface ReserveReply {
  /** One per amount, in the order given. */
  readonly granted: readonly boolean[];
  /** One per counter, in the order of the keys. */
  readonly states: readonly CounterState[];
}

export interface BudgetCounter {
  /**
   * Reserves each amount on all counters, or on none. A number as result: the counter at this position must be seeded
   * first. `askKey` identifies the request for a minute: if it is repeated, it returns its first answer and reserves
   * nothing.
   */
  reserve(
    askKey: string,
    keys: readonly string[],
    limits: readonly number[],
    amounts: readonly number[],
  ): Promise<ReserveReply | number>;
  /** Changes the counter by `delta`, or by `otherwise` if it has another birth mark. */
  correct(key: string, birth: string, delta: number, otherwise: number): Promise<void>;
  /** Creates a missing counter. */
  seed(key: string, spentNanoUsd: number, birth: string, ttlMs: number): Promise<void>;
  /**
   * Raises the counter to the amount that is certainly spent. Lowers it to that amount if nothing was reserved or
   * settled for `quietSeconds`.
   */
  reconcile(key: string, spentNanoUsd: number, quietSeconds: number): Promise<void>;
}

const reserveScript: LuaScript = {
  name: 'budget reserve',
  lua: `
local askKey = table.remove(KEYS)
local answered = redis.call('GET', askKey)
if answered then return cjson.decode(answered) end
local spent, births = {}, {}
for i, key in ipairs(KEYS) do
  local state = redis.call('HMGET', key, 'spent', 'birth')
  if not state[1] then return { i - 1 } end
  spent[i], births[i] = tonumber(state[1]), state[2]
end
local granted, total = {}, 0
for j = #KEYS + 1, #ARGV do
  local amount, fits = tonumber(ARGV[j]), '1'
  for i = 1, #KEYS do
    if spent[i] + amount > tonumber(ARGV[i]) then fits = '0' end
  end
  if fits == '1' then
    for i = 1, #KEYS do spent[i] = spent[i] + amount end
    total = total + amount
  end
  granted[#granted + 1] = fits
end
if total > 0 then
  local now = redis.call('TIME')[1]
  for _, key in ipairs(KEYS) do
    redis.call('HINCRBY', key, 'spent', string.format('%d', total))
    redis.call('HSET', key, 'at', now)
  end
end
local reply = { table.concat(granted) }
for i = 1, #KEYS do
  reply[#reply + 1] = births[i]
  reply[#reply + 1] = spent[i]
end
redis.call('SET', askKey, cjson.encode(reply), 'PX', 60000)
return reply`,
};

const correctScript: LuaScript = {
  name: 'budget correct',
  lua: `
local birth = redis.call('HGET', KEYS[1], 'birth')
if not birth then return 0 end
redis.call('HINCRBY', KEYS[1], 'spent', birth == ARGV[1] and ARGV[2] or ARGV[3])
redis.call('HSET', KEYS[1], 'at', redis.call('TIME')[1])
return 1`,
};

const seedScript: LuaScript = {
  name: 'budget seed',
  lua: `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'spent', ARGV[1], 'birth', ARGV[2], 'at', redis.call('TIME')[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`,
};

const reconcileScript: LuaScript = {
  name: 'budget reconcile',
  lua: `
local state = redis.call('HMGET', KEYS[1], 'spent', 'at')
if not state[1] then return 0 end
local isQuiet = redis.call('TIME')[1] - tonumber(state[2]) > tonumber(ARGV[2])
if tonumber(state[1]) < tonumber(ARGV[1]) or isQuiet then redis.call('HSET', KEYS[1], 'spent', ARGV[1]) end
return 1`,
};

/** Creates the client. Every function rejects with `StoreAway` while Redis is away. */
export function createBudgetCounter(store: Pick<SharedStore, 'runScript'>): BudgetCounter {
  return {
    async reserve(askKey, keys, limits, amounts) {
      const reply = (await store.runScript(reserveScript, [...keys, askKey], [...limits, ...amounts])) as (
        | string
        | number
      )[];
      const [flags] = reply;
      if (typeof flags === 'number') return flags;
      return {
        granted: Array.from(flags ?? '', (flag) => flag === '1'),
        states: keys.map((_, index) => ({
          birth: String(reply[1 + 2 * index]),
          spentNanoUsd: Number(reply[2 + 2 * index]),
        })),
      };
    },
    async correct(key, birth, delta, otherwise) {
      await store.runScript(correctScript, [key], [birth, delta, otherwise]);
    },
    async seed(key, spentNanoUsd, birth, ttlMs) {
      await store.runScript(seedScript, [key], [spentNanoUsd, birth, Math.ceil(ttlMs)]);
    },
    async reconcile(key, spentNanoUsd, quietSeconds) {
      await store.runScript(reconcileScript, [key], [spentNanoUsd, quietSeconds]);
    },
  };
}

/** Tests with three replicas that a provider never gets a call above its limit, whatever happens to Redis. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { subjectOf } from '../../test/contracts/rate-limiter.ts';
import { createManualClock } from '../../test/support/clock.ts';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { createProviderCount, createSeededRandom } from '../../test/support/provider-count.ts';
import { redisUrl } from '../../test/support/redis.ts';
import { redisAtClock, removeKeys } from '../../test/support/redis-at-clock.ts';
import { startTcpProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import type { Refused } from '../gateway/outcome.ts';
import { parseTenantId } from '../ids.ts';
import { noViews, openIndirectProbe } from '../storage/postgres/indirect-probe.ts';
import type { LimitDecision, LimitSubject, RateLimiter } from './limits.ts';
import { createRateLimiter } from './rate-limiter.ts';

const tenant = parseTenantId('tenant_a');
const replicaCount = 3;
const minuteMs = 60_000;
/**
 * The test moves the clock, which runs far ahead of real time; the replicas notice the return of Redis in real time.
 */
const rejoiningMs = 1_500;
const stepMsMax = 700;
const travelMsMax = 2_000;
/** Under load every token is spent once per turn of the bucket (62.5 s), as soon as a replica asks for it. */
const turnMs = 62_500 + stepMsMax + travelMsMax;

async function startReplicas(t: TestContext) {
  const clock = createManualClock();
  const redis = redisAtClock(t, clock);
  const database = await startTestDatabase(t);

  const startReplica = async (begin: (proxy: TcpProxy) => void = () => {}) => {
    const proxy = await startTcpProxy(t, redisUrl);
    begin(proxy);
    const store = await redis.openStore(proxy.through(redisUrl));
    const probe = await openIndirectProbe({ db: database.openAnother(), store, logger: silentLogger });
    const replica = { isAway: false, store, proxy };
    const onAway = (isAway: boolean): void => {
      replica.isAway = isAway;
    };
    const limiter = createRateLimiter({
      store,
      clock,
      logger: silentLogger,
      askOthers: probe.ask,
      onAway,
      rejoiningMs,
    });
    t.after(async () => {
      await limiter.close();
      await probe.close();
    });
    return Object.assign(replica, { limiter });
  };

  const replicas = await Promise.all(Array.from({ length: replicaCount }, () => startReplica()));
  await waitFor('all replicas to see each other', () =>
    replicas.every(({ store }) => store.replicasSeen() === replicaCount),
  );
  return { clock, replicas, startReplica, prefix: redis.prefix };
}

type Replicas = Awaited<ReturnType<typeof startReplicas>>;
type Replica = Replicas['replicas'][number];

const google = (): LimitSubject =>
  subjectOf(
    'service:google',
    [
      { windowType: 'minute', maxRequests: 60 },
      { windowType: 'day', maxRequests: 1_000_000 },
    ],
    { serviceId: 'google' },
  );

/** Each step moves the clock by up to 0.7 s and lets every replica ask a few times; calls travel up to a second. */
function createPressure({ clock, replicas }: Pick<Replicas, 'clock' | 'replicas'>, seed: number) {
  const random = createSeededRandom(seed);
  const provider = createProviderCount();
  const subjects = [google()];
  const refusals: Refused[] = [];
  const granted = new Map<RateLimiter, number>();

  /** The clock stands still here, so a missed deadline on a busy machine does not matter. */
  const ask = async (replica: Replica): Promise<LimitDecision> => {
    for (;;) {
      const decision = await replica.limiter.spend(tenant, subjects, 1);
      if (decision.granted || decision.because !== 'uncounted' || replica.isAway) return decision;
    }
  };
  const step = async (): Promise<void> => {
    clock.advance(Math.floor(random() * stepMsMax));
    const asking = replicas.flatMap((replica) =>
      Array.from({ length: Math.floor(random() * 4) }, async () => ({
        limiter: replica.limiter,
        decision: await ask(replica),
      })),
    );
    for (const { limiter, decision } of await Promise.all(asking)) {
      if (!decision.granted) {
        refusals.push(decision);
        continue;
      }
      granted.set(limiter, (granted.get(limiter) ?? 0) + 1);
      provider.arrive(clock.now() + random() * travelMsMax);
    }
  };
  const runFor = async (durationMs: number): Promise<void> => {
    for (const endMs = clock.now() + durationMs; clock.now() < endMs; ) await step();
  };
  return { provider, step, runFor, refusals, grantedBy: ({ limiter }: Replica) => granted.get(limiter) ?? 0 };
}

test('a provider with 60 a minute never sees a 61st call in any minute from three replicas, and gets at least 57', async (t) => {
  const setting = await startReplicas(t);
  const pressure = createPressure(setting, 1);
  await pressure.runFor(2 * minuteMs);
  const fromMs = setting.clock.now();
  await pressure.runFor(10 * minuteMs);

  assert.ok(pressure.refusals.length > 100, 'there was load');
  assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} in a minute`);
  const fewest = pressure.provider.quietestStretch(turnMs, fromMs, setting.clock.now());
  assert.ok(fewest >= 57, `got only ${fewest} in a turn of the bucket`);
  const perMinute = pressure.provider.arrivedBetween(fromMs, setting.clock.now()) / 10;
  assert.ok(perMinute >= 57, `got only ${perMinute} a minute`);
});

interface Outage {
  readonly name: string;
  begin(proxy: TcpProxy): void;
  /** Changes Redis before it can be reached again. */
  beforeReturn(prefix: string): Promise<void>;
}

const outages: readonly Outage[] = [
  { name: 'is cut off', begin: (proxy) => proxy.cut(), beforeReturn: async () => {} },
  { name: 'falls silent', begin: (proxy) => proxy.stall(), beforeReturn: async () => {} },
  {
    name: 'is killed and comes back empty',
    begin: (proxy) => proxy.cut(),
    beforeReturn: (prefix) => removeKeys(redisUrl, prefix),
  },
];

for (const { name, begin, beforeReturn } of outages) {
  // Early: while the first tokens are spent. Late: after the bucket was empty for long.
  for (const [moment, warmUpMs] of [
    ['early', 5_000],
    ['late', 150_000],
  ] as const) {
    test(`when Redis ${name} ${moment} under load, no minute has a 61st call, calls continue, and Redis decides again`, async (t) => {
      const setting = await startReplicas(t);
      const { clock, replicas, prefix } = setting;
      const pressure = createPressure(setting, warmUpMs);
      await pressure.runFor(warmUpMs);

      for (const { proxy } of replicas) begin(proxy);
      await waitFor('every replica to notice', async () => {
        await pressure.step();
        return replicas.every(({ isAway }) => isAway);
      });
      const before = replicas.map(pressure.grantedBy);
      await waitFor('every replica to spend its share', async () => {
        await pressure.step();
        return replicas.every((replica, index) => pressure.grantedBy(replica) > (before[index] as number));
      });
      const awayFromMs = clock.now();
      await pressure.runFor(3 * minuteMs);
      const awayToMs = clock.now();
      assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} while away`);
      const alone = pressure.provider.arrivedBetween(awayFromMs, awayToMs) / 3;
      assert.ok(alone >= 40, `got only ${alone} a minute while away`);

      await beforeReturn(prefix);
      for (const { proxy } of replicas) proxy.resume();
      await waitFor('every replica to count in Redis again', async () => {
        await pressure.step();
        return replicas.every(({ isAway }) => !isAway);
      });
      await pressure.runFor(2 * minuteMs);
      const recoveredMs = clock.now();
      await pressure.runFor(5 * minuteMs);
      assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} after the return`);
      const fewest = pressure.provider.quietestStretch(turnMs, recoveredMs, clock.now());
      assert.ok(fewest >= 57, `got only ${fewest} in a turn after the return`);
    });
  }
}

test('when Redis loses its keys unnoticed, each replica writes its use again', async (t) => {
  const { clock, replicas, prefix } = await startReplicas(t);
  const subjects = [
    subjectOf('service:google', [
      { windowType: 'minute', maxRequests: 60 },
      { windowType: 'month', maxRequests: 1_000 },
    ]),
  ];
  const spendEverywhere = () => Promise.all(replicas.map(({ limiter }) => limiter.spend(tenant, subjects, 5)));
  const usedNow = async (): Promise<number[]> => {
    const states = (await replicas[0]?.limiter.peek(tenant, subjects)) ?? [];
    return states.map(({ usedRequests }) => usedRequests);
  };
  await spendEverywhere();
  await spendEverywhere();
  assert.deepEqual(await usedNow(), [30, 30]);

  await removeKeys(redisUrl, `${prefix}{`);
  clock.advance(1);
  await spendEverywhere();
  await waitFor('all use to be counted', async () => {
    const [minute, month] = await usedNow();
    return minute === 45 && month === 45;
  });
});

for (const { name, begin } of outages.slice(0, 2)) {
  test(`when Redis ${name} for one replica alone, it grants nothing that others may spend, and recovers`, async (t) => {
    const setting = await startReplicas(t);
    const { clock, replicas } = setting;
    const [lonely] = replicas as [Replica];
    const pressure = createPressure(setting, 7);
    // Long enough to spend the whole bucket and return it: then all replicas ask at once.
    await pressure.runFor(3 * minuteMs);

    begin(lonely.proxy);
    const fromMs = clock.now();
    await waitFor('the cut-off replica to notice', async () => {
      await pressure.step();
      return lonely.isAway;
    });
    const grantedBefore = pressure.grantedBy(lonely);
    // In real time: while it is doubtful, and after the others have answered.
    for (const endMs = performance.now() + 2_500; performance.now() < endMs; ) await pressure.step();
    assert.equal(pressure.grantedBy(lonely), grantedBefore);
    assert.ok(pressure.refusals.some(({ because }) => because === 'uncounted'));
    assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} in a minute`);
    // Two replicas ask less often than three: a returned token may wait for two steps.
    const fewest = pressure.provider.quietestStretch(turnMs + 2 * stepMsMax, fromMs, clock.now());
    assert.ok(fewest >= 57, `the others got only ${fewest} in a turn`);

    lonely.proxy.resume();
    await waitFor('the replica to count in Redis again', async () => {
      await pressure.step();
      return !lonely.isAway && pressure.grantedBy(lonely) > grantedBefore;
    });
    await pressure.runFor(3 * minuteMs);
    assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} after the return`);
  });
}

test('a replica that starts while Redis is away grants nothing, because it does not know what the others spent', async (t) => {
  const setting = await startReplicas(t);
  const { replicas, startReplica } = setting;
  const pressure = createPressure(setting, 3);
  await pressure.runFor(minuteMs);
  for (const { proxy } of replicas) proxy.stall();
  const newcomer = await startReplica((proxy) => proxy.stall());
  replicas.push(newcomer);
  const before = replicas.map(pressure.grantedBy);
  await waitFor('the other replicas to spend their share', async () => {
    await pressure.step();
    return replicas
      .slice(0, replicaCount)
      .every((replica, index) => pressure.grantedBy(replica) > (before[index] as number));
  });
  await pressure.runFor(3 * minuteMs);
  assert.equal(pressure.grantedBy(newcomer), 0);
  assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} in a minute`);

  // The clock runs far ahead of real time: calls of the others would still be in transit when the new replica starts to
  // spend.
  const others = replicas.slice(0, replicaCount);
  for (const { proxy } of others) proxy.resume();
  await waitFor('the other replicas to count in Redis again', async () => {
    await pressure.step();
    return others.every(({ isAway }) => !isAway);
  });
  newcomer.proxy.resume();
  await waitFor('the new replica to spend too', async () => {
    await pressure.step();
    return pressure.grantedBy(newcomer) > 0;
  });
  await pressure.runFor(2 * minuteMs);
  assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} after the return`);
});

test('the share decides a tenant’s own limit, which no provider counts, while Redis is in doubt', async (t) => {
  const { replicas } = await startReplicas(t);
  const [lonely] = replicas as [Replica];
  lonely.proxy.stall();
  const family = [subjectOf('family:geocoding', [{ windowType: 'minute', maxRequests: 60 }])];
  const decisions = await Promise.all(Array.from({ length: 30 }, () => lonely.limiter.spend(tenant, family, 1)));
  assert.equal(decisions.filter(({ granted }) => granted).length, 20);
});

test('when one replica misses a deadline and the others reach Redis, its calls wait a moment and are answered', async (t) => {
  const { clock, replicas } = await startReplicas(t);
  const [slow, other] = replicas as [Replica, Replica];
  let asked = 0;
  const onAway = t.mock.fn();
  const limiter = createRateLimiter({
    store: slow.store,
    clock,
    logger: silentLogger,
    onAway,
    async askOthers() {
      asked += 1;
      slow.proxy.resume();
      return { reached: 2, away: 0, never: 0 };
    },
  });
  t.after(() => limiter.close());

  slow.proxy.stall();
  const decision = await limiter.spend(tenant, [google()], 1);
  assert.equal(decision.granted, true);
  assert.deepEqual([asked, onAway.mock.callCount()], [1, 0]);
  const [minute] = await other.limiter.peek(tenant, [google()]);
  // The command whose answer was late is counted too: the limit is used too little, never too much.
  assert.equal(minute?.usedRequests, 2);
});

test('if no replica answers but Redis does, Redis decides again and the whole limit may be spent', async (t) => {
  const { clock, replicas } = await startReplicas(t);
  const [slow] = replicas as [Replica];
  const onAway = t.mock.fn();
  const limiter = createRateLimiter({
    store: slow.store,
    clock,
    logger: silentLogger,
    onAway,
    async askOthers() {
      slow.proxy.resume();
      return noViews;
    },
  });
  t.after(() => limiter.close());

  slow.proxy.stall();
  assert.equal((await limiter.spend(tenant, [google()], 1)).granted, true);
  // The command whose answer was late is counted, so 58 of 60 remain: far more than a third.
  const decisions = await Promise.all(Array.from({ length: 58 }, () => limiter.spend(tenant, [google()], 1)));
  assert.equal(decisions.filter(({ granted }) => granted).length, 58);
  assert.equal(onAway.mock.callCount(), 0);
});

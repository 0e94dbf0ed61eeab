/** Law 3 over three replicas: a provider never sees one call too many, whatever happens to Redis. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { subjectOf } from '../../test/contracts/rate-limiter.ts';
import { createManualClock } from '../../test/support/clock.ts';
import { silentLogger } from '../../test/support/database.ts';
import { createProviderCount, createSeededRandom } from '../../test/support/provider-count.ts';
import { redisUrl } from '../../test/support/redis.ts';
import { redisAtClock, removeKeys } from '../../test/support/redis-at-clock.ts';
import { startTcpProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { parseTenantId } from '../ids.ts';
import { createRateLimiter } from './rate-limiter.ts';

const tenant = parseTenantId('tenant_a');
const replicaCount = 3;
const minuteMs = 60_000;
const stepMsMax = 700;
const travelMsMax = 1_000;
/** Under pressure every token is spent once in each turn of the bucket (61.5 s), as soon as somebody asks for it. */
const turnMs = 61_500 + stepMsMax + travelMsMax;

async function startReplicas(t: TestContext) {
  const clock = createManualClock();
  const proxy = await startTcpProxy(t, redisUrl);
  const redis = redisAtClock(t, clock);
  const replicas = await Promise.all(
    Array.from({ length: replicaCount }, async () => {
      const replica = { isAway: false, store: await redis.openStore(proxy.through(redisUrl)) };
      const onAway = (isAway: boolean): void => {
        replica.isAway = isAway;
      };
      const limiter = createRateLimiter({ store: replica.store, clock, logger: silentLogger, onAway });
      t.after(() => limiter.close());
      return Object.assign(replica, { limiter });
    }),
  );
  await waitFor('all replicas to see each other', () =>
    replicas.every(({ store }) => store.replicasSeen() === replicaCount),
  );
  return { clock, proxy, replicas, prefix: redis.prefix };
}

type Replicas = Awaited<ReturnType<typeof startReplicas>>;

/** Each step moves the clock by up to 0.7 s and lets every replica ask a few times; calls travel for up to a second. */
function createPressure({ clock, replicas }: Pick<Replicas, 'clock' | 'replicas'>, seed: number) {
  const random = createSeededRandom(seed);
  const provider = createProviderCount();
  const subjects = [
    subjectOf('service:google', [
      { windowType: 'minute', maxRequests: 60 },
      { windowType: 'day', maxRequests: 1_000_000 },
    ]),
  ];
  let refused = 0;

  const step = async (): Promise<void> => {
    clock.advance(Math.floor(random() * stepMsMax));
    const asking = replicas.flatMap(({ limiter }) =>
      Array.from({ length: Math.floor(random() * 4) }, () => limiter.spend(tenant, subjects, 1)),
    );
    for (const decision of await Promise.all(asking)) {
      if (decision.granted) provider.arrive(clock.now() + random() * travelMsMax);
      else refused += 1;
    }
  };
  const runFor = async (durationMs: number): Promise<void> => {
    for (const endMs = clock.now() + durationMs; clock.now() < endMs; ) await step();
  };
  return { provider, step, runFor, refusedCount: () => refused };
}

test('a provider with 60 a minute never sees a 61st call in any minute from three replicas, and gets at least 57', async (t) => {
  const setting = await startReplicas(t);
  const pressure = createPressure(setting, 1);
  await pressure.runFor(2 * minuteMs);
  const fromMs = setting.clock.now();
  await pressure.runFor(10 * minuteMs);

  assert.ok(pressure.refusedCount() > 100, 'there was pressure');
  assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} in a minute`);
  const fewest = pressure.provider.quietestStretch(turnMs, fromMs, setting.clock.now());
  assert.ok(fewest >= 57, `got only ${fewest} in a turn of the bucket`);
  const perMinute = pressure.provider.arrivedBetween(fromMs, setting.clock.now()) / 10;
  assert.ok(perMinute >= 57, `got only ${perMinute} a minute`);
});

interface Outage {
  readonly name: string;
  begin(proxy: TcpProxy): void;
  /** What happens to Redis before it can be reached again. */
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
  // Early: while the first tokens are being spent. Late: when the bucket has long been empty.
  for (const [moment, warmUpMs] of [
    ['early', 5_000],
    ['late', 150_000],
  ] as const) {
    test(`when Redis ${name} ${moment} under pressure, no minute has a 61st call, calls go on, and it recovers`, async (t) => {
      const setting = await startReplicas(t);
      const { clock, proxy, replicas, prefix } = setting;
      const pressure = createPressure(setting, warmUpMs);
      await pressure.runFor(warmUpMs);

      begin(proxy);
      await waitFor('every replica to notice', async () => {
        await pressure.step();
        return replicas.every(({ isAway }) => isAway);
      });
      const awayFromMs = clock.now();
      await pressure.runFor(3 * minuteMs);
      const awayToMs = clock.now();
      assert.ok(pressure.provider.busiestMinute() <= 60, `saw ${pressure.provider.busiestMinute()} while away`);
      const alone = pressure.provider.arrivedBetween(awayFromMs, awayToMs) / 3;
      assert.ok(alone >= 40, `got only ${alone} a minute while away`);

      await beforeReturn(prefix);
      proxy.resume();
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

test('when Redis loses its keys unnoticed, each replica writes again what it had spent', async (t) => {
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
  await waitFor('all that was spent to be counted', async () => {
    const [minute, month] = await usedNow();
    return minute === 45 && month === 45;
  });
});

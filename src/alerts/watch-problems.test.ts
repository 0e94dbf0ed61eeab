import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { startTarget } from '../../test/support/webhook-target.ts';
import type { Problem } from '../health/problem.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { createOutbound } from '../outbound/http-client.ts';
import { createInProcessStore } from '../storage/redis/in-process-store.ts';
import { createLeases } from '../storage/tables/leases.ts';
import { createProblemWatch } from './watch-problems.ts';

const secret = `whsec_${Buffer.from('a signing secret of 32 bytes, ok').toString('base64')}`;
const botToken = '1234567:secret-of-the-bot-secret-of-the-bot';
const minuteMs = 60_000;

function problem(service: string, given: Partial<Problem> = {}): Problem {
  return {
    kind: 'key_refused',
    severity: 'critical',
    since: '2026-11-22T12:00:00.000Z',
    message: `${service} refuses the key`,
    message_ru: `${service} не принимает ключ`,
    link: `/console/services/${service}`,
    service,
    ...given,
  };
}

/** Starts two replicas that watch the problems in `now` and report them to `target`. */
async function startWatches(t: TestContext, given: { answer?: Parameters<typeof startTarget>[1] } = {}) {
  const { db } = await startTestDatabase(t);
  const target = await startTarget(t, given.answer);
  const { origin, host } = new URL(target.url);
  const clock = createManualClock();
  const metrics = createMetrics({ clock, processMetrics: false });
  const outbound = createOutbound({ allowedNetworks: [host] });
  const store = createInProcessStore({ clock, logger: silentLogger });
  const state = { problems: [] as Problem[], isDatabaseUp: true, lookedAt: [] as string[], clock };
  await db.querySystem({
    text: `insert into external_services (id, management_company_id, service_name, service_type, display_name)
           values ($1, 'uk_alerts', 'maps', 'geocoding', 'Maps')`,
    values: [randomUUID()],
  });
  const startOne = () => {
    // All queries are real; only reachability is faked.
    const watched = Object.assign(Object.create(db) as typeof db, { isReachable: async () => state.isDatabaseUp });
    const watch = createProblemWatch({
      db: watched,
      leases: createLeases(db, randomUUID()),
      store,
      async listProblems(tenant) {
        state.lookedAt.push(tenant);
        return state.problems;
      },
      outbound,
      metrics,
      clock,
      logger: silentLogger,
      channels: {
        telegram: { botToken, chatId: '-100', baseUrl: origin },
        webhook: { url: `${origin}/alerts`, secret },
      },
      language: 'both',
      publicBaseUrl: 'https://integration.example',
    });
    t.after(() => watch.close());
    return watch;
  };
  const watches = [startOne(), startOne()];
  t.after(() => outbound.close(0));
  const round = async () => {
    for (const watch of watches) {
      // Releases the lease, so that each replica gets its turn: reporting a problem once must not depend on the lease.
      await db.querySystem({ text: 'delete from leases', values: [] });
      await watch.runRound();
    }
  };
  const chats = () => target.received.filter(({ json }) => json.chat_id !== undefined).map(({ json }) => json.text);
  const hooks = () => target.received.filter(({ json }) => json.type !== undefined);
  /** Makes the messages due for their next try. */
  const becomeDue = () => db.querySystem({ text: 'update alert_messages set next_attempt_at = now()', values: [] });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await round();
  };
  return {
    db,
    state,
    round,
    pass,
    chats,
    hooks,
    becomeDue,
    metrics,
    target,
    restart: () => watches.splice(0, 2, startOne(), startOne()),
  };
}

test('many problems are one message, sent once by two replicas and after a restart', async (t) => {
  const { state, round, pass, chats, hooks, restart } = await startWatches(t);
  state.problems = [problem('yandex_maps'), problem('two_gis', { severity: 'warning', kind: 'provider_paused' })];
  await round();
  assert.deepEqual(chats(), [], 'a problem that may end soon is not reported yet');
  await pass(minuteMs);
  await pass(minuteMs);
  restart();
  await pass(minuteMs);

  assert.equal(chats().length, 1);
  const [text] = chats();
  assert.match(text, /новых проблем 2, завершилось 0\nКРИТИЧНО uk_alerts: yandex_maps не принимает ключ\n/);
  assert.match(
    text,
    /WARNING uk_alerts: two_gis refuses the key\nhttps:\/\/integration\.example\/console\/services\/two_gis/,
  );
  const [hook] = hooks();
  assert.equal(hooks().length, 1);
  assert.deepEqual(
    hook?.json.begun.map((told: Record<string, unknown>) => [told.management_company_id, told.kind, told.ended_at]),
    [
      ['uk_alerts', 'key_refused', null],
      ['uk_alerts', 'provider_paused', null],
    ],
  );
});

test('the end of a problem is reported after five minutes; a problem that returns earlier is the same one', async (t) => {
  const { state, round, pass, chats } = await startWatches(t);
  state.problems = [problem('yandex_maps')];
  await round();
  await pass(minuteMs);
  for (let flap = 0; flap < 3; flap++) {
    state.problems = [];
    await pass(2 * minuteMs);
    state.problems = [problem('yandex_maps')];
    await pass(2 * minuteMs);
  }
  assert.equal(chats().length, 1);
  state.problems = [];
  await pass(minuteMs);
  await pass(6 * minuteMs);
  assert.equal(chats().length, 2);
  assert.match(chats()[1], /завершилось 1\nПРОШЛО, длилось \d+ мин uk_alerts: yandex_maps/);
  await pass(minuteMs);
  assert.equal(chats().length, 2);
});

test('a problem that ends early is not reported, and one that gets worse has not ended', async (t) => {
  const { state, round, pass, hooks } = await startWatches(t);
  state.problems = [problem('blip')];
  await round();
  state.problems = [problem('maps', { kind: 'provider_degraded', severity: 'warning' })];
  await pass(minuteMs);
  await pass(minuteMs);
  state.problems = [problem('maps', { kind: 'provider_down' })];
  await pass(minuteMs);
  await pass(10 * minuteMs);
  const told = hooks().map(({ json }) => [json.begun, json.ended].map((part) => part.map((one: Problem) => one.kind)));
  assert.deepEqual(told, [
    [['provider_degraded'], []],
    [['provider_down'], []],
  ]);
});

test('the webhook is signed as in Standard Webhooks, and retries have the same id', async (t) => {
  const { state, round, pass, hooks, becomeDue, metrics } = await startWatches(t, {
    answer: (_, reply, count) => void reply.writeHead(count <= 2 ? 503 : 200).end(),
  });
  state.problems = [problem('yandex_maps')];
  await round();
  await pass(minuteMs);
  await becomeDue();
  await round();
  const [first, second] = hooks();
  assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id']);
  assert.equal(first?.json.id, first?.headers['webhook-id']);
  const signed = `${second?.headers['webhook-id']}.${second?.headers['webhook-timestamp']}.${second?.body}`;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(signed).digest('base64');
  assert.equal(second?.headers['webhook-signature'], `v1,${signature}`);
  assert.match((await metrics.render()).text, /integration_alerts_total\{channel="webhook",outcome="sent"\} 1/);
});

test('a message to a chat that never answers is dropped after eight tries', async (t) => {
  const { state, round, pass, target, becomeDue, metrics, db } = await startWatches(t, {
    answer: (_, reply) => void reply.writeHead(500).end(),
  });
  state.problems = [problem('yandex_maps')];
  await round();
  await pass(minuteMs);
  for (let tries = 0; tries < 10; tries++) {
    await becomeDue();
    await round();
  }
  assert.equal(target.received.length, 16);
  assert.match((await metrics.render()).text, /integration_alerts_total\{channel="telegram",outcome="given_up"\} 1/);
  assert.deepEqual((await db.querySystem({ text: 'select id from alert_messages', values: [] })).rows, []);
});

test('Telegram’s retry_after is waited for', async (t) => {
  const { state, round, pass, db } = await startWatches(t, {
    answer: (_, reply) =>
      void reply.writeHead(429).end(JSON.stringify({ ok: false, error_code: 429, parameters: { retry_after: 1_500 } })),
  });
  state.problems = [problem('yandex_maps')];
  await round();
  await pass(minuteMs);
  const { rows } = await db.querySystem<{ waits: boolean }>({
    text: `select next_attempt_at > now() + interval '20 minutes' as waits from alert_messages`,
    values: [],
  });
  assert.deepEqual(rows, [{ waits: true }, { waits: true }]);
});

test('an outage of the database and its end are each reported once, by the mark in Redis', async (t) => {
  const { state, round, pass, chats } = await startWatches(t);
  state.isDatabaseUp = false;
  await round();
  await pass(minuteMs);
  await pass(minuteMs);
  assert.equal(chats().length, 1);
  assert.match(chats()[0], /CRITICAL The database is unreachable/);
  state.isDatabaseUp = true;
  await round();
  await pass(6 * minuteMs);
  await pass(minuteMs);
  assert.equal(chats().length, 2);
  assert.match(chats()[1], /OVER after \d+ min The database is unreachable/);
});

test('of 5,000 tenants, rounds after the first sweep check those with traffic, changes or an unhealthy service', async (t) => {
  const { db, state, round } = await startWatches(t);
  await db.querySystem({
    text: `insert into external_services (id, management_company_id, service_name, service_type, display_name)
           select gen_random_uuid(), 'idle_' || lpad(n::text, 4, '0'), 'maps', 'geocoding', 'Maps' from generate_series(1, 5000) n`,
    values: [],
  });
  const lookedAt = async (): Promise<readonly string[]> => {
    state.lookedAt.length = 0;
    await round();
    return [...new Set(state.lookedAt)].sort();
  };
  await waitFor('the sweep over all tenants', async () => (await lookedAt()).length <= 1);
  assert.deepEqual(await lookedAt(), ['idle_0001'], 'one tenant, for the problems of the service itself');

  await db.querySystem({
    text: `insert into usage_series (management_company_id, step, bucket_start, service_name, operation, request_count)
           values ('idle_0007', 'minute', $1, 'maps', 'geocode', 1)`,
    values: [new Date(state.clock.now())],
  });
  await db.querySystem({
    text: `insert into service_health (management_company_id, service_id, unhealthy_since)
           select management_company_id, id, now() from external_services where management_company_id = 'idle_0008'`,
    values: [],
  });
  assert.deepEqual(await lookedAt(), ['idle_0007', 'idle_0008']);
  await db.querySystem({
    text: `update external_services set priority = 7 where management_company_id = 'idle_0009'`,
    values: [],
  });
  let looks = 0;
  await waitFor('each replica to check the changed tenant', async () => {
    await lookedAt();
    looks += state.lookedAt.filter((tenant) => tenant === 'idle_0009').length;
    return looks >= 2;
  });
  assert.deepEqual(await lookedAt(), ['idle_0007', 'idle_0008'], 'a change is checked once');
});

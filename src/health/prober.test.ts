import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import { silentLogger } from '../../test/support/database.ts';
import type { ExternalService } from '../directory/service.ts';
import type { ScheduledProbe } from '../storage/tables/probe-schedule.ts';
import type { DueService } from './plan-probes.ts';
import { createProbeRound, type ProberDeps } from './prober.ts';

const intervalMs = 60_000;

/** Services with ids `account/number`, all due at the beginning, in memory as they would be in the database. */
function startRounds(ids: readonly string[], members: Partial<ProberDeps> = {}) {
  const clock = createManualClock();
  const dueAt = new Map(ids.map((id) => [id, 0]));
  const checkedAt = new Map<string, number>();
  const probed: string[] = [];
  const adopted: string[] = [];
  const sizes: number[] = [];
  const usedAtMs = clock.now() - 2 * 86_400_000;
  const deps: ProberDeps = {
    clock,
    logger: silentLogger,
    intervalMs,
    timeoutMs: 1_000,
    async listDue(nowMs, limit) {
      const due = [...dueAt].filter(([, atMs]) => atMs <= nowMs).sort(([, one], [, other]) => one - other);
      sizes.push(Math.min(limit, due.length));
      return due.slice(0, limit).map(([id]): DueService => {
        const service = { id } as ExternalService;
        return { service, status: 'unknown', checkedAtMs: checkedAt.get(id) ?? null, usedAtMs, lastOutcome: null };
      });
    },
    async schedule(scheduled: readonly ScheduledProbe[]) {
      for (const { id, dueAtMs } of scheduled) dueAt.set(id, dueAtMs);
    },
    accountKeyOf: ({ id }) => id.split('/')[0] as string,
    originOf: ({ id }) => id.split('/')[0] as string,
    probe: async ({ service }) => {
      probed.push(service.id);
      checkedAt.set(service.id, clock.now());
      return { ok: true, startedAtMs: clock.now(), durationMs: 1, fault: null };
    },
    adopt: ({ id }) => void adopted.push(id),
    tryHold: async () => true,
    release: async () => {},
    ...members,
  };
  const run = createProbeRound(deps);
  return { clock, probed, adopted, sizes, run: () => run(new AbortController().signal) };
}

test('one probe counts for all services of the account, and an idle account is probed again after an hour', async () => {
  const { clock, probed, adopted, run } = startRounds(['a/1', 'a/2', 'b/1']);
  await run();
  assert.deepEqual([probed, adopted], [['a/1', 'b/1'], ['a/2']]);
  for (let minute = 1; minute < 60; minute += 1) {
    clock.advance(intervalMs);
    await run();
  }
  assert.equal(probed.length, 2);
  clock.advance(intervalMs);
  await run();
  assert.equal(probed.length, 4);
});

test('rounds are bounded, however many services are due, and reach all of them', async () => {
  const ids = Array.from({ length: 3_000 }, (_, index) => `account-${index}/1`);
  const { clock, probed, sizes, run } = startRounds(ids);
  await run();
  assert.ok(probed.length <= 1_000, `${probed.length} probes in a round`);
  assert.ok(sizes.every((size) => size <= 500));
  for (let minute = 1; minute < 10; minute += 1) {
    clock.advance(intervalMs);
    await run();
  }
  assert.deepEqual([new Set(probed).size, probed.length], [3_000, 3_000]);
});

test('if an account’s first tenants have no request left, the next one is probed', async () => {
  const asked: string[] = [];
  const { adopted, run } = startRounds(['a/1', 'a/2', 'a/3'], {
    async probe({ service }) {
      asked.push(service.id);
      return service.id === 'a/1' ? null : { ok: false, startedAtMs: 0, durationMs: 1, fault: 'HTTP 503' };
    },
  });
  await run();
  assert.deepEqual(
    [asked, adopted],
    [
      ['a/1', 'a/2'],
      ['a/1', 'a/3'],
    ],
  );
});

test('without the lease nothing is read', async () => {
  const { sizes, run } = startRounds(['a/1'], { tryHold: async () => false });
  await run();
  assert.deepEqual(sizes, []);
});

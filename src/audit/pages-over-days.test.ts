/** Tests that pages, which read a few days at a time, give the same list as one query. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { sampleLog, sampleTenant } from '../../test/support/intake-samples.ts';
import { silentRelay } from '../../test/support/silent-relay.ts';
import { systemClock } from '../clock.ts';
import { readPosition } from '../encodings/page-cursor.ts';
import { createIntake } from '../intake/group-commit.ts';
import { type LogFilter, listEntries } from './list-entries.ts';
import { createMasker } from './mask.ts';

const dayMs = 86_400_000;

test('pages across days, and into the clock’s future, form one ordered list', async (t) => {
  const { db } = await startTestDatabase(t);
  const relay = silentRelay();
  const intake = createIntake({
    db,
    relay,
    masker: createMasker([]),
    clock: systemClock,
    logger: silentLogger,
    spool: null,
  });
  const todayMs = Math.floor(Date.now() / dayMs) * dayMs;
  const borders = [-40, -12, -3, -2, -1, 0, 1, 2, 30].map((days) => todayMs + days * dayMs);
  const times = [Date.now(), ...borders.flatMap((atMs) => [atMs - 1, atMs, atMs, atMs + 1])];
  const logs = times.map((atMs, index) =>
    sampleLog({ startedAtMs: atMs, completedAtMs: atMs, status: index % 3 === 0 ? 'error' : 'success' }),
  );
  await Promise.all(logs.map((log) => intake.record({ logs: [log] })));
  await intake.close();

  const walk = async (filter: LogFilter, limit: number): Promise<string[]> => {
    const seen: string[] = [];
    for (let cursor = null as ReturnType<typeof readPosition>; ; ) {
      const page = await listEntries({ db }, sampleTenant, filter, cursor, limit);
      seen.push(...page.logs.map(({ id }) => id));
      if (page.nextCursor === null) return seen;
      cursor = readPosition(page.nextCursor);
    }
  };
  const expected = (filter: LogFilter): string[] =>
    logs
      .filter(({ status }) => filter.statuses?.includes(status) ?? true)
      .filter(({ startedAtMs }) => startedAtMs >= (filter.fromMs ?? 0))
      .filter(({ startedAtMs }) => startedAtMs < (filter.toMs ?? Number.POSITIVE_INFINITY))
      .toSorted((a, b) => b.startedAtMs - a.startedAtMs || (a.id < b.id ? 1 : -1))
      .map(({ id }) => id);

  const chosen: readonly LogFilter['statuses'][] = [['error'], undefined, ['error', 'success'], undefined];
  const ends = [undefined, 0, Date.parse('9990-01-01'), Date.now(), ...borders, ...borders.map((atMs) => atMs + 1)];
  for (const [index, fromMs] of ends.entries()) {
    for (const toMs of ends) {
      const filter: LogFilter = { fromMs, toMs, statuses: chosen[index % 4] };
      assert.deepEqual(await walk(filter, 1 + (index % 5) * 4), expected(filter), JSON.stringify(filter));
    }
  }
});

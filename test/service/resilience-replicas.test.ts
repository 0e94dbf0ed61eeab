/** One of three processes is killed under load: nothing acknowledged is lost, and no quota is exceeded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKillDrill } from '../support/kill-drill.ts';

test('one of three replicas is killed under load: nothing acknowledged is lost, and no quota is exceeded', async (t) => {
  const googlePerMinute = 60;
  const counts = await runKillDrill(t, { durationMs: 8_000, googlePerMinute, callersPerReplica: 6, redisDatabase: 10 });
  assert.ok(counts.acknowledged > 100, JSON.stringify(counts));
  assert.equal(counts.audited, counts.acknowledged);
  assert.equal(counts.announced, counts.acknowledged);
  assert.ok(counts.googleMaxPerMinute <= googlePerMinute, `Google saw ${counts.googleMaxPerMinute}`);
  assert.deepEqual(counts.failed, [], 'the other two keep answering');
  assert.ok(counts.acknowledgedAfterKill > 0);
});

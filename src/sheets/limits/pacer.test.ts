import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPacer } from './pacer.ts';

const lone = { isLone: true, slackMs: 20_000 };

test('lone requests go at once while half of the quota is left, and keep their distance after', () => {
  const pacer = createPacer({ now: () => 0 }, () => 1);
  for (let left = 60; left > 30; left--) assert.equal(pacer.reserveMs('a', { limit: 60, left }, lone), 0);
  assert.ok(pacer.reserveMs('a', { limit: 60, left: 30 }, lone) > 0);
});

test('a quota of a few requests is not spread over the minute', () => {
  const pacer = createPacer({ now: () => 0 }, () => 1);
  for (let left = 7; left > 0; left--) assert.equal(pacer.reserveMs('a', { limit: 7, left }, lone), 0);
});

test('a busy minute never spends the whole quota, and no wait is longer than callers are patient', () => {
  for (const replicas of [1, 3]) {
    let nowMs = 0;
    const spentAtMs: number[] = [];
    const pacers = Array.from({ length: replicas }, () => createPacer({ now: () => nowMs }, () => replicas));
    const nextAtMs = pacers.map(() => 0);
    for (; nowMs < 600_000; nowMs += 50) {
      for (const [index, pacer] of pacers.entries()) {
        if ((nextAtMs[index] as number) > nowMs) continue;
        while ((spentAtMs[0] ?? nowMs) <= nowMs - 60_000) spentAtMs.shift();
        const left = 60 - spentAtMs.length;
        assert.ok(left > 0, `nothing left at ${nowMs} ms with ${replicas} replicas`);
        const waitMs = pacer.reserveMs('a', { limit: 60, left }, { isLone: false, slackMs: 20_000 });
        assert.ok(waitMs <= 10_000);
        spentAtMs.push(nowMs);
        nextAtMs[index] = nowMs + Math.max(50, waitMs);
      }
    }
  }
});

test('those who cannot wait do not push the patient away', () => {
  const pacer = createPacer({ now: () => 0 }, () => 1);
  for (let left = 60; left > 5; left--) pacer.reserveMs('a', { limit: 60, left }, { isLone: true, slackMs: 0 });
  const waitMs = pacer.reserveMs('a', { limit: 60, left: 5 }, { isLone: true, slackMs: 60_000 });
  assert.equal(waitMs, 9_000);
});

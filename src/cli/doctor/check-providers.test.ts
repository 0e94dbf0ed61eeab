import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeOutbox } from './check-providers.ts';

test('events that wait for over a minute are a fault, whatever RabbitMQ says of itself', () => {
  assert.equal(judgeOutbox({ backlog: 300, oldest_age_seconds: 60 }).status, 'ok');
  const { status, detail } = judgeOutbox({ backlog: 10, oldest_age_seconds: 68.1 });
  assert.deepEqual([status, detail], ['failed', '10 wait to be published, the oldest for 68 s']);
});

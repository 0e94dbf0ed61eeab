import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceError } from '../../errors.ts';
import { createFailedCredentials } from './failed-credentials.ts';

test('wrong credentials from one address are slowed down, for a minute, and nothing else is', () => {
  let nowMs = 0;
  const failures = createFailedCredentials(() => nowMs);
  const wrong = new ServiceError('UNAUTHORIZED', 'The credential is not valid.');
  const codeFor = (address: string, error: Error = wrong) => (failures.judge(address, error) as ServiceError).code;
  for (let count = 0; count < 100; count += 1) assert.equal(codeFor('192.0.2.1'), 'UNAUTHORIZED');
  const refusal = failures.judge('192.0.2.1', wrong) as ServiceError;
  assert.deepEqual([refusal.code, refusal.retryAfterSeconds], ['RATE_LIMIT_EXCEEDED', 60]);
  assert.equal(codeFor('192.0.2.2'), 'UNAUTHORIZED', 'another address');
  assert.equal(codeFor('192.0.2.1', new ServiceError('FORBIDDEN', 'Not yours.')), 'FORBIDDEN');
  nowMs = 60_000;
  assert.equal(codeFor('192.0.2.1'), 'UNAUTHORIZED');
});

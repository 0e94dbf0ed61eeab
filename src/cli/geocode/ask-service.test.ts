import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFreePort } from '../../storage/free-port.ts';
import { askService } from './ask-service.ts';

test('where nobody answers over several waits the run ends, instead of waiting as long for every row', async () => {
  const waits: number[] = [];
  const asking = {
    url: `http://127.0.0.1:${await findFreePort()}`,
    token: 't',
    tenant: 'uk_1',
    options: {},
    interrupted: new AbortController().signal,
    onWait() {},
    async wait(seconds: number) {
      waits.push(seconds);
    },
  };
  await assert.rejects(askService(asking, 'Навои 1'), { name: 'CommandFailed', message: /^no answer from http/ });
  assert.deepEqual(waits, [2, 4, 8, 16]);
});

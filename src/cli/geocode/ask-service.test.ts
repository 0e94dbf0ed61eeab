import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { findFreePort } from '../../storage/embedded/free-port.ts';
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

/** Answers everything with one problem document. */
async function startRefusing(t: TestContext, status: number, problem: object): Promise<string> {
  const server = createServer((_request, reply) => void reply.writeHead(status).end(JSON.stringify(problem)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('what every row would be told ends the run; what one row or one minute is told does not', async (t) => {
  const ask = async (status: number, problem: object) => {
    const waits: string[] = [];
    const answer = await askService(
      {
        url: await startRefusing(t, status, { detail: 'because', ...problem }),
        token: 't',
        tenant: 'uk_1',
        options: { language: 'russian' },
        interrupted: new AbortController().signal,
        onWait: (_seconds, reason) => void waits.push(reason),
        wait: async () => {},
      },
      'Навои 1',
    );
    return { answer, waits };
  };
  const ends = { name: 'CommandFailed', message: /because$/ };
  await assert.rejects(ask(400, { code: 'INVALID_REQUEST', errors: [{ path: 'language' }] }), ends);
  await assert.rejects(ask(503, { code: 'SERVICE_UNAVAILABLE', attempts: [] }), ends);
  await assert.rejects(ask(403, { code: 'FORBIDDEN' }), ends);

  const oneRow = await ask(400, { code: 'INVALID_REQUEST', errors: [{ path: 'address' }] });
  assert.deepEqual(oneRow.answer, { kind: 'refused', message: 'because' });
  const ofProvider = await ask(400, { code: 'INVALID_REQUEST', provider: 'google_maps' });
  assert.equal(ofProvider.answer?.kind, 'refused');
  const forNow = await ask(503, { code: 'SERVICE_UNAVAILABLE', attempts: [{ provider: 'google_maps' }] });
  assert.deepEqual([forNow.answer, forNow.waits.at(-1)], [null, 'SERVICE_UNAVAILABLE: because']);
});

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { findFreePort } from '../../storage/embedded/free-port.ts';
import { createAnswerDeadline } from './answer-deadline.ts';
import { askService } from './ask-service.ts';

test('the run ends after several waits without an answer, instead of waiting as long for every row', async () => {
  const waits: number[] = [];
  const asking = {
    url: `http://127.0.0.1:${await findFreePort()}`,
    token: 't',
    tenant: 'uk_1',
    options: {},
    interrupted: new AbortController().signal,
    answerDeadline: createAnswerDeadline(300, () => 0),
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

test('an error that every row would get ends the run; one of a single row or minute does not', async (t) => {
  const ask = async (status: number, problem: object) => {
    const waits: string[] = [];
    const answer = await askService(
      {
        url: await startRefusing(t, status, { detail: 'because', ...problem }),
        token: 't',
        tenant: 'uk_1',
        options: { language: 'russian' },
        interrupted: new AbortController().signal,
        answerDeadline: createAnswerDeadline(300, () => 0),
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
  assert.deepEqual(
    [forNow.answer, forNow.waits.at(-1)],
    [{ kind: 'pending', message: 'SERVICE_UNAVAILABLE: because' }, 'SERVICE_UNAVAILABLE: because'],
  );
});

/** A run whose clock is moved by its waits. */
async function askThrough(t: TestContext, replies: readonly (readonly [number, object])[], maxWaitSeconds: number) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, reply) => {
    asked.push(request.headers['cache-control']);
    const [status, body] = replies[Math.min(asked.length, replies.length) - 1] as readonly [number, object];
    reply.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  let nowMs = 0;
  const waits: number[] = [];
  const answer = await askService(
    {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      token: 't',
      tenant: 'uk_1',
      options: {},
      interrupted: new AbortController().signal,
      answerDeadline: createAnswerDeadline(maxWaitSeconds, () => nowMs),
      onWait() {},
      async wait(seconds: number) {
        waits.push(seconds);
        nowMs += seconds * 1000;
      },
    },
    'Навои 1',
  );
  return { answer, waits, asked };
}

const cityOnly = {
  degraded: true,
  skipped_providers: [{ provider: 'google_maps', because: 'limit' }],
  attempts: [
    { provider: 'google_maps', outcome: 'limit', message: 'its limit is spent', retry_after_seconds: 40 },
    { provider: 'offline_gazetteer', outcome: 'poor', message: 'it answered' },
  ],
};

test('a degraded answer is no answer: its limit is waited for, and the cached one passed by', async (t) => {
  const place = { degraded: false, latitude: 41.3 };
  const { answer, waits, asked } = await askThrough(
    t,
    [
      [200, cityOnly],
      [200, place],
    ],
    300,
  );
  assert.deepEqual(answer, { kind: 'found', place });
  assert.deepEqual(waits, [40]);
  assert.deepEqual(asked, [undefined, 'no-cache']);
});

test('a limit that stays spent longer than --max-wait leaves the row pending', async (t) => {
  const { answer, waits } = await askThrough(t, [[200, cityOnly]], 100);
  assert.equal(answer?.kind, 'pending');
  assert.match(answer?.kind === 'pending' ? answer.message : '', /google_maps: its limit is spent/);
  assert.deepEqual(waits, [40, 40, 20]);
});

test('an outage behind an answer leaves the row pending, never found', async (t) => {
  const broken = {
    ...cityOnly,
    skipped_providers: [],
    attempts: [{ provider: 'a', outcome: 'unavailable', message: '503' }],
  };
  assert.equal((await askThrough(t, [[200, broken]], 300)).answer?.kind, 'pending');
  // An older service says no more than that.
  assert.equal((await askThrough(t, [[200, { degraded: true }]], 300)).answer?.kind, 'pending');
});

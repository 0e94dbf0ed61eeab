/** Missed deliveries, against senders that speak as GitHub and Telegram do. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { closeInReverse } from '../../../test/support/cleanup.ts';
import { silentLogger, startTestDatabase } from '../../../test/support/database.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { ServiceError } from '../../errors.ts';
import { parseTenantId } from '../../ids.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import { createKeyring } from '../../secrets/keyring.ts';
import { findWebhook } from '../../storage/tables/webhooks/webhook-configs.ts';
import { changeWebhook, createWebhook } from '../managing/manage-webhooks.ts';
import { presentWebhook } from '../managing/present-webhook.ts';
import { type CollectorDraft, draftForSource, draftOfRow } from '../managing/webhook-draft.ts';
import { collectMissed, startCollectingMissed } from './collect-missed.ts';
import { collectFromGithub } from './github.ts';

const nowMs = Date.UTC(2026, 10, 22, 12);
const clock = { now: () => nowMs };
const tenant = parseTenantId('uk_collects');
const noOne = { changedBy: null, requestId: null };

type Handle = (request: IncomingMessage, reply: ServerResponse) => void;

async function startSender(t: TestContext, handle: Handle): Promise<string> {
  closeInReverse(t);
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const sendJson = (reply: ServerResponse, value: unknown, headers: Record<string, string> = {}): void =>
  void reply.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));

interface Listed {
  id: number;
  guid: string;
  delivered_at: string;
  status_code: number;
}

/** As api.github.com lists and redelivers: two a page, newest first, cursors in `Link`. */
function githubOf(deliveries: Listed[], asked: string[], redelivered: number[]): Handle {
  return (request, reply) => {
    const url = new URL(request.url ?? '', 'http://github');
    asked.push(`${request.method} ${url.pathname} ${request.headers.authorization}`);
    const attempt = /deliveries\/(\d+)\/attempts$/.exec(url.pathname);
    if (attempt !== null) {
      redelivered.push(Number(attempt[1]));
      return void reply.writeHead(202).end('{}');
    }
    const start = Number(url.searchParams.get('cursor') ?? 0);
    // The next page stands at another address, which must not be believed.
    const link = `<http://elsewhere.example/x?cursor=${start + 2}>; rel="next", <http://x/>; rel="first"`;
    sendJson(reply, deliveries.slice(start, start + 2), start + 2 < deliveries.length ? { link } : {});
  };
}

const at = (agoMinutes: number) => new Date(nowMs - agoMinutes * 60_000).toISOString();

function openTestOutbound(t: TestContext) {
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'] });
  t.after(() => outbound.close(0));
  return outbound;
}

test('GitHub is asked to redeliver what never arrived, and nothing else', async (t) => {
  const asked: string[] = [];
  const redelivered: number[] = [];
  const failing = (id: number, guid: string, minutes: number) => ({
    id,
    guid,
    delivered_at: at(minutes),
    status_code: 503,
  });
  const deliveries = [
    failing(20, 'just-now', 0.5),
    { id: 19, guid: 'mended', delivered_at: at(3), status_code: 200 },
    failing(18, 'mended', 10),
    failing(17, 'missed', 12),
    failing(16, 'missed', 20),
    ...[1, 2, 3, 4, 5].map((count) => failing(10 + count, 'hopeless', 30 + count)),
    { id: 9, guid: 'fine', delivered_at: at(60), status_code: 202 },
    { id: 8, guid: 'timed-out', delivered_at: at(70), status_code: 0 },
    failing(2, 'long-ago', 5 * 24 * 60),
    failing(1, 'never-listed', 6 * 24 * 60),
  ];
  const base = await startSender(t, githubOf(deliveries, asked, redelivered));
  const hook = { baseUrl: base, repository: 'owner/repo', hookId: 7, token: 'ghp_canary' };
  const found = await collectFromGithub({ outbound: openTestOutbound(t), clock }, hook);
  assert.deepEqual(found, { missed: 4, redelivered: 2 });
  assert.deepEqual(redelivered.sort(), [17, 8]);
  assert.ok(asked.every((line) => line.includes('/repos/owner/repo/hooks/7/deliveries')));
  assert.ok(asked.every((line) => line.endsWith('Bearer ghp_canary')));
});

test('a delivery whose id has more digits than a double holds is redelivered under that very id', async (t) => {
  const asked: string[] = [];
  const base = await startSender(t, (request, reply) => {
    asked.push(`${request.method} ${request.url?.split('?', 1)[0]}`);
    const listed = `[{"id": 3804004623172239366, "guid": "g", "delivered_at": "${at(9)}", "status_code": 500}]`;
    reply.writeHead(request.method === 'POST' ? 202 : 200, { 'content-type': 'application/json' }).end(listed);
  });
  const hook = { baseUrl: base, repository: 'owner/repo', hookId: 7, token: 'ghp_canary' };
  const found = await collectFromGithub({ outbound: openTestOutbound(t), clock }, hook);
  assert.deepEqual(found, { missed: 1, redelivered: 1 });
  assert.equal(asked[1], 'POST /repos/owner/repo/hooks/7/deliveries/3804004623172239366/attempts');
});

test('a round looks at every webhook with a token, and shows what it found beside its configuration', async (t) => {
  const { db } = await startTestDatabase(t);
  const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 3) }]);
  const publicBaseUrl = 'https://gateway.example';
  const manage = { db, keyring, clock, publicBaseUrl, noteChange() {} };
  const redelivered: number[] = [];
  const github = await startSender(
    t,
    githubOf([{ id: 5, guid: 'g', delivered_at: at(9), status_code: 500 }], [], redelivered),
  );
  let telegramUrl = '';
  const telegram = await startSender(t, (request, reply) => {
    if (request.url !== '/bot123:canary/getWebhookInfo') return void reply.writeHead(401).end('{"ok":false}');
    const result = {
      url: telegramUrl,
      pending_update_count: 4,
      last_error_date: 1_795_000_000,
      last_error_message: '503',
    };
    sendJson(reply, { ok: true, result });
  });
  const make = async (source: string, collector: CollectorDraft | null) =>
    (await createWebhook(manage, tenant, { ...draftForSource(source, source), collector }, noOne)).row;
  const at1 = { repository: null, hook_id: null };
  const rows = {
    github: await make('github', { base_url: github, repository: 'org', hook_id: 1, token: 'ghp_x' }),
    telegram: await make('telegram', { ...at1, base_url: telegram, token: '123:canary' }),
    refused: await make('telegram', { ...at1, base_url: telegram, token: 'wrong' }),
    off: await make('github', null),
  };
  telegramUrl = presentWebhook(manage, rows.telegram).webhook_url;

  const lines: string[] = [];
  const counted: string[] = [];
  const deps = {
    db,
    keyring,
    clock,
    publicBaseUrl,
    outbound: openTestOutbound(t),
    metrics: { webhookDelivery: (source: string, outcome: string) => void counted.push(`${source} ${outcome}`) },
    logger: Object.assign(Object.create(silentLogger), { warn: (facts: unknown) => lines.push(JSON.stringify(facts)) }),
    tryHold: async () => true,
  };
  await collectMissed(deps, new AbortController().signal);

  const shown = async (id: string) => {
    const row = await db.forTenant(tenant, (tx) => findWebhook(tx, tenant, id));
    assert.ok(row !== null);
    return { row, collector: presentWebhook(manage, row).collector };
  };
  const checked_at = new Date(nowMs).toISOString();
  const { row, collector: found } = await shown(rows.github.id);
  assert.deepEqual(found?.last_round, { checked_at, missed_count: 1, redelivered_count: 1 });
  assert.deepEqual([redelivered, counted], [[5], ['github collected']]);
  assert.equal(row.updated_at.getTime(), rows.github.updated_at.getTime());
  assert.deepEqual((await shown(rows.telegram.id)).collector?.last_round, {
    checked_at,
    pending_count: 4,
    last_error_at: new Date(1_795_000_000_000).toISOString(),
    last_error_message: '503',
    is_elsewhere: false,
  });
  const refused = (await shown(rows.refused.id)).collector?.last_round;
  assert.deepEqual(refused, { checked_at, error: "the sender's API answered 401" });
  assert.equal((await shown(rows.off.id)).collector, null);
  const told = JSON.stringify([await shown(rows.telegram.id).then((one) => one.collector), lines]);
  assert.ok(!told.includes('canary') && !told.includes('whk_'), 'no token leaves');

  // A change that does not name the token keeps it; one that takes the collector away ends the asking.
  const kept = await changeWebhook(manage, tenant, rows.github.id, (current) => draftOfRow(current), noOne);
  assert.ok(kept.row.collector_token !== null);
  const ended = (current: typeof rows.github) => ({ ...draftOfRow(current), collector: null });
  assert.equal((await changeWebhook(manage, tenant, rows.github.id, ended, noOne)).row.config.collector, undefined);
});

test('a stop gives up a sender that hangs, and what stood in the webhook before stays there', {
  timeout: 60_000,
}, async (t) => {
  const { db } = await startTestDatabase(t);
  const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 3) }]);
  const publicBaseUrl = 'https://gateway.example';
  const asked: string[] = [];
  const hanging = await startSender(t, ({ url = '' }) => void asked.push(url));
  const { row } = await createWebhook(
    { db, keyring, clock, publicBaseUrl, noteChange() {} },
    tenant,
    {
      ...draftForSource('hangs', 'github'),
      collector: { base_url: hanging, repository: 'org', hook_id: 1, token: 'ghp_x' },
    },
    noOne,
  );
  const outbound = openTestOutbound(t);
  const collector = startCollectingMissed({
    db,
    keyring,
    clock,
    publicBaseUrl,
    // As slow a sender as its requests, thirty pages of ten seconds each, may be.
    outbound: { request: (request) => outbound.request({ ...request, deadlineAtMs: Date.now() + 600_000 }) },
    metrics: { webhookDelivery() {} },
    logger: silentLogger,
    tryHold: async () => true,
  });
  collector.start();
  await waitFor('the sender to be asked', () => asked.length > 0);

  await collector.close();

  const kept = await db.forTenant(tenant, (tx) => findWebhook(tx, tenant, row.id));
  assert.ok(kept !== null);
  assert.equal(presentWebhook({ keyring, publicBaseUrl }, kept).collector?.last_round, null);
});

test('a repository whose parts lead upwards is refused: the token would go to another part of the API', async (t) => {
  const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 3) }]);
  const { db } = await startTestDatabase(t);
  const manage = { db, keyring, clock, publicBaseUrl: 'https://gateway.example', noteChange() {} };
  for (const repository of ['..', '../..', 'owner/..', '../user', './owner']) {
    const collector = { base_url: null, repository, hook_id: 1, token: 'ghp_x' };
    await assert.rejects(
      createWebhook(manage, tenant, { ...draftForSource('up', 'github'), collector }, noOne),
      (error: unknown) => error instanceof ServiceError && error.errors?.[0]?.path === 'collector.repository',
      repository,
    );
  }
  const collector = { base_url: null, repository: 'owner/..a', hook_id: 1, token: 'ghp_x' };
  await createWebhook(manage, tenant, { ...draftForSource('fine', 'github'), collector }, noOne);
});

/** A cached geocode, from memory and from Redis. */
import { join } from 'node:path';
import pino from 'pino';
import { cacheKeyOf } from '../../src/gateway/cache/cached-answer.ts';
import { createSharedLayer } from '../../src/gateway/cache/shared-layer.ts';
import { geocodeQuestion } from '../../src/geocoding/questions.ts';
import { parseTenantId } from '../../src/ids.ts';
import { openRedisStore } from '../../src/storage/redis-store.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import type { LoadPlan } from '../load/plan.ts';
import { answerBody, path, requestBody, requestHeaders } from '../peers/cached-answer.ts';
import { startNginx } from '../peers/nginx.ts';
import { runLoad, type ServerProcess, startServerProcess } from '../processes.ts';
import type { BenchRow } from '../report.ts';
import { type Effort, measureInTurn } from '../rounds.ts';
import { benchRedisUrl, startServiceProcess } from '../service-process.ts';
import { startUpstream } from '../upstream-process.ts';

const connections = 64;
/** As many as the rounds can ask for, each once: an answer from Redis is in memory afterwards. */
const answersInRedis = 150_000;
const answersInMemory = 1_000;

export async function benchCachedGeocode(t: Cleanup, effort: Effort): Promise<BenchRow[]> {
  const upstream = await startUpstream(t);
  const service = await startServiceProcess(t, upstream.port);
  await putAnswersInRedis(service.tenant);
  const bare = await startServerProcess({ args: (port) => ['bench/peers/bare-fastify.ts', String(port)] });
  t.after(() => bare.close());
  const nginx = await startNginx(join(await createDataDir(t), 'nginx'), bare.port);
  if (nginx !== null) t.after(() => nginx.close());

  const plan = (server: ServerProcess, changes: Partial<LoadPlan> = {}): LoadPlan => ({
    ...{
      method: 'POST',
      path,
      headers: requestHeaders(service.tenant),
      bodyTemplate: requestBody,
      firstNumber: 0,
      distinctNumbers: 1,
    },
    ...{ connections, durationMs: effort.durationMs, warmUpMs: effort.warmUpMs, port: server.port },
    serverPids: server.pids,
    ...changes,
  });
  const figures = await measureInTurn(
    {
      memory: () => runLoad(plan(service)),
      bare: () => runLoad(plan(bare)),
      nginx: nginx === null ? null : () => runLoad(plan(nginx)),
    },
    effort.rounds,
  );
  let nextNumber = answersInMemory;
  const bodyTemplate = JSON.stringify({ address: 'Ташкент, улица Навои, {n}' });
  const layers = await measureInTurn(
    {
      memory: () => runLoad(plan(service, { bodyTemplate, distinctNumbers: answersInMemory })),
      async redis() {
        const result = await runLoad(plan(service, { bodyTemplate, firstNumber: nextNumber, distinctNumbers: null }));
        nextNumber += result.numbersUsed;
        if (nextNumber > answersInRedis) throw new Error('there were not enough answers in Redis');
        return result;
      },
    },
    effort.rounds,
  );
  return [
    {
      path: 'cached geocode, from memory',
      against: 'bare Fastify: token, validation, same Buffer',
      ratio: figures.memory.requestsPerSecond / figures.bare.requestsPerSecond,
      aim: { atLeast: 0.75 },
      unit: '×',
      figures: { own: figures.memory, peer: figures.bare },
    },
    {
      path: 'cached geocode, from memory',
      against: "nginx's cached POST",
      ratio: figures.nginx === null ? null : figures.memory.requestsPerSecond / figures.nginx.requestsPerSecond,
      aim: { atLeast: 0.45 },
      unit: '×',
      figures: { own: figures.memory, peer: figures.nginx },
      ...(figures.nginx === null ? { note: 'nginx is not available here' } : {}),
    },
    {
      path: 'cached geocode, from Redis',
      against: 'the same service, from memory',
      ratio: layers.redis.requestsPerSecond / layers.memory.requestsPerSecond,
      aim: { atLeast: 0.8 },
      unit: '×',
      figures: { own: layers.redis, peer: layers.memory },
    },
  ];
}

/** As another replica would have left them. */
async function putAnswersInRedis(tenant: string): Promise<void> {
  const store = await openRedisStore({ urls: [benchRedisUrl], logger: pino({ level: 'silent' }) });
  const shared = createSharedLayer(store, () => () => false);
  const nowMs = Date.now();
  const lifeMs = 900_000;
  const options = { language: 'ru', country: 'UZ', minConfidence: null, provider: null };
  const addresses = Array.from({ length: answersInRedis }, (_, number) => `Ташкент, улица Навои, ${number}`);
  for (const [number, address] of [JSON.parse(requestBody).address as string, ...addresses].entries()) {
    const question = {
      ...{ tenantId: parseTenantId(tenant), group: 'geocoding', operation: 'geocode', scope: null, detail: null },
      question: `\n${geocodeQuestion(address, options)}`,
    };
    const cacheKey = cacheKeyOf(question);
    shared.put(
      {
        ...{ ...question, cacheKey, kind: 'good', serviceId: null, serviceName: 'google_maps', costUsd: 0.005 },
        ...{ fetchedAtMs: nowMs, freshUntilMs: nowMs + lifeMs, staleUntilMs: nowMs + lifeMs },
        body: Buffer.from(answerBody),
        epochs: { tenant: 0, scope: 0 },
      },
      lifeMs,
    );
    if (number % 500 === 0) await store.get('after the last');
  }
  await store.get('after the last');
  await store.close();
}

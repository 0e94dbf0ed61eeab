/** A cached geocode, from memory and from Redis. */

import { join } from 'node:path';
import pino from 'pino';
import { AskedQuestion, type CachedAnswer } from '../../src/cache/cached-answer.ts';
import { createSharedLayer } from '../../src/cache/shared-layer.ts';
import { geocodeQuestion } from '../../src/geocoding/questions.ts';
import { parseTenantId, type TenantId } from '../../src/ids.ts';
import { openRedisStore } from '../../src/storage/redis/redis-store.ts';
import { StoreAway } from '../../src/storage/redis/shared-store.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import { plainQuestion } from '../../test/support/plain-question.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import type { LoadPlan } from '../load/plan.ts';
import { answerBody, path, requestBody, requestHeaders } from '../peers/cached-answer.ts';
import { startNginx } from '../peers/nginx.ts';
import { runLoad, type ServerProcess, startServerProcess } from '../processes.ts';
import { type BenchRow, missingPeer } from '../report.ts';
import { type Effort, measureInTurn } from '../rounds.ts';
import { benchRedisUrl, startServiceProcess } from '../service-process.ts';
import { findStores } from '../stores.ts';
import { startUpstream } from '../upstream-process.ts';

const connections = 64;
/** Each is asked once, since an answer from Redis is in memory afterwards: more than a round can use. */
const answersPerRound = 60_000;
const layerEffort = { durationMs: 2_000, warmUpMs: 500 };
const answersInMemory = 1_000;
const answersAtOnce = 250;
const answerLifeMs = 900_000;

export async function benchCachedGeocode(t: Cleanup, effort: Effort): Promise<BenchRow[]> {
  const upstream = await startUpstream(t);
  const service = await startServiceProcess(t, upstream.port);
  const answersInRedis = answersInMemory + answersPerRound * (effort.rounds + effort.warmUpRounds);
  await putAnswersInRedis(service.tenant, answersInRedis);
  const storePids = findStores();
  const bare = await startServerProcess({ args: (port) => ['bench/peers/bare-fastify.ts', String(port)] });
  t.after(() => bare.close());
  const nginx = effort.isQuick ? null : await startNginx(join(await createDataDir(t), 'nginx'), bare.port);
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
    storePids,
    ...changes,
  });
  if (effort.leadInMs > 0) await runLoad(plan(service, { durationMs: effort.leadInMs / 2, warmUpMs: 0 }));
  const figures = await measureInTurn(
    {
      memory: () => runLoad(plan(service)),
      bare: () => runLoad(plan(bare)),
      nginx: nginx === null ? null : () => runLoad(plan(nginx)),
    },
    effort,
  );
  let nextNumber = answersInMemory;
  const layered = { ...layerEffort, bodyTemplate: JSON.stringify({ address: 'Ташкент, улица Навои, {n}' }) };
  const layers = await measureInTurn(
    {
      memory: () => runLoad(plan(service, { ...layered, distinctNumbers: answersInMemory })),
      async redis() {
        const result = await runLoad(plan(service, { ...layered, firstNumber: nextNumber, distinctNumbers: null }));
        nextNumber += result.numbersUsed;
        if (nextNumber > answersInRedis) throw new Error('not enough answers in Redis');
        return result;
      },
    },
    effort,
  );
  return [
    {
      path: 'cached geocode, from memory',
      against: 'bare Fastify: token, validation, same Buffer',
      ratio: figures.memory.requestsPerSecond / figures.bare.requestsPerSecond,
      aim: { atLeast: 0.8 },
      unit: '×',
      figures: { own: figures.memory, peer: figures.bare },
    },
    {
      path: 'cached geocode, own CPU a call',
      against: 'bare Fastify: token, validation, same Buffer',
      ratio:
        figures.memory.cpuMicros === null || figures.bare.cpuMicros === null
          ? null
          : figures.memory.cpuMicros / figures.bare.cpuMicros,
      aim: { atMost: 1.3 },
      unit: '×',
      figures: { own: figures.memory, peer: figures.bare },
    },
    {
      path: 'cached geocode, from memory',
      against: "nginx's cached POST",
      ratio: figures.nginx === null ? null : figures.memory.requestsPerSecond / figures.nginx.requestsPerSecond,
      aim: { atLeast: 0.4 },
      unit: '×',
      figures: { own: figures.memory, peer: figures.nginx },
      ...(figures.nginx === null ? { note: missingPeer('nginx', effort) } : {}),
    },
    {
      path: 'cached geocode, from Redis',
      against: 'the same service, from memory',
      ratio: layers.redis.requestsPerSecond / layers.memory.requestsPerSecond,
      aim: { atLeast: 0.75 },
      unit: '×',
      figures: { own: layers.redis, peer: layers.memory },
    },
  ];
}

/** As another replica would have written them. */
async function putAnswersInRedis(tenant: string, count: number): Promise<void> {
  const store = await openRedisStore({ urls: [benchRedisUrl], logger: pino({ level: 'silent' }) });
  const shared = createSharedLayer(store, () => () => false);
  const addresses = Array.from({ length: count }, (_, number) => `Ташкент, улица Навои, ${number}`);
  for (let from = 0; from < addresses.length; ) {
    for (const address of addresses.slice(from, from + answersAtOnce)) {
      shared.put(answerTo(parseTenantId(tenant), address), answerLifeMs);
    }
    try {
      await store.get('after the last of them');
      from += answersAtOnce;
    } catch (error) {
      // A failed put is not reported, so the whole batch is put again.
      if (!(error instanceof StoreAway)) throw error;
      await waitFor('Redis to keep up', store.isAvailable);
    }
  }
  await store.close();
}

function answerTo(tenantId: TenantId, address: string): CachedAnswer {
  const nowMs = Date.now();
  const options = { language: 'ru', country: 'UZ', minConfidence: null, provider: null, ...plainQuestion };
  const question = {
    ...{ tenantId, group: 'geocoding', operation: 'geocode', scope: null, detail: null },
    question: `\n${geocodeQuestion({ address, ...options })}`,
  };
  return {
    ...question,
    cacheKey: new AskedQuestion(question).cacheKey,
    ...{ kind: 'good', serviceId: null, serviceName: 'google_maps', costUsd: 0.005 },
    ...{ fetchedAtMs: nowMs, freshUntilMs: nowMs + answerLifeMs, staleUntilMs: nowMs + answerLifeMs },
    ...{ refreshUntilMs: nowMs + answerLifeMs, keptUntilMs: nowMs + answerLifeMs },
    body: Buffer.from(answerBody),
    epochs: { tenant: 0, scope: 0 },
  };
}

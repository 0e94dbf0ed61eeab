/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same key and request give the first answer again.
 *
 * | what the first run did         | the same request again                               |
 * | ------------------------------ | ---------------------------------------------------- |
 * | answered 2xx, 3xx or 4xx       | that answer, with `Idempotency-Replayed: true`        |
 * | answered 5xx or 429            | runs again: nothing is settled, and the caller should be able to try |
 * | answered in part (a batch)     | runs again, with the progress it had saved: only what failed is done |
 * | is still running               | 409                                                  |
 * | crashed                        | 409 until its lease has passed, then runs again, with the progress it had saved |
 * | answered, the database is away | its caller has the answer; for others 409 until it is kept, tried as long as the lease lasts |
 *
 * A request that is passed on (the proxy) is never made twice: whatever was answered to it is kept, and so is that nobody
 * knows what became of it (`keepsUnknown`).
 *
 * Another request under the same key is 422, whatever the first one did; the same words of another principal are another
 * request. Kept answers are sealed, and without the secrets that the first caller was shown once.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { renderSliced } from '../../encodings/sliced-json.ts';
import { ServiceError } from '../../errors.ts';
import { newId, type TenantId } from '../../ids.ts';
import type { Logger } from '../../logger.ts';
import type { Keyring, SealBinding } from '../../secrets/keyring.ts';
import type { Database } from '../../storage/postgres/database.ts';
import {
  claimIdempotencyKey,
  completeIdempotencyRun,
  findIdempotencyRun,
  type IdempotencyClaim,
  type OwnRun,
  releaseIdempotencyRun,
  renewIdempotencyLease,
  saveIdempotencyProgress,
} from '../../storage/tables/idempotency-keys.ts';
import { type Answer, sendAnswer } from '../reply/answer.ts';
import { problemOf } from '../reply/problem.ts';
import { callerOf, pathOf } from './request-context.ts';

/** How long a crash blocks its key. A live run renews its lease three times in that period. */
const leaseMs = 30_000;
const keepAgainMs = 1_000;

const stillRunning =
  'The first request with this Idempotency-Key is still running. Repeat this one after Retry-After, with the same key: ' +
  `it is given the first one's answer, or runs itself ${leaseMs / 1000} s after the process of the first was lost.`;

/** What a run may save in case it crashes before it answers, such as an append that was sent. */
export interface Progress {
  /** What an earlier run of the same request saved; null if there was none. */
  readonly saved: unknown;
  /** False without a key: then there is no other run of the same request. */
  readonly isKeyed: boolean;
  /** Resolves when it is durable; throws `CONFLICT` if another run has taken over. Does nothing without a key. */
  save(progress: unknown): Promise<void>;
}

export type AnsweringHandler = (request: FastifyRequest, progress: Progress, reply: FastifyReply) => Promise<Answer>;

export interface Idempotency {
  /** Wraps the handler of a request that changes something. Without the header, the handler just runs. */
  wrap(
    handler: AnsweringHandler,
    rules?: IdempotencyRules,
  ): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

export interface IdempotencyRules {
  /** An error with `outcome: "unknown"` is stored like an answer. */
  readonly keepsUnknown?: boolean;
  /** Handles requests without a key, if they are answered differently. */
  withoutKey?(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
}

type Handler = ReturnType<Idempotency['wrap']>;

const wrapped = new WeakSet<object>();

/** Whether a route's handler came from `wrap`; the API description mentions it. */
export function takesIdempotencyKey(handler: object): boolean {
  return wrapped.has(handler);
}

export interface IdempotencyDeps {
  db: Pick<Database, 'forTenant'>;
  keyring: Pick<Keyring, 'sealBytes' | 'openBytes'>;
  logger: Logger;
}

const withoutKey: Progress = { saved: null, isKeyed: false, save: async () => {} };

export function createIdempotency(deps: IdempotencyDeps): Idempotency {
  return {
    wrap(handler, rules = {}) {
      const once: Handler = async (request, reply) => {
        const key = keyOf(request);
        if (key === null && rules.withoutKey !== undefined) return rules.withoutKey(request, reply);
        if (key === null) return sendAnswer(reply, await handler(request, withoutKey, reply));
        return sendAnswer(reply, await runOnce(deps, request, reply, key, handler, rules));
      };
      wrapped.add(once);
      return once;
    },
  };
}

async function runOnce(
  deps: IdempotencyDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  key: string,
  handler: AnsweringHandler,
  { keepsUnknown = false }: IdempotencyRules,
): Promise<Answer> {
  const { tenantId } = callerOf(request);
  const claim: IdempotencyClaim = {
    key,
    // The path, not the route pattern: one key for two webhooks is two requests.
    route: `${request.method} ${hashHex(pathOf(request))}`,
    requestSha256: await hashOf(request),
    runId: newId(),
    leaseMs,
  };
  const claimed = await claimOrReplay(deps, tenantId, claim);
  if ('answer' in claimed) return claimed.answer;

  const run: OwnRun = claim;
  const renewal = setInterval(() => void renew(deps, tenantId, run), leaseMs / 3).unref();
  try {
    const answer = await handler(request, progressOf(deps, tenantId, run, claimed.progress), reply);
    await keepAnswer(deps, tenantId, run, answer);
    return answer;
  } catch (error) {
    const { status, headers, body } = problemOf(error, { requestId: request.id, instance: pathOf(request) });
    const isFinal = keepsUnknown && error instanceof ServiceError && error.extra?.outcome === 'unknown';
    const problem = { status, headers, body: Buffer.from(JSON.stringify(body)), isFinal };
    await settle(deps, tenantId, run, problem).catch((cause) =>
      deps.logger.warn({ err: cause, req_id: request.id }, 'the outcome of an idempotent request could not be kept'),
    );
    throw error;
  } finally {
    clearInterval(renewal);
  }
}

async function claimOrReplay(
  deps: IdempotencyDeps,
  tenantId: TenantId,
  claim: IdempotencyClaim,
): Promise<{ readonly progress: unknown } | { readonly answer: Answer }> {
  const outcome = await deps.db.forTenant(tenantId, async (tx) => {
    const claimed = await claimIdempotencyKey(tx, tenantId, claim);
    return claimed ?? { taken: await findIdempotencyRun(tx, tenantId, claim) };
  });
  if (!('taken' in outcome)) return outcome;
  const first = outcome.taken;
  if (first !== null && !first.sameRequest) {
    throw new ServiceError('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another request.', {
      errors: [{ path: 'header:Idempotency-Key', message: 'was used for another request' }],
    });
  }
  // null: the row was deleted between the two statements, so another run is just ending.
  if (first === null || first.state === 'running') {
    throw new ServiceError('CONFLICT', stillRunning, {
      retryAfterSeconds: Math.min(5, Math.max(1, (first?.leaseLeftMs ?? 0) / 1000)),
    });
  }
  const body = deps.keyring.openBytes(first.responseBody ?? Buffer.alloc(0), bindingOf(tenantId, claim.key));
  const headers = { ...first.responseHeaders, 'idempotency-replayed': 'true' };
  return { answer: { status: first.responseStatus ?? 200, headers, body } };
}

/** Stores a settled answer; releases the key if the request may be tried again. */
async function settle(deps: IdempotencyDeps, tenantId: TenantId, run: OwnRun, answer: Answer): Promise<void> {
  const isSettled =
    answer.isFinal === true || (answer.status < 500 && answer.status !== 429 && answer.isSettled !== false);
  await deps.db.forTenant(tenantId, (tx) =>
    isSettled
      ? completeIdempotencyRun(tx, tenantId, run, {
          ...answer,
          body: deps.keyring.sealBytes(answer.repeatedBody ?? answer.body, bindingOf(tenantId, run.key)),
        })
      : releaseIdempotencyRun(tx, tenantId, run),
  );
}

/**
 * Never throws: the caller gets the answer even if it cannot be stored at once. An error would make the caller repeat
 * the change.
 */
async function keepAnswer(deps: IdempotencyDeps, tenantId: TenantId, run: OwnRun, answer: Answer): Promise<void> {
  try {
    await settle(deps, tenantId, run, answer);
  } catch (error) {
    deps.logger.warn({ err: error }, 'the answer to an idempotent request could not be kept yet');
    void keepAnswerLater(deps, tenantId, run, answer);
  }
}

/** Retries while the lease keeps other runs away: it was renewed at most a third of its lifetime ago. */
async function keepAnswerLater(deps: IdempotencyDeps, tenantId: TenantId, run: OwnRun, answer: Answer): Promise<void> {
  const endsAtMs = performance.now() + (leaseMs * 2) / 3;
  while (performance.now() < endsAtMs) {
    await sleep(keepAgainMs, undefined, { ref: false });
    const isKept = await settle(deps, tenantId, run, answer).then(
      () => true,
      () => false,
    );
    if (isKept) return;
  }
  deps.logger.warn({ key: run.key }, 'the answer to an idempotent request was not kept: repeated, it runs again');
}

async function renew(deps: IdempotencyDeps, tenantId: TenantId, run: OwnRun): Promise<void> {
  try {
    await deps.db.forTenant(tenantId, (tx) => renewIdempotencyLease(tx, tenantId, run, leaseMs));
  } catch (error) {
    deps.logger.warn({ err: error }, 'the lease of an idempotent request could not be renewed');
  }
}

function progressOf(deps: IdempotencyDeps, tenantId: TenantId, run: OwnRun, saved: unknown): Progress {
  return {
    saved,
    isKeyed: true,
    async save(progress) {
      const isOurs = await deps.db.forTenant(tenantId, (tx) => saveIdempotencyProgress(tx, tenantId, run, progress));
      if (!isOurs) throw new ServiceError('CONFLICT', 'Another run of this request has taken over.');
    },
  };
}

export function hasIdempotencyKey({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['idempotency-key'] !== undefined;
}

function keyOf(request: FastifyRequest): string | null {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  const message = 'must be 1 to 255 printable ASCII characters without spaces';
  throw new ServiceError('INVALID_REQUEST', `The header Idempotency-Key ${message}.`, {
    errors: [{ path: 'header:Idempotency-Key', message }],
  });
}

/** Hashes the parsed body, so that whitespace makes no difference, together with the caller and its rights. */
async function hashOf(request: FastifyRequest): Promise<Buffer> {
  const { body } = request;
  const { kind, id, tenants, scopes } = callerOf(request).principal;
  const asker = [kind, id, tenants === null ? '*' : [...tenants].sort(), [...scopes].sort()];
  const hash = createHash('sha256').update(
    await renderSliced([request.query, Buffer.isBuffer(body) ? 0 : (body ?? null), asker]),
  );
  return Buffer.isBuffer(body) ? hash.update(body).digest() : hash.digest();
}

function hashHex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function bindingOf(tenantId: TenantId, key: string): SealBinding {
  return { table: 'idempotency_keys', rowId: key, tenantId, column: 'response_body' };
}

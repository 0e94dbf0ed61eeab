/** A stored answer: the bytes to send, and what the gateway must know about them. */
import { hash } from 'node:crypto';
import type { TenantId } from '../ids.ts';

/** `refresh` fetches the whole answer again and stores it; `off` neither reads nor stores. */
export type CacheMode = 'use' | 'refresh' | 'off';

/** A question as the cache sees it. */
export interface CacheQuestion {
  readonly tenantId: TenantId;
  /** First part of the key: the service type. */
  readonly group: string;
  readonly operation: string;
  /** Canonical: contains everything that changes the answer. */
  readonly question: string;
  /**
   * The scope that writes invalidate, `spreadsheet:<id>`; null if the answer ends only by time or by an operator. An
   * answer with a scope is never served from a memory that could miss an invalidation.
   */
  readonly scope: string | null;
  /** The part of the scope that the answer shows, a range; null: all of it. */
  readonly detail: string | null;
}

/** The numbers of invalidations of the tenant and of the scope at the time of the question. */
export interface Epochs {
  readonly tenant: number;
  readonly scope: number;
}

export interface CachedAnswer extends CacheQuestion {
  /** `<group>:<operation>:<hash>`, unique over all tenants. */
  readonly cacheKey: string;
  /** `poor`: the best answer of a chain that wanted a better one. `not_found`: nothing was found; the body says so. */
  readonly kind: 'good' | 'poor' | 'not_found';
  readonly serviceId: string | null;
  readonly serviceName: string;
  /** JSON, sent as it is (except for `not_found`). */
  readonly body: Buffer;
  /** Unix milliseconds, like the next four. */
  readonly fetchedAtMs: number;
  readonly freshUntilMs: number;
  /** Until then it may replace the answer of a failing provider. */
  readonly staleUntilMs: number;
  /** Until then it is served at once and refreshed in the background (`stale-while-revalidate`). */
  readonly refreshUntilMs: number;
  /** Until then its provider may confirm it; the latest of all. */
  readonly keptUntilMs: number;
  /** What a hit saves. */
  readonly costUsd: number;
  /** null: the shared store was away at the time of the question. */
  readonly epochs: Epochs | null;
}

/** A question on its way through the layers; its keys are computed once. */
export class AskedQuestion implements CacheQuestion {
  readonly tenantId: TenantId;
  readonly group: string;
  readonly operation: string;
  readonly question: string;
  readonly scope: string | null;
  readonly detail: string | null;
  readonly identity: string;
  #cacheKey: string | null = null;

  constructor(asked: CacheQuestion) {
    this.tenantId = asked.tenantId;
    this.group = asked.group;
    this.operation = asked.operation;
    this.question = asked.question;
    this.scope = asked.scope;
    this.detail = asked.detail;
    this.identity = identityOf(asked);
  }

  /** Contains the tenant, so no two tenants share a key. Computed on first use: a hit in memory does not need it. */
  get cacheKey(): string {
    this.#cacheKey ??= `${this.group}:${this.operation}:${hash('sha256', this.identity, 'hex')}`;
    return this.#cacheKey;
  }
}

/** Equal exactly for equal questions. Memory and flights use it, because a hit must not pay for a hash. */
export function identityOf(question: CacheQuestion): string {
  return `${question.tenantId}\n${question.group}\n${question.operation}\n${question.question}`;
}

/** The question's fields in a stored answer. */
export function fieldsOf(asked: AskedQuestion): CacheQuestion & Pick<CachedAnswer, 'cacheKey'> {
  const { tenantId, group, operation, question, scope, detail, cacheKey } = asked;
  return { tenantId, group, operation, question, scope, detail, cacheKey };
}

const headerLengthBytes = 4;

/** For the shared store: `[header length][header, JSON][body]`. The body is sent without being parsed. */
export function encodeAnswer(answer: CachedAnswer): Buffer {
  const { body, tenantId, group, operation, question, scope, detail, cacheKey, ...stored } = answer;
  const header = Buffer.from(JSON.stringify(stored));
  const encoded = Buffer.allocUnsafe(headerLengthBytes + header.length + body.length);
  encoded.writeUInt32LE(header.length, 0);
  header.copy(encoded, headerLengthBytes);
  body.copy(encoded, headerLengthBytes + header.length);
  return encoded;
}

/** null if the bytes are not an answer (written by another version of this program). */
export function decodeAnswer(question: AskedQuestion, encoded: Buffer): CachedAnswer | null {
  if (encoded.length < headerLengthBytes) return null;
  const bodyStart = headerLengthBytes + encoded.readUInt32LE(0);
  if (bodyStart > encoded.length) return null;
  try {
    const stored = JSON.parse(encoded.toString('utf8', headerLengthBytes, bodyStart)) as Omit<
      CachedAnswer,
      keyof CacheQuestion | 'body' | 'cacheKey'
    >;
    // Earlier versions wrote neither of them.
    const ends = { refreshUntilMs: stored.freshUntilMs, keptUntilMs: stored.staleUntilMs };
    return { ...ends, ...stored, ...fieldsOf(question), body: encoded.subarray(bodyStart) };
  } catch {
    return null;
  }
}

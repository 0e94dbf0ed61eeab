/** One stored answer: the bytes that are sent, and beside them the little that the gateway must know of them. */
import { hash } from 'node:crypto';
import type { TenantId } from '../ids.ts';

/** `refresh` asks the provider again, whole, and stores its answer; `off` neither reads nor stores. */
export type CacheMode = 'use' | 'refresh' | 'off';

/** What is asked, as the cache sees it. */
export interface CacheQuestion {
  readonly tenantId: TenantId;
  /** First part of the key: the service type. */
  readonly group: string;
  readonly operation: string;
  /** Canonical, and naming everything that changes the answer. */
  readonly question: string;
  /**
   * What writes invalidate together, `spreadsheet:<id>`; null where nothing but time and an operator do. A scoped answer
   * is never served from a memory that could miss an invalidation.
   */
  readonly scope: string | null;
  /** The part of the scope that it shows, a range; null is all of it. */
  readonly detail: string | null;
}

/** Numbers of invalidations, of the tenant and of the scope, that had happened before the answer was asked for. */
export interface Epochs {
  readonly tenant: number;
  readonly scope: number;
}

export interface CachedAnswer extends CacheQuestion {
  /** `<group>:<operation>:<hash>`, unique over all tenants. */
  readonly cacheKey: string;
  /** `poor`: the best there was, of a chain that wanted better. `not_found`: the body says so. */
  readonly kind: 'good' | 'poor' | 'not_found';
  readonly serviceId: string | null;
  readonly serviceName: string;
  /** JSON, sent as it stands (except for `not_found`). */
  readonly body: Buffer;
  /** Unix milliseconds, as the next four. */
  readonly fetchedAtMs: number;
  readonly freshUntilMs: number;
  /** Until then it may stand in for a provider that fails. */
  readonly staleUntilMs: number;
  /** Until then it is given at once, and refreshed behind it (`stale-while-revalidate`). */
  readonly refreshUntilMs: number;
  /** Until then its provider may confirm it; the latest of all. */
  readonly keptUntilMs: number;
  /** What a hit saves. */
  readonly costUsd: number;
  /** null: the shared store was away when it was asked for. */
  readonly epochs: Epochs | null;
}

/** A question as it goes through the layers: what it is known by is made once. */
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

  /** Takes in the tenant, so that no key is ever another tenant's. Made when first asked for: a hit in memory needs none. */
  get cacheKey(): string {
    this.#cacheKey ??= `${this.group}:${this.operation}:${hash('sha256', this.identity, 'hex')}`;
    return this.#cacheKey;
  }
}

/** Equal exactly for equal questions; what memory and flights go by, since a hit must not pay for a hash. */
export function identityOf(question: CacheQuestion): string {
  return `${question.tenantId}\n${question.group}\n${question.operation}\n${question.question}`;
}

/** The question, as its answer holds it. */
export function fieldsOf(asked: AskedQuestion): CacheQuestion & Pick<CachedAnswer, 'cacheKey'> {
  const { tenantId, group, operation, question, scope, detail, cacheKey } = asked;
  return { tenantId, group, operation, question, scope, detail, cacheKey };
}

const headerLengthBytes = 4;

/** For the shared store: `[header length][header, JSON][body]`. The body is never parsed on its way out. */
export function encodeAnswer(answer: CachedAnswer): Buffer {
  const { body, tenantId, group, operation, question, scope, detail, cacheKey, ...stored } = answer;
  const header = Buffer.from(JSON.stringify(stored));
  const encoded = Buffer.allocUnsafe(headerLengthBytes + header.length + body.length);
  encoded.writeUInt32LE(header.length, 0);
  header.copy(encoded, headerLengthBytes);
  body.copy(encoded, headerLengthBytes + header.length);
  return encoded;
}

/** null where the bytes are no answer (another version of this program wrote them). */
export function decodeAnswer(question: AskedQuestion, encoded: Buffer): CachedAnswer | null {
  if (encoded.length < headerLengthBytes) return null;
  const bodyStart = headerLengthBytes + encoded.readUInt32LE(0);
  if (bodyStart > encoded.length) return null;
  try {
    const stored = JSON.parse(encoded.toString('utf8', headerLengthBytes, bodyStart)) as Omit<
      CachedAnswer,
      keyof CacheQuestion | 'body' | 'cacheKey'
    >;
    // Earlier versions wrote neither.
    const ends = { refreshUntilMs: stored.freshUntilMs, keptUntilMs: stored.staleUntilMs };
    return { ...ends, ...stored, ...fieldsOf(question), body: encoded.subarray(bodyStart) };
  } catch {
    return null;
  }
}

/** Branded ids, so that one kind cannot be passed for another, and the ids this service makes itself. */
import { randomUUID } from 'node:crypto';
import { ServiceError } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A property-management company. Made only by `parseTenantId`, at an edge, and by reading our own rows. */
export type TenantId = Branded<'TenantId'>;
/** A row of `external_services`: one account at one provider. */
export type ServiceId = Branded<'ServiceId'>;

const tenantPattern = /^[A-Za-z0-9_-]{1,50}$/;

/** Throws `TENANT_REQUIRED` unless `value` is 1 to 50 of `A-Za-z0-9_-`. */
export function parseTenantId(value: unknown): TenantId {
  if (typeof value !== 'string' || !tenantPattern.test(value)) {
    const message = 'must be 1 to 50 characters of A-Z, a-z, 0-9, _ and -';
    throw new ServiceError('TENANT_REQUIRED', `The header X-Management-Company-Id ${message}.`, {
      errors: [{ path: 'header:X-Management-Company-Id', message }],
    });
  }
  return value as TenantId;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(value: string): boolean {
  return uuidPattern.test(value);
}

let lastMs = 0;
let sequence = 0;
/** Of `lastMs`: the first two groups and the version. */
let timePart = '';

/**
 * A UUID version 7 (RFC 9562): the first 48 bits are Unix milliseconds, then a 12-bit counter that keeps the ids of one
 * process in the order they were made, then 62 random bits. The time inside lets a look-up by id go to one day's
 * partition (`timeOfId`).
 */
export function newId(nowMs: number = Date.now()): string {
  if (nowMs > lastMs) startMs(nowMs);
  else if (++sequence > 0xfff) startMs(lastMs + 1);
  // Node keeps random bytes ready for its own ids: the last two groups of one are variant and 62 random bits.
  return `${timePart}${sequence.toString(16).padStart(3, '0')}-${randomUUID().slice(19)}`;
}

function startMs(ms: number): void {
  lastMs = ms;
  sequence = 0;
  const time = ms.toString(16).padStart(12, '0');
  timePart = `${time.slice(0, 8)}-${time.slice(8)}-7`;
}

/** Beyond it dates have more than four digits, which PostgreSQL reads otherwise. The 48 bits of an id reach further. */
const maxTimeMs = Date.parse('9998-12-31T00:00:00Z');

/** Unix milliseconds at which `newId` made this id, or null where it is no version 7 UUID, or one of no time of ours. */
export function timeOfId(id: string): number | null {
  if (!isUuid(id) || id[14] !== '7') return null;
  const atMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return atMs > maxTimeMs ? null : atMs;
}

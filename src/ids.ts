/** Branded id types, so that ids of different kinds cannot be mixed up, and the ids that this service creates. */
import { randomUUID } from 'node:crypto';
import { ServiceError } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A property-management company. Created only by `parseTenantId` at the edge, or read from our own rows. */
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

/** Whether the text is a UUID of any version. */
export function isUuid(value: string): boolean {
  return uuidPattern.test(value);
}

let lastMs = 0;
let sequence = 0;
/** The first two groups and the version digit of ids made in `lastMs`. */
let timePart = '';

/**
 * Creates a UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, a 12-bit counter that keeps the ids of one process
 * in order, and 62 random bits. Because the id contains its time, a look-up by id reads only one day's partition
 * (`timeOfId`).
 */
export function newId(nowMs: number = Date.now()): string {
  if (nowMs > lastMs) startMs(nowMs);
  else if (++sequence > 0xfff) startMs(lastMs + 1);
  // Node caches random bytes for randomUUID. Its last two groups are the variant and 62 random bits.
  return `${timePart}${sequence.toString(16).padStart(3, '0')}-${randomUUID().slice(19)}`;
}

function startMs(ms: number): void {
  lastMs = ms;
  sequence = 0;
  const time = ms.toString(16).padStart(12, '0');
  timePart = `${time.slice(0, 8)}-${time.slice(8)}-7`;
}

/**
 * Later dates have more than four digits in the year, which PostgreSQL parses differently; the 48 bits of an id allow
 * them.
 */
const maxTimeMs = Date.parse('9998-12-31T00:00:00Z');

/**
 * Returns the Unix milliseconds in an id made by `newId`; null if the id is not a version 7 UUID or its time is out of
 * range.
 */
export function timeOfId(id: string): number | null {
  if (!isUuid(id) || id[14] !== '7') return null;
  const atMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return atMs > maxTimeMs ? null : atMs;
}

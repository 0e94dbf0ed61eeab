/**
 * `ETag` of the configuration that an admin reads, and `If-Match` of a change (RFC 9110, 13.1.1): an admin who changes
 * an outdated state gets an error instead of overwriting a colleague's change.
 */
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ServiceError } from '../../errors.ts';

/** Covers everything that a change can alter, but not what changes by itself (health, counters). */
export function etagOf(configuration: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(configuration)).digest('base64url').slice(0, 27)}"`;
}

/** Throws `PRECONDITION_FAILED`. `current` null: the resource does not exist. Call it under the lock of the change. */
export function checkIfMatch({ headers }: Pick<FastifyRequest, 'headers'>, current: string | null): void {
  const given = headers['if-match']?.trim();
  if (given === undefined) return;
  const isMet = current !== null && (given === '*' || tagsIn(given).includes(current));
  if (isMet) return;
  if (current === null) {
    throw new ServiceError('PRECONDITION_FAILED', 'There is nothing here to change.', {
      publicMessageRu: 'Менять здесь нечего.',
    });
  }
  throw new ServiceError('PRECONDITION_FAILED', 'It has changed since it was read: read it again.', {
    publicMessageRu: 'Это изменилось после чтения: прочитайте заново.',
    extra: { etag: current },
  });
}

/** A proxy that compresses responses makes their tags weak (`W/"…"`): they still name the same state. */
function tagsIn(header: string): readonly string[] {
  return (header.match(/"[^"]*"/g) ?? []) as readonly string[];
}

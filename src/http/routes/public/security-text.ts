/**
 * `/.well-known/security.txt` (RFC 9116): where to report a vulnerability. Missing if the operator configures no
 * contact.
 */
import type { Clock } from '../../../clock.ts';
import { ServiceError } from '../../../errors.ts';
import type { Routes } from '../../app.ts';

export interface SecurityTextDeps {
  /** `mailto:` or `https:` addresses, the preferred one first. */
  readonly contacts: readonly string[];
  readonly publicBaseUrl: string;
  readonly clock: Clock;
}

/** Generated at each request, so it never expires; the RFC recommends less than a year. */
const validMs = 180 * 86_400_000;

export function securityTextRoute({ contacts, publicBaseUrl, clock }: SecurityTextDeps): Routes {
  return (app) => {
    app.get('/.well-known/security.txt', { config: { quiet: true } }, async (_request, reply) => {
      if (contacts.length === 0) throw new ServiceError('NOT_FOUND', 'There is nothing at this path.');
      const lines = [
        ...contacts.map((contact) => `Contact: ${contact}`),
        `Expires: ${new Date(clock.now() + validMs).toISOString()}`,
        'Preferred-Languages: en, ru',
        `Canonical: ${publicBaseUrl}/.well-known/security.txt`,
      ];
      return reply.header('content-type', 'text/plain; charset=utf-8').send(`${lines.join('\n')}\n`);
    });
  };
}

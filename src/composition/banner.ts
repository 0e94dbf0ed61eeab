/** What a development start says on the terminal: where it is, and a first call to paste. */
import type { Config } from '../config/config.ts';
import type { Service } from './start.ts';

export function bannerOf(config: Config, service: Service): string {
  // Not the public address: that may be a name which only works from outside.
  const base = service.url.replace('127.0.0.1', 'localhost');
  const { emulatedProviders, exampleToken } = service;
  const lines = [
    '',
    `  Integration Service is ready at ${base}`,
    '',
    exampleToken === null
      ? '  Ask it where something is, with TOKEN set to one of SERVICE_TOKENS:'
      : '  Ask it where something is:',
    '',
    `    curl -s ${base}/api/v1/geocoding/geocode \\`,
    `      -H "Authorization: Bearer ${exampleToken ?? '$TOKEN'}" \\`,
    `      -H 'X-Management-Company-Id: ${config.defaultTenant}' \\`,
    "      -H 'Content-Type: application/json' \\",
    `      -d '{"address": "Ташкент, улица Навои, 5"}'`,
    '',
    `  API pages:     ${base}/docs`,
    `  Console:       ${base}/console#code=${service.makeConsoleCode()}`,
    '                 (this link signs in once, within an hour)',
    '  Admin token:   npm run cli -- token create --admin',
    ...(emulatedProviders.length === 0
      ? []
      : [`  Emulated:      ${emulatedProviders.join(', ')} (their answers are made up)`]),
    '',
    '',
  ];
  return lines.join('\n');
}

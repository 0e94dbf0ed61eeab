/** Names the environment variables that stand for secrets in an exported file. */
import { createHash } from 'node:crypto';
import { withSecretTexts } from '../../directory/secret-texts.ts';
import { hasOwnCredentials } from '../../directory/service-row.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { ExternalServiceRow } from '../../storage/tables/external-services.ts';

/** `api_key`, `credentials`, `headers.NAME` or `query.NAME` of a service. */
interface SecretPlace {
  readonly serviceName: string;
  readonly place: string;
}

export function secretPlacesOf(row: ExternalServiceRow, keyring: Pick<Keyring, 'open'>): readonly SecretPlace[] {
  const places = row.api_key === null ? [] : ['api_key'];
  if (hasOwnCredentials(keyring, row)) places.push('credentials');
  withSecretTexts(row.config, (name, text, part) => {
    places.push(`${part}.${name}`);
    return text;
  });
  return places.map((place) => ({ serviceName: row.service_name, place }));
}

/**
 * The variable of each place. Places that would share one get a digest of their own: the value of one would be sent to
 * the other's host.
 */
export function nameVariables(secrets: readonly SecretPlace[]): (secret: SecretPlace) => string | undefined {
  const byVariable = Map.groupBy(secrets, plainName);
  const named = secrets.map((secret) => {
    const variable = plainName(secret);
    const isShared = (byVariable.get(variable)?.length ?? 0) > 1;
    return [keyOf(secret), isShared ? `${variable}_${digestOf(secret)}` : variable] as const;
  });
  const variables = new Map(named);
  return (secret) => variables.get(keyOf(secret));
}

/** A shell's variable begins with no digit. */
function plainName({ serviceName, place }: SecretPlace): string {
  const name = `${serviceName}_${place}`.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');
  return /^\d/.test(name) ? `_${name}` : name;
}

function digestOf(secret: SecretPlace): string {
  return createHash('sha256').update(keyOf(secret)).digest('hex').slice(0, 8).toUpperCase();
}

/** No name of a service contains a blank. */
function keyOf({ serviceName, place }: SecretPlace): string {
  return `${serviceName} ${place}`;
}

/** `enc:…` values of the environment, as `cli secret encrypt` prints them. */
import type { Keyring, SealBinding } from './keyring.ts';

/** The environment counts as one place: such a value may move between variables, but not into a table. */
const environmentBinding: SealBinding = { table: 'environment', rowId: '', tenantId: '', column: '' };
const prefix = 'enc:';

/** For an environment file: `enc:v1:…`. */
export function sealForEnvironment(keyring: Keyring, plain: string): string {
  return prefix + keyring.seal(plain, environmentBinding);
}

/** Plain values pass as they are. Throws `SealBroken` where an `enc:` value does not open. */
export function openEnvironmentSecret(keyring: Keyring, value: string): string {
  return value.startsWith(prefix) ? keyring.open(value.slice(prefix.length), environmentBinding) : value;
}

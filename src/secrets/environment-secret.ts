/** Encrypted values (`enc:…`) of environment variables, as `cli secret encrypt` prints them. */
import type { Keyring, SealBinding } from './keyring.ts';

/** The environment is one place: a value may move between variables, but does not decrypt in a table. */
const environmentBinding: SealBinding = { table: 'environment', rowId: '', tenantId: '', column: '' };
const prefix = 'enc:';

/** Encrypts a value for the environment: `enc:v1:…`. */
export function sealForEnvironment(keyring: Keyring, plain: string): string {
  return prefix + keyring.seal(plain, environmentBinding);
}

/** Decrypts an `enc:` value; returns other values unchanged. Throws `SealBroken` if decryption fails. */
export function openEnvironmentSecret(keyring: Keyring, value: string): string {
  return value.startsWith(prefix) ? keyring.open(value.slice(prefix.length), environmentBinding) : value;
}
